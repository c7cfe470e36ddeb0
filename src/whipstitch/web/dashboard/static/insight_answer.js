// How the answer of an insight is shown: drawInsights(element, found) takes what a view's draw() does (question_state.js).

import { linkedNumber, nothingHappened } from "./answer_parts.js";
import { timezone } from "./api.js";
import { colour, REST_COLOUR } from "./chart_frame.js";
import { barChart, lineChart } from "./charts.js";
import { coloursOf } from "./colours.js";
import { fill, h } from "./dom.js";
import { axisOf, change, dayOf, daysText, intervalIso, intervalLabel } from "./format.js";
import { groupingsOf, linesOf, unfinishedOf } from "./insight_lines.js";
import { mayBeNone } from "./insight_maths.js";
import { rankingChart } from "./rankings.js";
import { countryName, isOnMap, worldMap } from "./world_map.js";

const MOST_LINES = 8;
const MOST_KEPT = 40;
const MOST_RANKED = 30;

// Colours of groups are `kept` in the state, so that they stay what they are in whatever order the groups come.
export function drawInsights(element, found) {
  const { state, answer, query } = found;
  if (isNothing(found)) {
    fill(element, nothingHappened(state));
    return null;
  }
  const labels = answer.intervals.map((one) => intervalLabel(one, query.interval, timezone));
  const all = linesOf(found, labels);
  const { lines, kept } = coloured(all, found);
  const told = { ...found, labels, lines, unfinished: unfinishedOf(answer, query) };
  (KINDS[state.view] ?? KINDS.line)(element, told);
  const starts = answer.intervals.map((one) => intervalIso(one, query.interval, timezone));
  return { corner: query.interval, labels: [...starts, "total"], kept, series: lines.flatMap((one) => [
    { name: one.name, values: [...one.values, one.total] },
    ...(one.before ? [{ name: `${one.name} (before)`, values: [...one.before, one.totalBefore] }] : []),
  ]) };
}

// Numbers that net to zero are not nothing, and neither is a sum of 0: nobody knows of which of the two it is.
function isNothing({ answer, query }) {
  const ofSeries = answer.series.filter((one) => query.events[one.index]);
  return ofSeries.every(({ index, total, values }) => {
    const event = query.events[index];
    if (mayBeNone(event)) return total === null;
    return event.math !== "sum" && total === 0 && values.every((one) => one === 0);
  });
}

// The lines that are drawn: the largest, and each in its colour.
function coloured(all, { state, query }) {
  const groups = all.filter((one) => !one.isAll);
  const drawn = groups.length > MOST_LINES ? [...groups].sort((a, b) => (b.total ?? -Infinity) - (a.total ?? -Infinity)).slice(0, MOST_LINES) : groups;
  if (!groupingsOf(query).length) return { lines: all.map((one) => ({ ...one, isDrawn: drawn.includes(one) })), kept: {} };
  const colours = coloursOf(drawn.filter((one) => one.colour === undefined).map((one) => one.key), state.colours);
  const earlier = Object.entries(state.colours ?? {}).filter(([key]) => !colours.has(key)).slice(-MOST_KEPT);
  return {
    lines: all.map((one) => ({ ...one, isDrawn: drawn.includes(one), colour: one.colour ?? colours.get(one.key) })),
    kept: { colours: Object.fromEntries([...earlier, ...colours]) },
  };
}

const KINDS = {
  line: (element, told) => chart(element, told, lineChart),
  bar: (element, told) => chart(element, told, barChart),
  stacked: (element, told) => {
    const addUp = told.lines.every((one) => one.adds || one.isAll);
    chart(element, told, (place, drawn) => barChart(place, { ...drawn, stacked: addUp }), !addUp && "Side by side: these numbers do not add up to a whole.");
  },
  ranking: (element, told) => ranking(element, told),
  share: (element, told) => {
    const whole = wholeOf(told.lines);
    ranking(element, told, whole, whole === null && "Not as shares: these numbers are no parts of a whole.");
  },
  map,
  table: (element, told) => fill(element, matrix(told)),
  number: (element, told) => fill(element, h("div.big-numbers", {}, told.lines.map((one) => bigNumber(one, told)))),
};

function chart(element, told, draw, note) {
  const { lines, labels, unfinished } = told;
  const place = h("div.chart");
  const shown = lines.filter((one) => one.isDrawn);
  const rest = lines.filter((one) => !one.isDrawn && !one.isAll).length;
  fill(element, place,
    note && h("p.quiet.small", {}, note),
    rest > 0 && h("p.quiet.small", {}, `The chart shows the ${MOST_LINES} largest of ${shown.length + rest}.`),
    isCompared(told) && h("p.quiet.small", {}, `Dashed: ${pastText(told)}`),
    totals(told));
  const units = new Set(shown.map((one) => one.unit));
  draw(place, { labels, series: shown, unfinished, axis: units.size === 1 ? axisOf([...units][0]) : undefined, caption: "Numbers by interval", legend: false });
}

