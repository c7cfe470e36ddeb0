// How the answer of an insight is shown: drawInsights(element, found) takes what a view's draw() does (question_state.js).

import { linkedNumber, nothingHappened } from "./answer_parts.js";
import { timezone } from "./api.js";
import { barChart, lineChart } from "./charts.js";
import { fill, h } from "./dom.js";
import { change, daysText, intervalIso, intervalLabel, number } from "./format.js";
import { linesOf } from "./insight_lines.js";
import { isOfNumbers } from "./insight_maths.js";

const MOST_LINES = 8;

export function drawInsights(element, found) {
  const { state, answer } = found;
  if (answer.series.every((one) => one.total === null || (one.total === 0 && !isOfNumbers(found.query.events[one.index])))) {
    fill(element, nothingHappened(state));
    return null;
  }
  const labels = answer.intervals.map((one) => intervalLabel(one, found.query.interval, timezone));
  const lines = linesOf(found, labels);
  if (state.view === "table") fill(element, matrix(lines, labels, found));
  else if (state.view === "number") fill(element, h("div.big-numbers", {}, lines.map((one) => bigNumber(one, found))));
  else chart(element, lines, labels, found);
  const starts = answer.intervals.map((one) => intervalIso(one, found.query.interval, timezone));
  return { corner: found.query.interval, labels: [...starts, "total"], series: lines.flatMap((one) => [
    { name: one.name, values: [...one.values, one.total] },
    ...(one.before ? [{ name: `${one.name} (before)`, values: [...one.before, one.totalBefore] }] : []),
  ]) };
}

function chart(element, lines, labels, found) {
  const shown = lines.length > MOST_LINES ? [...lines].sort((a, b) => (b.total ?? -Infinity) - (a.total ?? -Infinity)).slice(0, MOST_LINES) : lines;
  const place = h("div.chart");
  const more = lines.length > shown.length && h("p.quiet.small", {}, `The chart shows the ${MOST_LINES} largest of ${lines.length}.`);
  const past = found.before && h("p.quiet.small", {}, `${found.state.view === "line" ? "Dashed" : "Before"}: ${daysText(found.queryBefore)}`);
  fill(element, place, more, past, totals(lines, shown, found));
  const told = { labels, series: shown, caption: "Numbers by interval", legend: false };
  if (found.state.view === "bar") barChart(place, { ...told, stacked: shown.every((one) => one.adds) });
  else lineChart(place, told);
}

// Averages and the like have no total.
const overall = (lines) => (lines.every((one) => one.adds || one.counts) ? "Total" : "Overall");

function totals(lines, shown, { before }) {
  const head = ["", overall(lines), before && "Before", before && "Change"].filter((one) => one !== null && one !== undefined && one !== false);
  return h("div.scroll.totals", { tabindex: "0", role: "region", "aria-label": "Totals" }, h("table.table", {},
    h("thead", {}, h("tr", {}, head.map((text, index) => (index ? h("th.num", { scope: "col" }, text) : h("th", { scope: "col" }, h("span.sr", {}, "Series")))))),
    h("tbody", {}, lines.map((one) => h("tr", {},
      h("th", { scope: "row" }, h("span.series-name", {}, h(`span.swatch${shown.includes(one) ? `.series-${shown.indexOf(one) % 8}` : ".blank"}`), h("span.cut", { title: one.name }, one.name))),
      h("td.num", {}, linkedNumber(one.total, one.hrefTotal)),
      before && [h("td.num.quiet", {}, number(one.totalBefore)), h("td.num", {}, change(one.total, one.totalBefore))])))));
}

function matrix(lines, labels, { before }) {
  return h("div.scroll.matrix", { tabindex: "0", role: "region", "aria-label": "Numbers by interval" }, h("table.table", {},
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, h("span.sr", {}, "Series")), h("th.num", { scope: "col" }, overall(lines)), before && h("th.num", { scope: "col" }, "Change"), labels.map((label) => h("th.num", { scope: "col" }, label)))),
    h("tbody", {}, lines.map((one) => h("tr", {},
      h("th", { scope: "row" }, h("span.cut", { title: one.name }, one.name)),
      h("td.num", {}, linkedNumber(one.total, one.hrefTotal)),
      before && h("td.num", {}, change(one.total, one.totalBefore)),
      one.values.map((value, index) => h("td.num", {}, linkedNumber(value, one.href?.(index)))))))));
}

const bigNumber = (one, { before }) => h("div", {},
  h("p.quiet.cut", { title: one.name }, one.name),
  h("p.big", {}, linkedNumber(one.total, one.hrefTotal)),
  before && h("p.small", {}, change(one.total, one.totalBefore), h("span.quiet", {}, ` from ${number(one.totalBefore)}`)));
