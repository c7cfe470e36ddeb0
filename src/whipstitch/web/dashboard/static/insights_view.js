// Insights: the question's state, its query and how the answer is shown; the page and boards use it (question.js).

import { askedBreakdown, groupAsked, groupLabel, linkedNumber, nothingHappened, tidyBreakdown } from "./answer_parts.js";
import { timezone } from "./api.js";
import { barChart, lineChart } from "./charts.js";
import { daysIn, intervalFor } from "./date_range.js";
import { fill, h } from "./dom.js";
import { tidyEvents, tidyFilters } from "./event_list.js";
import { change, daysText, intervalIso, intervalLabel, number } from "./format.js";
import { eventLabel } from "./lexicon_source.js";
import { peopleLink } from "./people_behind.js";

// `counts`: of events or people, so that there are people behind it; `adds`: parts make a whole.
export const MATHS = {
  total: { text: "Total events", counts: true, adds: true },
  unique: { text: "People", said: "people", counts: true },
  sum: { text: "Sum of", said: "sum of", adds: true },
  avg: { text: "Average of", said: "average of" },
  min: { text: "Minimum of", said: "minimum of" },
  max: { text: "Maximum of", said: "maximum of" },
  p50: { text: "Median of", said: "median of" },
  p95: { text: "95th percentile of", said: "95th percentile of" },
};
export const INTERVALS = { hour: "Hours", day: "Days", week: "Weeks", month: "Months" };
export const VIEWS = { line: "Line", bar: "Bars", table: "Table", number: "Number" };
const MOST_LINES = 8;
const MOST_HOURS = 31;
const EVENTS = 20;

export const letter = (index) => String.fromCharCode(65 + index);

// Too many hours are no picture.
export const intervalOf = (state) =>
  INTERVALS[state.interval] && !(state.interval === "hour" && daysIn(state.range) > MOST_HOURS) ? state.interval : intervalFor(state.range);

export const view = {
  surface: "insights",
  defaults: { events: [], filters: [], breakdown: null, interval: "", view: "line" },

  tidy(state) {
    return {
      ...state,
      events: tidyEvents(state.events, EVENTS).map((one) => ({ ...one, math: MATHS[one.math] && one.math !== "total" ? one.math : undefined })),
      filters: tidyFilters(state.filters) ?? [],
      breakdown: tidyBreakdown(state.breakdown),
      view: VIEWS[state.view] ? state.view : "line",
    };
  },

  query(state) {
    const events = state.events.filter(isAsked).map((one) => ({ event_name: one.event_name, math: one.math ?? "total", property: needsProperty(one) ? one.property : undefined, filters: one.filters }));
    if (!events.length) return null;
    return { events, interval: intervalOf(state), filters: tidyFilters(state.filters), breakdown: askedBreakdown(state.breakdown) };
  },

  missing: (state) => (state.events.some(needsProperty) ? "Choose the property that the numbers are of." : "Choose an event: what it counts is drawn here."),

  // Of a series without groups nothing comes back: asked for alone, it is known whose groups are whose.
  parts: (query) => (query.breakdown ? query.events.map((one) => ({ ...query, events: [one] })) : [query]),
  joined: (answers, query) => ({
    intervals: answers[0].intervals,
    series: answers.flatMap((answer, part) => answer.series.map((one, index) => ({ ...one, index: query.breakdown ? part : index }))),
  }),

  draw(element, found) {
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
  },
};

const needsProperty = (one) => Boolean(one.math) && !MATHS[one.math]?.counts;
// An average, an extreme or a percentile: of no numbers there is none.
const isOfNumbers = ({ math }) => !MATHS[math].counts && !MATHS[math].adds;
const isAsked = (one) => one.event_name !== "" && (!needsProperty(one) || Boolean(one.property));

function eventText(one) {
  const { said } = MATHS[one.math];
  return [eventLabel(one.event_name), said && [said, one.property].filter(Boolean).join(" ")].filter(Boolean).join(" · ");
}

// [{ name, values, total, before, totalBefore, href(index), hrefTotal, adds }], a line a series or group of one.
function linesOf({ answer, before, query }, labels) {
  const texts = query.events.map(eventText);
  const told = (index) => (texts.indexOf(texts[index]) === texts.lastIndexOf(texts[index]) ? texts[index] : `${letter(index)} ${texts[index]}`);
  return answer.series.map((one) => {
    const event = query.events[one.index];
    const group = query.breakdown ? groupLabel(one.breakdown, one.is_value) : "";
    const name = query.breakdown ? (query.events.length > 1 ? `${told(one.index)} · ${group}` : group) : told(one.index);
    const { counts } = MATHS[event.math];
    const none = isOfNumbers(event) ? null : 0;
    const past = before?.series.find((other) => other.index === one.index && other.breakdown === one.breakdown && other.is_value === one.is_value);
    const behind = (more, when) => peopleLink("insights", query, { series: one.index, ...(query.breakdown ? groupAsked(one.breakdown, one.is_value) : {}), ...more }, `${told(one.index)}${group && ` · ${query.breakdown.property}: ${group}`}${when}`);
    return {
      name, values: one.values, total: one.total, adds: MATHS[event.math].adds, counts,
      before: before ? labels.map((_, index) => past?.values[index] ?? none) : undefined,
      totalBefore: before ? (past?.total ?? none) : null,
      href: counts ? (index) => (one.values[index] ? behind({ interval: answer.intervals[index] }, `, ${labels[index]}`) : null) : undefined,
      hrefTotal: counts && one.total ? behind({}, "") : null,
    };
  });
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