function ranking(element, told, whole = null, note = null) {
  const place = h("div.chart.low");
  const groups = told.lines.filter((one) => !one.isAll);
  const ranked = groups.toSorted((a, b) => (b.total ?? -Infinity) - (a.total ?? -Infinity)).slice(0, MOST_RANKED).map((one) => ({ ...one, colour: one.colour ?? REST_COLOUR }));
  fill(element, place,
    note && h("p.quiet.small", {}, note),
    groups.length > ranked.length && h("p.quiet.small", {}, `The chart shows the ${MOST_RANKED} largest of ${groups.length}.`),
    isCompared(told) && whole === null && h("p.quiet.small", {}, `Dashed: ${pastText(told)}`),
    totals(told));
  rankingChart(place, { series: ranked, whole, caption: whole === null ? "Totals, the largest first" : "Shares of all" });
}

// The countries of the first series; what is in no country stands below.
function map(element, told) {
  const lines = told.lines.filter((one) => one.index === told.lines[0].index && !one.isAll);
  const places = lines.filter((one) => isOnMap(one.group)).map((one) => ({ ...one, code: one.group }));
  if (!places.length) {
    fill(element, h("p.empty", {}, "A map needs a breakdown by country: choose $country, or another property whose values are codes of countries such as DE, under Breakdown."), totals(told));
    return;
  }
  const place = h("div.chart.low");
  const elsewhere = lines.filter((one) => !places.some((other) => other.key === one.key) && one.total);
  fill(element, place,
    elsewhere.length > 0 && h("p.quiet.small", {}, `Not on the map: ${elsewhere.map((one) => `${one.name} ${one.format(one.total)}`).join(", ")}.`),
    totals({ ...told, lines: told.lines.map((one) => ({ ...one, isDrawn: false, name: isOnMap(one.group) ? one.name.replace(one.group, `${one.group} · ${countryName(one.group)}`) : one.name })) }));
  worldMap(place, { places, caption: "Totals by country" });
}

// What the totals are parts of: the line of all, if there is one and no group is more than it; else what they add up to, if they do.
function wholeOf(lines) {
  const groups = lines.filter((one) => !one.isAll);
  const sum = groups.reduce((all, one) => all + one.total, 0);
  const all = lines.filter((one) => one.isAll);
  if (new Set(groups.map((one) => one.unit)).size > 1 || !groups.every((one) => one.adds && one.total >= 0) || sum <= 0) return null;
  return all.length === 1 ? Math.max(all[0].total, sum) : sum;
}

const isCompared = ({ answer, before }) => Boolean(answer.compared ?? before);

// The days that are compared with
function pastText({ answer: { compared }, query, queryBefore }) {
  if (!compared) return daysText(queryBefore);
  const [first, last] = [compared.intervals[0], compared.intervals.at(-1)].map((one) => intervalLabel(one, query.interval, timezone));
  return first === last ? first : `${first} – ${last}`;
}

// Averages and the like have no total.
const overall = (lines) => (lines.every((one) => one.isTotal) ? "Total" : "Overall");

const changed = (one) => (one.isNew ? h("span.quiet", { title: `First seen on ${dayOf(one.isNew)}: what is compared with is not whole.` }, "no data before") : change(one.total, one.totalBefore));

const swatch = (one) => h(`span.swatch.${one.isDrawn ? colour(one.colour ?? REST_COLOUR) : "blank"}`);

const row = (one, ...cells) => h(`tr${one.isAll ? ".whole" : ""}`, {}, ...cells);

function totals(told) {
  const { lines } = told;
  const compared = isCompared(told);
  const head = ["", overall(lines), ...(compared ? ["Before", "Change"] : [])];
  return h("div.scroll.totals", { tabindex: "0", role: "region", "aria-label": "Totals" }, h("table.table", {},
    h("thead", {}, h("tr", {}, head.map((text, index) => (index ? h("th.num", { scope: "col" }, text) : h("th", { scope: "col" }, h("span.sr", {}, "Series")))))),
    h("tbody", {}, lines.map((one) => row(one,
      h("th.named", { scope: "row" }, h("span.series-name", {}, swatch(one), h("span.cut", { title: one.name }, one.name))),
      h("td.num", {}, linkedNumber(one.total, one.hrefTotal, one.format)),
      compared && [h("td.num.quiet", {}, one.format(one.totalBefore)), h("td.num", {}, changed(one))])))));
}

function matrix(told) {
  const { lines, labels, unfinished } = told;
  const compared = isCompared(told);
  return h("div.scroll.matrix", { tabindex: "0", role: "region", "aria-label": "Numbers by interval" }, h("table.table", {},
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, h("span.sr", {}, "Series")), h("th.num", { scope: "col" }, overall(lines)), compared && h("th.num", { scope: "col" }, "Change"),
      labels.map((label, index) => h("th.num", { scope: "col" }, label, unfinished[index] && h("span.below", {}, unfinished[index]))))),
    h("tbody", {}, lines.map((one) => row(one,
      h("th.named", { scope: "row" }, h("span.cut", { title: one.name }, one.name)),
      h("td.num", {}, linkedNumber(one.total, one.hrefTotal, one.format)),
      compared && h("td.num", {}, changed(one)),
      one.values.map((value, index) => h("td.num", {}, linkedNumber(value, one.href?.(index), one.format))))))));
}

const bigNumber = (one, told) => h("div", {},
  h("p.quiet.cut", { title: one.name }, one.name),
  h("p.big", {}, linkedNumber(one.total, one.hrefTotal, one.format)),
  isCompared(told) && h("p.small", {}, changed(one), !one.isNew && h("span.quiet", {}, ` from ${one.format(one.totalBefore)}`)));
