// The numbers of a funnel's steps as tables, and as columns of the CSV. A line is what funnels_view.js makes of everybody or a group.

import { linkedNumber } from "./answer_parts.js";
import { h } from "./dom.js";
import { change, duration, number, percent } from "./format.js";

const region = (label, ...rows) => h("div.scroll.totals", { tabindex: "0", role: "region", "aria-label": label }, h("table.table.tight", {}, rows));
const heading = (text) => h("th.num", { scope: "col" }, text);

export function stepTable({ steps, stepsBefore }, names, { before }) {
  return region("Steps",
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Step"), ["People", "Dropped", "Conversion", ...(before ? ["Before", "Change"] : []), "From previous", "Median"].map(heading))),
    h("tbody", {}, steps.map((one, index) => h("tr", {},
      h("th", { scope: "row" }, h("span.series-name", {}, h("span.mark", {}, index + 1), h("span.cut", { title: names[index] }, names[index]))),
      h("td.num", {}, linkedNumber(one.count, one.href)),
      h("td.num", {}, index ? linkedNumber(one.dropped, one.hrefDropped) : "—"),
      h("td.num", {}, percent(one.fromFirst)),
      before && [h("td.num.quiet", {}, percent(stepsBefore[index].fromFirst)), h("td.num", {}, change(one.fromFirst, stepsBefore[index].fromFirst))],
      h("td.num", {}, index ? percent(one.fromPrevious) : "—"),
      h("td.num", {}, duration(one.median))))));
}

export function groupTable(lines, shown, names, { before }) {
  const cell = (one, index) => h("td.num.apart", {}, linkedNumber(one.count, one.href), index > 0 && [
    h("span.quiet", {}, ` ${percent(one.fromFirst)}`),
    h("span.below", {}, one.dropped ? linkedNumber(one.dropped, one.hrefDropped, (value) => `−${number(value)}`) : "−0"),
  ]);
  return region("Steps by group",
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Group"), names.map((name, index) => h("th.num", { scope: "col", title: name }, `${index + 1} ${name.length > 24 ? `${name.slice(0, 23)}…` : name}`)), before && heading("Before"))),
    h("tbody", {}, lines.map((one) => h("tr", {},
      h("th", { scope: "row" }, h("span.series-name", {}, h(`span.swatch${shown.includes(one) ? `.series-${shown.indexOf(one)}` : ".blank"}`), h("span.cut", { title: one.name }, one.name))),
      one.steps.map(cell),
      before && h("td.num", {}, h("span.quiet", {}, percent(one.before?.at(-1) ?? 0)), h("span.below", {}, change(one.steps.at(-1).fromFirst, one.before?.at(-1))))))));
}

// What the CSV says of a line
export function columns({ name, steps, stepsBefore }, grouped) {
  const titled = (text) => (grouped ? `${name}: ${text}` : text);
  return [
    { name: titled("people"), values: steps.map((one) => one.count) },
    { name: titled("of first"), values: steps.map((one) => one.fromFirst) },
    { name: titled("of previous"), values: steps.map((one) => one.fromPrevious) },
    { name: titled("median seconds"), values: steps.map((one) => one.median) },
    { name: titled("dropped off"), values: steps.map((one) => one.dropped) },
    ...(stepsBefore ? [{ name: titled("people (before)"), values: stepsBefore.map((one) => one.count) }] : []),
  ];
}
