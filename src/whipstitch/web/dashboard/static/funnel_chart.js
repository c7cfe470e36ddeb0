// A funnel in SVG, from left to right: funnelChart(element, { steps: [{ name, note }], series: [{ name, steps, before? }], caption }).
// A series has for each step { count, fromFirst, fromPrevious, median, dropped, former, optional, href?, hrefDropped? },
// `former` being the index of the step that it is compared with. One alone is drawn with what
// was lost on the way; several stand side by side. `before`: shares of the first step in the period before.

import { canvas, clipped, colour, framed, linked, pointed } from "./chart_frame.js";
import { h, s } from "./dom.js";
import { duration, number, percent } from "./format.js";

const TOP = 50;
const TALL = 220;
const BOTTOM = 64;
const SLOT = 136;
const LETTER = 7.6;

export function funnelChart(element, { steps, series, caption }) {
  const alone = series.length === 1;
  framed(element, { labels: steps.map((one) => one.name), series, caption, legend: false, links: true, numbers: false }, (room) => {
    const width = Math.max(room, steps.length * SLOT);
    const slot = width / steps.length;
    const thick = Math.min(slot * 0.62, alone ? 96 : 28 * series.length);
    const base = TOP + TALL;
    const x = (index) => index * slot;
    const y = (share) => base - TALL * share;
    const fits = Math.floor((slot - 12) / LETTER);

    const column = (index) => series.map((one, at) => {
      const step = one.steps[index];
      const own = { x: x(index) + (thick / series.length) * at, width: Math.max(2, thick / series.length - (alone ? 0 : 2)) };
      const bar = s(`rect.bar.series-fill.${colour(at)}`, { ...own, y: y(step.fromFirst), height: Math.max(step.count ? 1 : 0, TALL * step.fromFirst), rx: 2 });
      const past = one.before && s("line.funnel-before", { x1: own.x, x2: own.x + own.width, y1: y(one.before[index]), y2: y(one.before[index]) });
      return [alone && lost(index, own), pressed(linked(bar, step.href, `${steps[index].name}: ${number(step.count)}`)), past];
    });

    function lost(index, own) {
      if (!index) return null;
      const step = series[0].steps[index];
      const former = series[0].steps[step.former];
      if (!step.dropped) return null;
      const shape = s(`rect.bar.funnel-lost${step.optional ? ".optional" : ""}`, { ...own, y: y(former.fromFirst), height: TALL * (former.fromFirst - step.fromFirst), rx: 2 });
      return pressed(linked(shape, step.hrefDropped, lostText(index, step)));
    }

    const lostText = (index, step) => `${step.optional ? "Left out" : "Dropped out before"} ${steps[index].name}: ${number(step.dropped)}`;

    function ribbon(index) {
      if (!alone || !index) return null;
      const step = series[0].steps[index];
      const former = series[0].steps[step.former];
      const [left, right] = [x(step.former) + thick, x(index)];
      return s("path.funnel-ribbon", { d: `M${left} ${y(former.fromFirst)}L${right} ${y(step.fromFirst)}V${base}H${left}Z` });
    }

    const heading = (index) => [
      s("text.label.strong", { x: x(index), y: 14 }, clipped(steps[index].name, fits), s("title", {}, steps[index].name)),
      s("text", { x: x(index), y: 34 }, alone ? headline(series[0].steps[index]) : clipped(steps[index].note ?? "", fits)),
    ];

    function footing(index) {
      if (!alone || !index) return null;
      const step = series[0].steps[index];
      return [
        s("text.label", { x: x(index), y: base + 20 }, `${percent(step.fromPrevious)} of previous`),
        step.median !== null && s("text", { x: x(index), y: base + 37 }, `median ${duration(step.median)}`),
        pressed(linked(s("text.funnel-dropped", { x: x(index), y: base + 54 }, `${number(step.dropped)} ${step.optional ? "left it out" : "dropped off"}`), step.hrefDropped, lostText(index, step))),
      ];
    }

    const all = (draw) => steps.map((_, index) => draw(index));
    const svg = canvas(width, base + (alone ? BOTTOM : 8),
      [0.25, 0.5, 0.75, 1].map((share) => s("line.grid", { x1: 0, x2: width, y1: y(share), y2: y(share) })),
      all(ribbon), all(column), s("line.axis", { x1: 0, x2: width, y1: base, y2: base }), all(heading), all(footing));
    pointed(element, svg, (event) => {
      const at = event.clientX - svg.getBoundingClientRect().left;
      const index = Math.min(steps.length - 1, Math.max(0, Math.floor(at / slot)));
      return { x: event.clientX - element.getBoundingClientRect().left, lines: told(steps[index].name, series, index) };
    });
    if (width === room) return svg;
    svg.classList.add("wide");
    return h("div.scroll-x", { tabindex: "0", role: "region", "aria-label": caption }, svg);
  });
}

const headline = (step) => [s("tspan.label", {}, number(step.count)), `\u2002${percent(step.fromFirst)}`];

// By keyboard the table leads there.
function pressed(one) {
  if (one.localName === "a") one.setAttribute("tabindex", "-1");
  return one;
}

function told(name, series, index) {
  const row = (text, value, at = null) => h("p", {}, h("span", {}, at !== null && [h(`span.swatch.${colour(at)}`), " "], text), h("span.num", {}, value));
  const past = (one) => (one.before ? ` (before: ${percent(one.before[index])})` : "");
  const several = () => series.map((one, at) => row(one.name, `${number(one.steps[index].count)} · ${percent(one.steps[index].fromFirst)}${past(one)}`, at));
  const only = ({ steps, before }) => [
    row("People", number(steps[index].count)), row("Of the first step", percent(steps[index].fromFirst) + past({ before })),
    index > 0 && [row("Of the step before", percent(steps[index].fromPrevious)), row("Dropped off", number(steps[index].dropped)), row("Median time", duration(steps[index].median))],
  ];
  return [h("p", {}, h("strong", {}, name)), ...(series.length > 1 ? several() : only(series[0])).flat()].filter(Boolean);
}
