// Charts of numbers over time, in SVG. Each takes an element (class "chart", its height reserved by CSS), draws itself to its width,
// draws again when that changes, and has a table with the same numbers behind a disclosure.
// They are given { labels: ["1 May", …], series: [{ name, values, before?, href?: (index) => url, colour?, format? }], unfinished?, format?,
//   axis?, height?, caption?, legend?, numbers? }. `before`: values of the period before, dashed; `href` may be null for a point, and so may a value:
//   the line has a gap there. `colour`: which of the colours, else by place. `unfinished`: for each interval what it is instead of whole,
//   such as "so far", or null. `axis(step)(value)` names a number at the axis.

import { grid, isKnown, plotOf, remark, scaleOf, ticks } from "./axes.js";
import { canvas, colour, framed, linked, pointed } from "./chart_frame.js";
import { h, s } from "./dom.js";
import { axisOf, number } from "./format.js";

const FILLED = 0.76; // of the room that an interval has, bars take
let hatches = 0;

const colourOf = (one, index) => colour(one.colour ?? index);
const axisFor = ({ axis, format }, scale) => axis?.(scale.step) ?? (format && format !== number ? format : axisOf()(scale.step));

export function lineChart(element, chart) {
  const { labels, series, unfinished = [], format = number } = chart;
  const scale = scaleOf(series.flatMap((one) => [...one.values, ...(one.before ?? [])]));
  framed(element, { format, ...chart }, (width, height) => {
    const plot = plotOf(scale, width, height, axisFor(chart, scale), unfinished.some(Boolean));
    const { y } = plot;
    const x = (index) => plot.left + (labels.length < 2 ? plot.width / 2 : (index * plot.width) / (labels.length - 1));
    // Line by line, as long as `drawn(index)` says of the way from the interval before.
    const path = (values, drawn) => values.map((value, index) => {
      if (!index || !isKnown(value) || !isKnown(values[index - 1]) || !drawn(index)) return "";
      const on = index > 1 && drawn(index - 1) && isKnown(values[index - 2]);
      return `${on ? "" : `M${x(index - 1).toFixed(1)} ${y(values[index - 1]).toFixed(1)}`}L${x(index).toFixed(1)} ${y(value).toFixed(1)}`;
    }).join("");
    const isPart = (index) => Boolean(unfinished[index] || unfinished[index - 1]);
    const guide = s("g.guide", { visibility: "hidden" }, s("line", { y1: plot.top, y2: plot.bottom }),
      series.map((one, index) => s(`circle.series-fill.${colourOf(one, index)}`, { r: 3.5 })));
    const svg = canvas(width, height,
      grid(plot), ticks(labels, x, plot),
      series.map((one, index) => {
        const of = colourOf(one, index);
        const part = path(one.values, isPart);
        return [
          one.before && s(`path.line.before.series-line.${of}`, { d: path(one.before, () => true) }),
          s(`path.line.series-line.${of}`, { d: path(one.values, (at) => !isPart(at)) }),
          part && s(`path.line.so-far.series-line.${of}`, { d: part }),
          one.values.map((value, at) => {
            if (!isKnown(value)) return null;
            if (unfinished[at]) return s(`circle.so-far.series-line.${of}`, { cx: x(at), cy: y(value), r: 3.5 });
            const alone = !isKnown(one.values[at - 1]) && !isKnown(one.values[at + 1]);
            return alone && s(`circle.series-fill.${of}`, { cx: x(at), cy: y(value), r: one.values.length === 1 ? 4 : 2.5 });
          }),
        ];
      }),
      unfinished.map((text, index) => text && remark(text, x(index), plot)),
      guide);
    const nearest = (event) => {
      const at = event.clientX - svg.getBoundingClientRect().left - plot.left;
      return Math.min(labels.length - 1, Math.max(0, Math.round((at / plot.width) * (labels.length - 1)) || 0));
    };
    pointed(element, svg, (event) => {
      const index = nearest(event);
      guide.setAttribute("transform", `translate(${x(index)} 0)`);
      guide.querySelectorAll("circle").forEach((one, at) => {
        const value = series[at].values[index];
        one.setAttribute("cy", y(value ?? 0));
        one.setAttribute("r", isKnown(value) ? 3.5 : 0);
      });
      guide.setAttribute("visibility", "visible");
      return { x: x(index), lines: lines(chart, index) };
    }, () => guide.setAttribute("visibility", "hidden"));
    const linkedSeries = series.filter((one) => one.href);
    svg.classList.toggle("linked", linkedSeries.length > 0);
    svg.addEventListener("click", (event) => {
      const index = nearest(event);
      const at = event.clientY - svg.getBoundingClientRect().top;
      const away = (one) => Math.abs(y(one.values[index]) - at);
      const [closest] = linkedSeries.filter((one) => isKnown(one.values[index])).sort((a, b) => away(a) - away(b));
      const href = closest?.href(index);
      if (href) location.assign(href);
    });
    return svg;
  });
}

