// Numbers with their intervals, as bars that lie, each with whiskers: whiskerChart(element, { rows: [{ name, value, low, high, text, href?,
// tone? }], base?, logarithmic?, format, caption }). A bar runs from `base` to the value, its whiskers from low to high; what is null is not
// drawn. `text` stands behind. `tone`: "good", "bad" or "quiet", else a colour's index.

import { isKnown, scaleOf } from "./axes.js";
import { canvas, colour, fitted, framed, linked, textWidth } from "./chart_frame.js";
import { s } from "./dom.js";

const [ROW, TALL_ROW, THICK] = [30, 48, 14];
const CAP = 4; // half the height of a whisker's end
const NARROW = 480; // names stand above their bars
const [GAP, FOOT] = [8, 22];
const DOUBLINGS = 10; // farther than 1,024 times as much nothing is drawn

export function whiskerChart(element, { rows, base = 0, logarithmic = false, format, caption }) {
  const place = logarithmic ? (value) => Math.max(-DOUBLINGS, Math.min(DOUBLINGS, Math.log2(value))) : (value) => value - base;
  const back = (at) => (logarithmic ? 2 ** at : at + base);
  const scale = scaleFor(rows.flatMap((one) => [one.value, one.low, one.high]).filter(isKnown).map(place), logarithmic);
  framed(element, { labels: [], series: rows, caption, legend: false, keyed: false, numbers: false, links: rows.some((one) => one.href) }, (width) => {
    const isNarrow = width < NARROW;
    const left = isNarrow ? 12 : Math.min(width * 0.36, Math.max(...rows.map((one) => textWidth(one.name)))) + GAP;
    const right = Math.max(...rows.map((one) => textWidth(one.text))) + GAP;
    const row = isNarrow ? TALL_ROW : ROW;
    const bottom = rows.length * row;
    const x = (at) => left + ((at - scale.bottom) / (scale.top - scale.bottom)) * Math.max(40, width - left - right);
    const count = Math.round((scale.top - scale.bottom) / scale.step);
    const marks = Array.from({ length: count + 1 }, (_, index) => scale.bottom + index * scale.step);
    const every = Math.max(1, Math.ceil((marks.length * (Math.max(...marks.map((one) => textWidth(format(back(one))))) + 12)) / Math.max(40, x(scale.top) - left)));

    const lines = rows.map((one, index) => {
      const middle = index * row + (isNarrow ? row - THICK / 2 - 6 : row / 2);
      const ends = [one.value, one.low, one.high].filter(isKnown).map((value) => x(place(value)));
      const [from, to] = isKnown(one.value) ? [x(0), ends[0]].toSorted((a, b) => a - b) : [0, 0];
      const bar = s(`rect.bar.series-fill.${typeof one.tone === "string" ? one.tone : colour(one.tone ?? index)}`, { x: from, width: Math.max(2, to - from), y: middle - THICK / 2, height: THICK, rx: 2 });
      const link = linked(bar, one.href, `${one.name}: ${one.text}`);
      // By keyboard the table leads there.
      if (link !== bar) link.setAttribute("tabindex", "-1");
      return [
        s("text.label", { x: isNarrow ? 0 : left - GAP, y: isNarrow ? index * row + 16 : middle + 4, "text-anchor": isNarrow ? "start" : "end" },
          fitted(one.name, isNarrow ? width : left - GAP), s("title", {}, one.name)),
        isKnown(one.value) && link,
        isKnown(one.low) && isKnown(one.high) && s("path.whisker", { d: whisker(x(place(one.low)), x(place(one.high)), middle) }),
        s("text", { x: Math.max(x(0), ...ends) + GAP, y: middle + 4 }, one.text),
      ];
    });
    return canvas(width, bottom + FOOT,
      marks.map((at, index) => [
        s(Math.abs(at) < scale.step / 2 ? "line.axis" : "line.grid", { x1: x(at), x2: x(at), y1: 0, y2: bottom }),
        index % every === 0 && s("text", { x: x(at), y: bottom + 16, "text-anchor": "middle" }, format(back(at))),
      ]), lines);
  });
}

const whisker = (from, to, y) => `M${from} ${y - CAP}V${y + CAP}M${from} ${y}H${to}M${to} ${y - CAP}V${y + CAP}`;

// Powers of two are whole steps.
function scaleFor(values, logarithmic) {
  const scale = scaleOf(values);
  if (!logarithmic) return scale;
  const step = Math.max(1, Math.ceil(scale.step));
  const [low, high] = [Math.min(0, ...values), Math.max(0, ...values)];
  return { step, bottom: Math.min(-step, Math.floor(low / step) * step), top: Math.max(step, Math.ceil(high / step) * step) };
}
