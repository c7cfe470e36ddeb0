// Charts of numbers over time, in SVG, and how numbers are taken along. Each takes an element (class "chart", its height reserved
// by CSS), draws itself to its width, draws again when that changes, and has a table with the same numbers behind a disclosure.
// Values are formatted by `format`.

import { canvas, clipped, colour, framed, linked, namesOf, pointed } from "./chart_frame.js";
import { h, s } from "./dom.js";
import { compact, number } from "./format.js";

const PAD = { top: 8, right: 12, bottom: 24, left: 44 };

// lineChart(element, { labels: ["1 May", …], series: [{ name, values, before?, href?: (index) => url }],
//   format?, height?, caption?, legend?, numbers? }). `before`: values of the period before, dashed; `href` may be null for a point,
//   and so may a value: the line has a gap there.
export function lineChart(element, { labels, series, format = number, height = 260, caption = "", legend, numbers = true }) {
  const most = Math.max(1, ...series.flatMap((one) => [...one.values, ...(one.before ?? [])]));
  const axis = scale(most);
  framed(element, { labels, series, format, caption, legend, numbers }, (width) => {
    const inner = { width: width - PAD.left - PAD.right, height: height - PAD.top - PAD.bottom };
    const x = (index) => PAD.left + (labels.length < 2 ? inner.width / 2 : (index * inner.width) / (labels.length - 1));
    const y = (value) => PAD.top + inner.height * (1 - value / axis.top);
    const path = (values) => values.map((value, index) => (value === null ? "" : `${known(values[index - 1]) ? "L" : "M"}${x(index).toFixed(1)} ${y(value).toFixed(1)}`)).join("");
    const guide = s("g.guide", { visibility: "hidden" }, s("line", { y1: PAD.top, y2: PAD.top + inner.height }),
      series.map((_, index) => s(`circle.series-fill.${colour(index)}`, { r: 3.5 })));
    const svg = canvas(width, height,
      grid(axis, y, width, format), ticks(labels, x, height, inner.width),
      series.map((one, index) => [
        one.before && s(`path.line.before.series-line.${colour(index)}`, { d: path(one.before) }),
        s(`path.line.series-line.${colour(index)}`, { d: path(one.values) }),
        one.values.map((value, at) => known(value) && !known(one.values[at - 1]) && !known(one.values[at + 1])
          && s(`circle.series-fill.${colour(index)}`, { cx: x(at), cy: y(value), r: one.values.length === 1 ? 4 : 2.5 })),
      ]),
      guide);
    const nearest = (event) => {
      const at = event.clientX - svg.getBoundingClientRect().left - PAD.left;
      return Math.min(labels.length - 1, Math.max(0, Math.round((at / inner.width) * (labels.length - 1)) || 0));
    };
    pointed(element, svg, (event) => {
      const index = nearest(event);
      guide.setAttribute("transform", `translate(${x(index)} 0)`);
      guide.querySelectorAll("circle").forEach((one, at) => {
        const value = series[at].values[index];
        one.setAttribute("cy", y(value ?? 0));
        one.setAttribute("r", value === null ? 0 : 3.5);
      });
      guide.setAttribute("visibility", "visible");
      return { x: x(index), lines: lines(labels[index], series, index, format) };
    }, () => guide.setAttribute("visibility", "hidden"));
    const linkedSeries = series.filter((one) => one.href);
    svg.classList.toggle("linked", linkedSeries.length > 0);
    svg.addEventListener("click", (event) => {
      const index = nearest(event);
      const at = event.clientY - svg.getBoundingClientRect().top;
      const away = (one) => Math.abs(y(one.values[index]) - at);
      const [closest] = linkedSeries.filter((one) => known(one.values[index])).sort((a, b) => away(a) - away(b));
      const href = closest?.href(index);
      if (href) location.assign(href);
    });
    return svg;
  });
}

// barChart(element, the same as lineChart): several series are stacked, or stand side by side where their sum says nothing
// (`stacked: false`).
export function barChart(element, { labels, series, format = number, height = 260, caption = "", legend, stacked = true }) {
  const together = (values) => (stacked ? values.reduce((sum, one) => sum + one, 0) : Math.max(...values));
  const axis = scale(Math.max(1, ...labels.map((_, index) => together(series.map((one) => one.values[index])))));
  framed(element, { labels, series, format, caption, legend }, (width) => {
    const inner = { width: width - PAD.left - PAD.right, height: height - PAD.top - PAD.bottom };
    const step = inner.width / Math.max(1, labels.length);
    const x = (index) => PAD.left + step * (index + 0.5);
    const y = (value) => PAD.top + inner.height * (1 - value / axis.top);
    const bars = labels.map((_, index) => {
      let below = 0;
      return series.map((one, number_) => {
        const value = one.values[index];
        if (value === null) return null;
        const thick = (step * 0.76) / (stacked ? 1 : series.length);
        const bar = s(`rect.bar.series-fill.${colour(number_)}`, {
          x: x(index) - step * 0.38 + (stacked ? 0 : number_ * thick), width: Math.max(1, thick),
          y: y(below + value), height: Math.max(0, y(below) - y(below + value)), rx: series.length > 1 ? 0 : 2,
        });
        if (stacked) below += value;
        const link = linked(bar, value && one.href?.(index), `${one.name}, ${labels[index]}: ${format(value)}`);
        // By keyboard the table leads there: nobody wants to pass hundreds of bars.
        if (link !== bar) link.setAttribute("tabindex", "-1");
        return link;
      });
    });
    const svg = canvas(width, height, grid(axis, y, width, format), bars, ticks(labels, x, height, inner.width));
    pointed(element, svg, (event) => {
      const at = event.clientX - svg.getBoundingClientRect().left - PAD.left;
      const index = Math.min(labels.length - 1, Math.max(0, Math.floor(at / step)));
      return { x: x(index), lines: lines(labels[index], series, index, format) };
    });
    return svg;
  });
}

