// Funnels: the question's state, its query and how the answer is shown; the page and boards use it (question.js).

import { askedBreakdown, groupAsked, groupLabel, linkedNumber, nothingHappened, tidyBreakdown } from "./answer_parts.js";
import { fill, h } from "./dom.js";
import { tidyEvents, tidyFilters } from "./event_list.js";
import { OPERATORS } from "./filter_editor.js";
import { change, daysText, duration, number, percent } from "./format.js";
import { funnelChart } from "./funnel_chart.js";
import { eventLabel } from "./lexicon_source.js";
import { peopleLink } from "./people_behind.js";

export const ORDERS = { ordered: "One step after another", strict: "With nothing in between", unordered: "In any order" };
export const UNITS = { d: { text: "days", seconds: 86_400 }, h: { text: "hours", seconds: 3600 }, m: { text: "minutes", seconds: 60 }, s: { text: "seconds", seconds: 1 } };
const WINDOW = "14d";
const LONGEST = 10 * 366 * 86_400;
const STEPS = 20;
const MOST_GROUPS = 8;

// "14d" as { count, unit }, null where it is no time to wait.
export function windowOf(text) {
  const [, count, unit] = /^([1-9]\d{0,8})([dhms])$/.exec(text) ?? [];
  return unit && count * UNITS[unit].seconds <= LONGEST ? { count: Number(count), unit } : null;
}

export const windowText = (seconds) => {
  const [letter, unit] = Object.entries(UNITS).find(([, { seconds: size }]) => seconds % size === 0);
  return `${seconds / unit.seconds}${letter}`;
};

const secondsOf = (text) => {
  const { count, unit } = windowOf(text);
  return count * UNITS[unit].seconds;
};

export const view = {
  surface: "funnels",
  defaults: { steps: [], order: "ordered", window: WINDOW, filters: [], breakdown: null },

  tidy: (state) => ({
    ...state,
    steps: tidyEvents(state.steps, STEPS),
    order: ORDERS[state.order] ? state.order : "ordered",
    window: windowOf(state.window) ? state.window : WINDOW,
    filters: tidyFilters(state.filters) ?? [],
    breakdown: tidyBreakdown(state.breakdown),
  }),

  read: ({ window_seconds: seconds, ...query }) => ({ ...query, window: Number.isInteger(seconds) && seconds > 0 ? windowText(seconds) : WINDOW }),

  query(state) {
    const steps = state.steps.filter((one) => one.event_name !== "").map(({ event_name, filters }) => ({ event_name, filters }));
    if (!steps.length) return null;
    return { steps, order: state.order, window_seconds: secondsOf(state.window), filters: tidyFilters(state.filters), breakdown: askedBreakdown(state.breakdown) };
  },

  missing: () => "Choose the events of the first steps: how many people get from one to the next is drawn here.",

  draw(element, found) {
    if (!found.answer.steps[0].count) {
      fill(element, nothingHappened(found.state));
      return null;
    }
    const names = stepNames(found.query);
    const whole = lineOf(found, names);
    const groups = (found.answer.breakdowns ?? []).map((one) => lineOf(found, names, one));
    const shown = groups.length ? groups.slice(0, MOST_GROUPS) : [whole];
    const place = h(`div.chart.funnel${groups.length ? ".grouped" : ""}`);
    fill(element, summary(whole, found), place,
      groups.length > shown.length && h("p.quiet.small", {}, `The chart shows the first ${MOST_GROUPS} of ${number(groups.length)}.`),
      found.before && h("p.quiet.small", {}, `Dashed: ${daysText(found.queryBefore)}`),
      groups.length ? groupTable([whole, ...groups], shown, names, found) : stepTable(whole, names, found));
    funnelChart(place, { steps: names.map((name, index) => ({ name, note: `${number(whole.steps[index].count)} in all` })), series: shown, caption: "How many people took each step" });
    return { corner: "step", labels: names, series: (groups.length ? [whole, ...groups] : [whole]).flatMap((one) => columns(one, groups.length > 0)) };
  },
};