// The bars of several series stand side by side; `stacked`: on each other, what is below zero downwards.
export function barChart(element, { stacked = false, ...chart }) {
  const { labels, series, unfinished = [], format = number } = chart;
  const sum = (values) => values.reduce((all, one) => all + (one ?? 0), 0);
  const ends = labels.flatMap((_, index) => {
    const values = series.map((one) => one.values[index]);
    const before = series.map((one) => one.before?.[index]);
    return stacked ? [sum(values.filter((one) => one > 0)), sum(values.filter((one) => one < 0)), sum(before)] : [...values, ...before];
  });
  const scale = scaleOf(ends);
  framed(element, { format, ...chart }, (width, height) => {
    const plot = plotOf(scale, width, height, axisFor(chart, scale), unfinished.some(Boolean));
    const { y } = plot;
    const step = plot.width / Math.max(1, labels.length);
    const x = (index) => plot.left + step * (index + 0.5);
    const thick = (step * FILLED) / (stacked ? 1 : series.length);
    const hatch = `hatch-${(hatches += 1)}`;

    function bars(index) {
      const reached = { up: 0, down: 0 };
      return series.map((one, place) => {
        const value = one.values[index];
        if (!isKnown(value)) return null;
        const way = value < 0 ? "down" : "up";
        const from = stacked ? reached[way] : 0;
        reached[way] = from + value;
        const box = {
          x: x(index) - (step * FILLED) / 2 + (stacked ? 0 : place * thick), width: Math.max(1, thick - (stacked || series.length < 2 || thick < 4 ? 0 : 1)),
          y: Math.min(y(from), y(from + value)), height: Math.abs(y(from) - y(from + value)), rx: series.length > 1 ? 0 : 2,
        };
        const bar = s(`rect.bar.series-fill.${colourOf(one, place)}`, box);
        const link = linked(bar, value && one.href?.(index), `${one.name}, ${labels[index]}: ${(one.format ?? format)(value)}`);
        // By keyboard the table leads there: nobody wants to pass hundreds of bars.
        if (link !== bar) link.setAttribute("tabindex", "-1");
        return [link, unfinished[index] && s("rect.hatch", { ...box, fill: `url(#${hatch})` })];
      });
    }

    // How high it was in the period before
    const past = (index) => (stacked ? [sum(series.map((one) => one.before?.[index]))] : series.map((one) => one.before?.[index]))
      .map((value, place) => {
        const left = x(index) - (step * FILLED) / 2 + (stacked ? 0 : place * thick);
        return isKnown(value) && (value !== 0 || Boolean(series[place].values[index])) && s("line.before", { x1: left, x2: left + thick, y1: y(value), y2: y(value) });
      });

    const all = (draw) => labels.map((_, index) => draw(index));
    const svg = canvas(width, height,
      s("defs", {}, s("pattern", { id: hatch, width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" }, s("rect.hatching", { width: 3, height: 6 }))),
      grid(plot), all(bars), series.some((one) => one.before) && all(past), ticks(labels, x, plot), unfinished.map((text, index) => text && remark(text, x(index), plot)));
    pointed(element, svg, (event) => {
      const at = event.clientX - svg.getBoundingClientRect().left - plot.left;
      const index = Math.min(labels.length - 1, Math.max(0, Math.floor(at / step)));
      return { x: x(index), lines: lines(chart, index) };
    });
    return svg;
  });
}

// A small line without axes, as an element. `label` says what it shows.
export function sparkline(values, label) {
  const [width, height] = [96, 24];
  const { bottom, top } = scaleOf(values);
  const x = (index) => (values.length < 2 ? width / 2 : (index * (width - 2)) / (values.length - 1) + 1);
  const y = (value) => height - 2 - ((value - bottom) / (top - bottom)) * (height - 4);
  const d = values.map((value, index) => `${index ? "L" : "M"}${x(index).toFixed(1)} ${y(value).toFixed(1)}`).join("");
  return s("svg.spark", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label },
    s(`path.series-line.${colour(0)}`, { d, fill: "none", "stroke-width": 1.5, "stroke-linejoin": "round" }));
}

function lines({ labels, series, unfinished = [], format: usual = number }, index) {
  return [
    h("p", {}, h("strong", {}, labels[index]), unfinished[index] && h("span.quiet", {}, unfinished[index])),
    ...series.map((one, place) => {
      const format = one.format ?? usual;
      return h("p", {}, h("span", {}, h(`span.swatch.${colourOf(one, place)}`), " ", one.name),
        h("span.num", {}, format(one.values[index]), one.before && ` (before: ${format(one.before[index] ?? null)})`));
    }),
  ];
}