// A small line without axes, as an element. `label` says what it shows.
export function sparkline(values, label) {
  const [width, height] = [96, 24];
  const most = Math.max(1, ...values);
  const x = (index) => (values.length < 2 ? width / 2 : (index * (width - 2)) / (values.length - 1) + 1);
  const y = (value) => height - 2 - (value / most) * (height - 4);
  const d = values.map((value, index) => `${index ? "L" : "M"}${x(index).toFixed(1)} ${y(value).toFixed(1)}`).join("");
  return s("svg.spark", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label },
    s(`path.series-line.${colour(0)}`, { d, fill: "none", "stroke-width": 1.5, "stroke-linejoin": "round" }));
}

// The numbers of a chart as CSV text; `corner` says what the labels are.
export function csv(labels, series, corner = "") {
  const cell = (value) => {
    const text = String(value ?? "");
    // A spreadsheet would run what begins so.
    const safe = typeof value === "string" && /^[=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]/.test(text) ? `'${text}` : text;
    return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  const rows = [[corner, ...series.map((one) => one.name)], ...labels.map((label, index) => [label, ...series.map((one) => one.values[index])])];
  return rows.map((row) => row.map(cell).join(",")).join("\r\n");
}

export function download(name, type, content) {
  const url = URL.createObjectURL(new Blob([content], { type }));
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

// A chart as PNG, twice its size on the screen, in the colours that it has there, with the names of its series.
export async function png(element, name) {
  const svg = element.querySelector("svg");
  const { width, height } = svg.getBoundingClientRect();
  const copy = svg.cloneNode(true);
  const shown = svg.querySelectorAll("*");
  copy.querySelectorAll("*").forEach((one, index) => {
    const style = getComputedStyle(shown[index]);
    for (const property of ["fill", "stroke", "stroke-width", "stroke-dasharray", "opacity", "font-size", "font-weight", "font-family", "paint-order", "stroke-linejoin"]) one.setAttribute(property, style.getPropertyValue(property));
  });
  copy.setAttribute("width", width);
  copy.setAttribute("height", height);
  const url = URL.createObjectURL(new Blob([new XMLSerializer().serializeToString(copy)], { type: "image/svg+xml" }));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const sheet = h("canvas", { width: (width + 2 * EDGE) * 2 });
    const pen = sheet.getContext("2d");
    const look = getComputedStyle(element);
    pen.font = `12px ${look.fontFamily}`;
    const named = keyed(pen, namesOf(element), width);
    sheet.height = (named.height + height + 2 * EDGE) * 2; // which wipes the sheet and the pen
    pen.scale(2, 2);
    pen.fillStyle = getComputedStyle(document.body).backgroundColor;
    pen.fillRect(0, 0, sheet.width, sheet.height);
    pen.translate(EDGE, EDGE);
    pen.font = `12px ${look.fontFamily}`;
    const swatch = h("span.swatch");
    element.append(swatch);
    for (const { text, index, x, y } of named.places) {
      swatch.className = `swatch ${colour(index)}`;
      pen.fillStyle = getComputedStyle(swatch).backgroundColor;
      pen.fillRect(x, y, 10, 10);
      pen.fillStyle = look.color;
      pen.fillText(text, x + 16, y + 9.5);
    }
    swatch.remove();
    pen.drawImage(image, 0, named.height, width, height);
    download(name, "image/png", await new Promise((done) => {
      sheet.toBlob(done, "image/png");
    }));
  } finally {
    URL.revokeObjectURL(url);
  }
}

const EDGE = 16;

// Where the names of series stand above a picture of that width.
function keyed(pen, names, width) {
  let [x, y] = [0, 0];
  const places = names.map((name, index) => {
    const text = clipped(name, 60);
    const room = pen.measureText(text).width + 36;
    if (x && x + room > width) [x, y] = [0, y + 20];
    const place = { text, index, x, y };
    x += room;
    return place;
  });
  return { places, height: places.length ? y + 28 : 0 };
}

const known = (value) => value !== null && value !== undefined;

function scale(most) {
  const rough = most / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(most <= 4 && Number.isInteger(most) ? 1 : 0, [1, 2, 2.5, 5, 10].find((one) => one * power >= rough) * power);
  return { step, top: Math.ceil(most / step - 1e-9) * step };
}

function grid({ step, top }, y, width, format) {
  const shown = format === number ? compact : format;
  return Array.from({ length: Math.round(top / step) + 1 }, (_, index) => [
    s(index ? "line.grid" : "line.axis", { x1: PAD.left, x2: width - PAD.right, y1: y(index * step), y2: y(index * step) }),
    s("text", { x: PAD.left - 8, y: y(index * step) + 4, "text-anchor": "end" }, shown(index * step)),
  ]);
}

function ticks(labels, x, height, width) {
  const longest = Math.max(1, ...labels.map((label) => label.length)) * 7 + 16;
  const every = Math.max(1, Math.ceil((labels.length * longest) / Math.max(1, width)));
  const last = (label) => PAD.left + width + PAD.right - label.length * 3.5;
  return labels.map((label, index) => index % every === 0 && s("text", { x: Math.min(x(index), last(label)), y: height - 6, "text-anchor": "middle" }, label));
}

const lines = (label, series, index, format) => [
  h("p", {}, h("strong", {}, label)),
  ...series.map((one, number_) => h("p", {}, h("span", {}, h(`span.swatch.${colour(number_)}`), " ", one.name), h("span.num", {}, format(one.values[index]), one.before && ` (before: ${format(one.before[index])})`))),
];
