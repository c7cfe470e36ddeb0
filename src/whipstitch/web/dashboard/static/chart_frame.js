// What charts in SVG have in common: the frame that draws one to its width and has its numbers behind a disclosure.

import { fill, h, s } from "./dom.js";

const COLOURS = 8;
export const colour = (index) => `series-${index % COLOURS}`;

const watched = new WeakMap();
const named = new WeakMap();

// What the series of a chart are called, for its picture.
export const namesOf = (element) => named.get(element) ?? [];

// draw(width) gives the SVG. `links`: whether it holds some; `legend`: whether the names of series stand above; `numbers`: whether
// their table is offered, which a page may show by itself.
export function framed(element, { labels, series, format, caption, legend = series.length > 1, links = series.some((one) => one.href), numbers = true }, draw) {
  watched.get(element)?.disconnect();
  named.set(element, series.map((one) => one.name));
  const stage = h("div", { role: "img", "aria-label": caption || series.map((one) => one.name).join(", ") });
  // Links inside an image would be out of reach for screen readers.
  if (links) stage.setAttribute("role", "group");
  const names = legend && h("ul.legend", {}, series.map((one, index) => h("li", {}, h(`span.swatch.${colour(index)}`), h("span.cut", {}, one.name))));
  fill(element, names, stage, numbers && table(labels, series, format, caption));
  let width = 0;
  const again = () => {
    const now = Math.floor(stage.clientWidth);
    if (now > 0 && now !== width) fill(stage, draw((width = now)));
  };
  const observer = new ResizeObserver(again);
  observer.observe(stage);
  watched.set(element, observer);
  again();
}

function table(labels, series, format, caption) {
  const details = h("details.chart-table", {}, h("summary", {}, "Numbers"));
  details.addEventListener("toggle", () => {
    if (!details.open || details.childElementCount > 1) return;
    details.append(h("div.scroll", { tabindex: "0", role: "region", "aria-label": caption || "Numbers" }, h("table.table", {},
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, ""), series.map((one) => h("th.num", { scope: "col" }, one.name)))),
      h("tbody", {}, labels.map((label, index) => h("tr", {}, h("th", { scope: "row" }, label), series.map((one) => h("td.num", {}, one.href && one.values[index] ? h("a", { href: one.href(index) }, format(one.values[index])) : format(one.values[index])))))))));
  });
  return details;
}

export const canvas = (width, height, ...children) => s("svg", { viewBox: `0 0 ${width} ${height}`, width, height }, children);

export const linked = (shape, href, label) => (href ? s("a", { href, "aria-label": label }, shape) : shape);

export const clipped = (text, most) => (text.length > most ? `${text.slice(0, Math.max(1, most - 1))}…` : text);

// What lies under the pointer: tell(event) gives { x, lines }, where to show it and what; leave() is told when it is gone.
export function pointed(element, svg, tell, leave = () => {}) {
  let tip = null;
  svg.addEventListener("pointermove", (event) => {
    const { x, lines } = tell(event);
    tip ??= h("div.chart-tip", { "aria-hidden": "true" });
    fill(tip, lines);
    element.append(tip);
    const room = element.clientWidth - tip.offsetWidth;
    tip.style.left = `${Math.max(0, Math.min(room, x + 12 > room ? x - tip.offsetWidth - 12 : x + 12))}px`;
    tip.style.top = "24px";
  });
  svg.addEventListener("pointerleave", () => {
    tip?.remove();
    leave();
  });
}
