// What charts in SVG have in common: the frame that draws one to its width and has its numbers behind a disclosure.

import { fill, h, s } from "./dom.js";

export const COLOURS = 8;
const [LOWEST, HIGHEST] = [110, 640]; // of what fills a tile, in pixels
// What is none of the values, but the rest of them.
export const REST_COLOUR = "rest";
export const colour = (index) => `series-${index === REST_COLOUR ? index : index % COLOURS}`;

const watched = new WeakMap();
const named = new WeakMap();

// The series of a chart, [{ name, colour }], for its picture.
export const namesOf = (element) => named.get(element) ?? [];

// How wide a text is in a chart, in pixels; "strong" is bold.
let pen = null;
export function textWidth(text, strong = false) {
  pen ??= h("canvas").getContext("2d");
  const { fontFamily } = getComputedStyle(document.body);
  pen.font = `${strong ? "600 " : ""}12px ${fontFamily}`;
  return pen.measureText(text).width;
}

// As much of a text as has room.
export function fitted(text, room) {
  if (textWidth(text) <= room) return text;
  let [fits, tooLong] = [0, text.length];
  while (tooLong - fits > 1) {
    const middle = (fits + tooLong) >> 1;
    if (textWidth(`${text.slice(0, middle)}…`) <= room) fits = middle;
    else tooLong = middle;
  }
  return `${text.slice(0, fits).toWellFormed().replace(/\ufffd$/, "")}…`;
}

// draw(width, height) gives the SVG; `height` is the usual one, or as much as a tile of a board's grid has. `links`: whether it holds some; `legend`: whether the names of series stand above; `numbers`: whether
// their table is offered, which a page may show by itself; `keyed`: whether its picture alone needs the names above.
export function framed(element, { labels, series, unfinished, format, caption, legend = series.length > 1, links = series.some((one) => one.href), numbers = true, keyed = true, height = 260 }, draw) {
  watched.get(element)?.();
  named.set(element, !keyed ? [] : series.map(({ name, colour: own }, index) => ({ name, colour: own ?? index })));
  const stage = h("div", { role: "img", "aria-label": caption || series.map((one) => one.name).join(", ") });
  // Links inside an image would be out of reach for screen readers.
  if (links) stage.setAttribute("role", "group");
  const names = legend && h("ul.legend", {}, series.map((one, index) => h("li", {}, h(`span.swatch.${colour(one.colour ?? index)}`), h("span.cut", {}, one.name))));
  fill(element, names, stage, numbers && table(labels, series, unfinished, format, caption));
  const tile = element.closest(".tile-answer");
  let size = "";
  const again = () => {
    const width = Math.floor(stage.clientWidth);
    const room = roomIn(tile, stage) ?? height;
    if (width <= 0 || size === `${width} ${room}`) return;
    size = `${width} ${room}`;
    fill(stage, draw(width, room));
  };
  const stopped = new AbortController();
  const observer = new ResizeObserver(() => (stage.isConnected ? again() : stop()));
  const stop = () => {
    observer.disconnect();
    stopped.abort();
  };
  observer.observe(stage);
  if (tile) {
    observer.observe(tile);
    tile.addEventListener("arranged", again, { signal: stopped.signal });
  }
  watched.set(element, stop);
  again();
}

// What a tile's height leaves for the chart between what stands above and below it, in pixels.
function roomIn(tile, stage) {
  if (!tile || getComputedStyle(tile).overflowY !== "auto") return null;
  const { top, bottom } = stage.getBoundingClientRect();
  const box = tile.getBoundingClientRect();
  const zoom = box.height / tile.offsetHeight || 1; // a wall screen's
  const above = (top - box.top) / zoom + tile.scrollTop;
  const below = (tile.lastElementChild.getBoundingClientRect().bottom - bottom) / zoom;
  return Math.round(Math.max(LOWEST, Math.min(HIGHEST, tile.clientHeight - above - below)));
}

function table(labels, series, unfinished = [], usual, caption) {
  const details = h("details.chart-table", {}, h("summary", {}, "Numbers"));
  const cell = (one, index) => {
    const text = (one.format ?? usual)(one.values[index]);
    const href = one.values[index] ? one.href?.(index) : null;
    return h("td.num", {}, href ? h("a", { href }, text) : text);
  };
  details.addEventListener("toggle", () => {
    if (!details.open || details.childElementCount > 1) return;
    details.append(h("div.scroll", { tabindex: "0", role: "region", "aria-label": caption || "Numbers" }, h("table.table", {},
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, ""), series.map((one) => h("th.num", { scope: "col" }, one.name)))),
      h("tbody", {}, labels.map((label, index) => h("tr", {},
        h("th", { scope: "row" }, label, unfinished[index] && h("span.quiet", {}, ` ${unfinished[index]}`)), series.map((one) => cell(one, index))))))));
  });
  return details;
}

export const canvas = (width, height, ...children) => s("svg", { viewBox: `0 0 ${width} ${height}`, width, height }, children);

export const linked = (shape, href, label) => (href ? s("a", { href, "aria-label": label }, shape) : shape);

export const clipped = (text, most) => (text.length > most ? `${text.slice(0, Math.max(1, most - 1))}…` : text);

// What lies under the pointer: tell(event) gives { x, lines }, where to show it and what, or null; leave() is told when it is gone.
export function pointed(element, svg, tell, leave = () => {}) {
  let tip = null;
  svg.addEventListener("pointermove", (event) => {
    const told = tell(event);
    if (!told) return tip?.remove();
    const { x, lines } = told;
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