// Of an unordered funnel nobody knows which event is the n-th.
const stepNames = ({ steps, order }) =>
  steps.map((one, index) => (order === "unordered" && steps.length > 1 ? `${index + 1} of ${steps.length}` : [eventLabel(one.event_name), ...(one.filters ?? []).map(filterText)].join(" · ")));

const filterText = ({ property, operator, value, cohort }) =>
  cohort ? `${operator === "not_in" ? "not in" : "in"} a cohort` : [property, OPERATORS[operator]?.text ?? operator, [value ?? []].flat().join(" or ")].join(" ").trim();

// Everybody, or one group of a breakdown: { name, total, steps, before, stepsBefore }, as funnelChart() takes it.
function lineOf({ answer, before, query }, names, group = null) {
  const value = group && groupLabel(group.value, group.is_value);
  const behind = (step, outcome, title) =>
    peopleLink("funnels", query, { step, outcome, ...(group ? groupAsked(group.value, group.is_value) : {}) }, `${title}${group ? ` · ${query.breakdown.property}: ${value}` : ""}`);
  const told = (steps) => steps.map((one, index) => ({
    count: one.count, fromFirst: one.conversion_from_first, fromPrevious: one.conversion_from_previous, median: one.median_seconds_from_previous,
    dropped: index ? steps[index - 1].count - one.count : 0,
  }));
  const past = before && (group ? before.breakdowns?.find((one) => one.value === group.value && one.is_value === group.is_value)?.steps : before.steps);
  const stepsBefore = before && told(past ?? names.map(() => ({ count: 0, conversion_from_first: 0, conversion_from_previous: 0, median_seconds_from_previous: null })));
  return {
    name: group ? value : "All people",
    stepsBefore,
    before: past && stepsBefore.map((one) => one.fromFirst),
    steps: told((group ?? answer).steps).map((one, index) => ({
      ...one,
      href: one.count ? behind(index + 1, "converted", `Took step ${index + 1}, ${names[index]}`) : null,
      hrefDropped: one.dropped ? behind(index + 1, "dropped", `Dropped out before step ${index + 1}, ${names[index]}`) : null,
    })),
  };
}

function summary({ steps, stepsBefore }, { state }) {
  const last = steps.at(-1);
  const { count, unit } = windowOf(state.window);
  return h("p.answer-sum", {}, h("strong", {}, percent(last.fromFirst)),
    h("span.quiet", {}, ` ${number(last.count)} of ${number(steps[0].count)} people took every step within ${number(count)} ${count === 1 ? UNITS[unit].text.slice(0, -1) : UNITS[unit].text}`,
      stepsBefore && `; before: ${percent(stepsBefore.at(-1).fromFirst)} of ${number(stepsBefore[0].count)}`));
}

const region = (label, ...rows) => h("div.scroll.totals", { tabindex: "0", role: "region", "aria-label": label }, h("table.table.tight", {}, rows));
const heading = (text) => h("th.num", { scope: "col" }, text);

function stepTable({ steps, stepsBefore }, names, { before }) {
  return region("Steps",
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Step"), ["People", "Dropped", "Of first", ...(before ? ["Before", "Change"] : []), "Of previous", "Median"].map(heading))),
    h("tbody", {}, steps.map((one, index) => h("tr", {},
      h("th", { scope: "row" }, h("span.series-name", {}, h("span.mark", {}, index + 1), h("span.cut", { title: names[index] }, names[index]))),
      h("td.num", {}, linkedNumber(one.count, one.href)),
      h("td.num", {}, index ? linkedNumber(one.dropped, one.hrefDropped) : "—"),
      h("td.num", {}, percent(one.fromFirst)),
      before && [h("td.num.quiet", {}, percent(stepsBefore[index].fromFirst)), h("td.num", {}, change(one.fromFirst, stepsBefore[index].fromFirst))],
      h("td.num", {}, index ? percent(one.fromPrevious) : "—"),
      h("td.num", {}, duration(one.median))))));
}

function groupTable(lines, shown, names, { before }) {
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
function columns({ name, steps, stepsBefore }, grouped) {
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
