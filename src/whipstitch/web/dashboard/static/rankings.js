// Totals side by side, as bars that lie: rankingChart(element, { series: [{ name, total, totalBefore?, hrefTotal?, colour?, format }], whole?,
// caption }), drawn from top to bottom. With `whole`, a number, they are shares of it, and above them all of it as one bar in parts.
// A total that is null has no bar.

import { isKnown, scaleOf } from "./axes.js";
import { canvas, colour, fitted, framed, linked, REST_COLOUR, textWidth } from "./chart_frame.js";
import { s } from "./dom.js";
import { percent } from "./format.js";

const THICK = 18;
const [ROW, TALL_ROW] = [28, 46];
const NARROW = 480; // names stand above their bars
const GAP = 8;
const STRIP = 44;

export function rankingChart(element, { series, whole = null, caption }) {
  const shares = whole !== null;
  const text = (one) => (shares ? `${percent(one.total / whole)} · ${one.format(one.total)}` : one.format(one.total));
  const scale = shares ? { bottom: 0, top: whole } : scaleOf(series.flatMap((one) => [one.total, one.totalBefore]));
  framed(element, { labels: [], series, caption, legend: false, keyed: false, numbers: false, links: series.some((one) => one.hrefTotal) }, (width) => {
    const isNarrow = width < NARROW;
    const names = Math.max(...series.map((one) => textWidth(one.name)));
    const left = isNarrow ? 0 : Math.min(width * 0.4, names) + GAP;
    const right = Math.max(...series.map((one) => textWidth(text(one)))) + GAP;
    const x = (value) => left + ((value - scale.bottom) / (scale.top - scale.bottom)) * Math.max(20, width - left - right);
    const top = shares ? STRIP : 0;
    const row = isNarrow ? TALL_ROW : ROW;

    // By keyboard the table leads there.
    const pressed = (shape, one) => {
      const link = linked(shape, one.hrefTotal, `${one.name}: ${text(one)}`);
      if (link !== shape) link.setAttribute("tabindex", "-1");
      return link;
    };

    // Where the number stands: behind the bar, and not on the mark of the period before.
    const behind = (one, end) => {
      const mark = isKnown(one.totalBefore) ? x(one.totalBefore) : 0;
      return mark > end && mark < end + textWidth(text(one)) + 2 * GAP ? mark : end;
    };

    const rows = series.map((one, place) => {
      const y = top + place * row;
      const barTop = y + (isNarrow ? row - THICK - 6 : (row - THICK) / 2);
      const [from, to] = [x(0), x(one.total ?? 0)].toSorted((a, b) => a - b);
      return [
        s("text.label", { x: isNarrow ? 0 : left - GAP, y: isNarrow ? y + 15 : barTop + 13, "text-anchor": isNarrow ? "start" : "end" },
          fitted(one.name, isNarrow ? width : left - GAP), s("title", {}, one.name)),
        shares && s("rect.track", { x: x(0), width: x(whole) - x(0), y: barTop, height: THICK, rx: 2 }),
        isKnown(one.total) && pressed(s(`rect.bar.series-fill.${colour(one.colour ?? place)}`, { x: from, width: Math.max(one.total ? 1 : 0, to - from), y: barTop, height: THICK, rx: 2 }), one),
        isKnown(one.totalBefore) && !shares && s("line.before", { x1: x(one.totalBefore), x2: x(one.totalBefore), y1: barTop - 2, y2: barTop + THICK + 2 }),
        s("text", { x: (shares ? x(whole) : behind(one, Math.max(to, x(0)))) + GAP, y: barTop + 13 }, text(one)),
      ];
    });

    // What is in none of the bars below is part of the whole, too.
    function strip() {
      let at = 0;
      const part = (total, of, title) => {
        const [from, to] = [at, at + (width * total) / whole];
        at = to;
        return s(`rect.bar.series-fill.${of}`, { x: from, width: Math.max(0, to - from - 1), y: 0, height: STRIP - 20 }, s("title", {}, title));
      };
      const rest = whole - series.reduce((sum, one) => sum + one.total, 0);
      return [...series.map((one, place) => pressed(part(one.total, colour(one.colour ?? place), `${one.name}: ${text(one)}`), one)),
        rest > whole * 1e-9 && part(rest, colour(REST_COLOUR), `Others: ${percent(rest / whole)}`)];
    }

    return canvas(width, top + series.length * row, shares && strip(), rows, !shares && s("line.axis", { x1: x(0), x2: x(0), y1: 0, y2: series.length * row }));
  });
}
