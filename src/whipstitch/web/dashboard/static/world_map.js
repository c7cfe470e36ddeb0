// Numbers by country, on a map: worldMap(element, { places: [{ code, name, total, hrefTotal?, format }], caption }). `code` is that of
// ISO 3166, two letters; isOnMap(code) says whether the map has it. The more, the darker, in five steps; the root tells small numbers
// apart beside large ones.

import { canvas, framed, linked, pointed, textWidth } from "./chart_frame.js";
import { h, s } from "./dom.js";
import { COUNTRIES, DOTS, HEIGHT, LAND, WIDTH } from "./world.js";

const SHADES = 5;
const LEGEND = 36;
const names = new Intl.DisplayNames(undefined, { type: "region", fallback: "code" });

export const isOnMap = (code) => typeof code === "string" && Object.hasOwn(COUNTRIES, code);
export const countryName = (code) => names.of(code);

export function worldMap(element, { places, caption }) {
  const most = Math.max(0, ...places.map((one) => one.total ?? 0));
  const shade = (total) => (total > 0 ? Math.max(1, Math.ceil(SHADES * Math.sqrt(total / most))) : 0);
  const known = new Map(places.map((one) => [one.code, one]));
  const said = (one) => `${countryName(one.code)}: ${one.format(one.total)}`;

  framed(element, { labels: [], series: places, caption, legend: false, keyed: false, numbers: false, links: places.some((one) => one.hrefTotal) }, (width) => {
    const scale = width / WIDTH;
    const height = HEIGHT * scale + LEGEND;
    // By keyboard the table leads there.
    const country = (code, shape) => {
      const place = known.get(code);
      shape.classList.add(`shade-${place ? shade(place.total) : 0}`);
      shape.dataset.code = code;
      const link = linked(shape, place?.hrefTotal, place && said(place));
      if (link !== shape) link.setAttribute("tabindex", "-1");
      return link;
    };
    const svg = canvas(width, height,
      s("g.world", { transform: `scale(${scale})`, "fill-rule": "evenodd" },
        s("path.shade-0", { d: LAND }),
        Object.entries(COUNTRIES).map(([code, d]) => country(code, s("path.country", { d }))),
        Object.entries(DOTS).filter(([code]) => known.get(code)?.total > 0).map(([code, [cx, cy]]) => country(code, s("circle.country", { cx, cy, r: 3.5 / scale })))),
      legend(most, HEIGHT * scale + 14, places[0]?.format ?? String));
    pointed(element, svg, (event) => {
      const place = known.get(event.target.dataset?.code);
      const at = event.clientX - svg.getBoundingClientRect().left;
      return place ? { x: at, lines: h("p", {}, h("strong", {}, countryName(place.code)), h("span.num", {}, place.format(place.total))) } : null;
    });
    return svg;
  });
}

// What the shades mean: up to which number each goes.
function legend(most, y, format) {
  let x = 0;
  let last = 0;
  return most > 0 && Array.from({ length: SHADES }, (_, index) => {
    const whole = most * ((index + 1) / SHADES) ** 2;
    const upTo = Number.isInteger(most) ? Math.floor(whole + 1e-9) : whole;
    if (upTo <= last) return null; // no count has this shade
    last = upTo;
    const text = `≤ ${format(upTo)}`;
    const at = x;
    x += 22 + textWidth(text) + 14;
    return [s(`rect.shade-${index + 1}`, { x: at, y, width: 16, height: 12, rx: 2 }), s("text", { x: at + 22, y: y + 10 }, text)];
  });
}
