// Funnels: the question's state, its query and how the answer is shown; the page and boards use it (question.js).

import { askedBreakdown, groupAsked, groupLabel, nothingHappened, tidyBreakdown } from "./answer_parts.js";
import { fill, h } from "./dom.js";
import { tidyEvents, tidyFilters } from "./event_list.js";
import { OPERATORS } from "./filter_editor.js";
import { daysText, number, percent } from "./format.js";
import { intervalFor } from "./date_range.js";
import { funnelChart } from "./funnel_chart.js";
import { drawCorrelation } from "./funnel_correlation.js";
import { MOST_EXCLUSIONS } from "./funnel_editor_parts.js";
import { columns, groupTable, stepTable } from "./funnel_tables.js";
import { drawHistogram, drawOverTime } from "./funnel_time.js";
import { eventLabel } from "./lexicon_source.js";
import { peopleLink } from "./people_behind.js";

export const ORDERS = { ordered: "One step after another", strict: "With nothing in between", unordered: "In any order" };
export const UNITS = { d: { text: "days", seconds: 86_400 }, h: { text: "hours", seconds: 3600 }, m: { text: "minutes", seconds: 60 }, s: { text: "seconds", seconds: 1 } };
export const SHOWN = { steps: "Steps", time: "Over time", histogram: "Time to convert", correlation: "Correlation" };
export const INTERVALS = { hour: "by hour", day: "by day", week: "by week", month: "by month" };
const BUCKETS = 12;
const CORRELATIONS = 50;
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
  defaults: { steps: [], order: "ordered", window: WINDOW, exclusions: [], filters: [], breakdown: null, second: null, show: "steps", interval: "" },

  tidy: (state) => ({
    ...state,
    steps: tidyEvents(state.steps, STEPS).map(({ any_of, ...one }) => ({ ...one, any_of: any_of && tidyEvents(any_of) })),
    exclusions: tidyEvents(state.exclusions, MOST_EXCLUSIONS),
    order: ORDERS[state.order] ? state.order : "ordered",
    window: windowOf(state.window) ? state.window : WINDOW,
    filters: tidyFilters(state.filters) ?? [],
    breakdown: tidyBreakdown(state.breakdown),
    second: tidyBreakdown(state.second),
    show: SHOWN[state.show] ? state.show : "steps",
    interval: INTERVALS[state.interval] ? state.interval : "",
  }),

  read: ({ window_seconds: seconds, breakdowns, interval, histogram, correlations, ...query }) => ({
    ...query,
    window: Number.isInteger(seconds) && seconds > 0 ? windowText(seconds) : WINDOW,
    show: interval ? "time" : histogram ? "histogram" : correlations ? "correlation" : "steps",
    ...(interval ? { interval } : {}),
    ...(breakdowns?.length ? { breakdown: breakdowns[0], second: breakdowns[1] ?? null } : {}),
  }),

  query(state) {
    const steps = chosen(state.steps).map(({ event_name, filters, any_of, optional }, index) => ({
      event_name, filters, any_of: any_of && chosen(any_of).map((one) => ({ event_name: one.event_name, filters: one.filters })),
      optional: (optional === true && index > 0 && state.order !== "unordered") || undefined,
    }));
    const correlates = state.show === "correlation";
    if (!steps.length || (correlates && steps.filter((one) => !one.optional).length < 2)) return null;
    // What goes together with converting is told of everybody.
    const several = state.breakdown && state.second && !correlates;
    return {
      steps, order: state.order, window_seconds: secondsOf(state.window), filters: tidyFilters(state.filters), exclusions: excluded(state, steps),
      breakdown: several || correlates ? undefined : askedBreakdown(state.breakdown),
      breakdowns: several ? [state.breakdown, state.second].map(askedBreakdown) : undefined,
      interval: state.show === "time" ? state.interval || intervalFor(state.range) : undefined,
      histogram: state.show === "histogram" ? BUCKETS : undefined,
      correlations: correlates ? CORRELATIONS : undefined,
    };
  },

  missing: ({ show }) => (show === "correlation" ? "Choose two steps that are not optional: what goes together with getting from the first to the last is drawn here."
    : "Choose the events of the first steps: how many people get from one to the next is drawn here."),

  draw(element, found) {
    if (!found.answer.steps[0].count) {
      fill(element, nothingHappened(found.state));
      return null;
    }
    const names = stepNames(found.query);
    const whole = lineOf(found, names);
    const groups = (found.answer.breakdowns ?? []).map((one) => lineOf(found, names, one));
    if (found.query.interval) return drawOverTime(element, found, groups.length ? groups : [whole]);
    if (found.query.correlations) return drawCorrelation(element, found, whole);
    if (found.query.histogram) return drawHistogram(element, found, [whole, ...groups]);
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

const chosen = (events) => events.filter((one) => one.event_name !== "");

// Ends that there are not, any more, are left out.
function excluded(state, steps) {
  const list = steps.length > 1 ? chosen(state.exclusions) : [];
  if (!list.length) return undefined;
  return list.map(({ event_name, filters, from_step: from, to_step: to }) => {
    const fits = state.order !== "unordered" && (from ?? 1) < (to ?? steps.length) && (to ?? 1) <= steps.length;
    return { event_name, filters, ...(fits ? { from_step: from, to_step: to } : {}) };
  });
}

// Of an unordered funnel nobody knows which event is the n-th.
const stepNames = ({ steps, order }) =>
  steps.map((one, index) => (order === "unordered" && steps.length > 1 ? `${index + 1} of ${steps.length}` : stepText(one)));

const matchText = (one) => [eventLabel(one.event_name), ...(one.filters ?? []).map(filterText)].join(" · ");
const stepText = (one) => `${[one, ...(one.any_of ?? [])].map(matchText).join(" or ")}${one.optional ? " (optional)" : ""}`;

const filterText = ({ property, operator, value, cohort }) =>
  cohort ? `${operator === "not_in" ? "not in" : "in"} a cohort` : [property, OPERATORS[operator]?.text ?? operator, [value ?? []].flat().join(" or ")].join(" ").trim();

// The last step before that must not be left out.
const previousOf = ({ steps }, index) => steps.findLastIndex((one, at) => at < index && !one.optional);

// Everybody, or one group of a breakdown: { name, total, steps, before, stepsBefore }, as funnelChart() takes it.
function lineOf({ answer, before, query }, names, group = null) {
  const values = group && (group.breakdowns ?? [group.value]);
  const value = values?.map((one, index) => groupLabel(one, group.are_values?.[index] ?? group.is_value)).join(" · ");
  const by = (query.breakdowns ?? [query.breakdown]).map((one) => one?.property).join(" · ");
  const theirs = group ? (group.breakdowns ? { breakdowns: values, are_values: group.are_values ?? values.map(() => false) } : groupAsked(group.value, group.is_value)) : {};
  const people = (peopleOf, title, count) => peopleLink("funnels", query, { ...peopleOf, ...theirs }, `${title}${group ? ` · ${by}: ${value}` : ""}`, number(count));
  const behind = (step, outcome, title, count) => people({ step, outcome }, title, count);
  const told = (steps) => steps.map((one, index) => ({
    count: one.count, fromFirst: one.conversion_from_first, fromPrevious: one.conversion_from_previous, median: one.median_seconds_from_previous,
    dropped: index ? steps[previousOf(query, index)].count - one.count : 0,
  }));
  const former = before && (group ? before.breakdowns?.find((one) => String(one.breakdowns ?? one.value) === String(group.breakdowns ?? group.value) && one.is_value === group.is_value) : before);
  const past = former?.steps;
  const stepsBefore = before && told(past ?? names.map(() => ({ count: 0, conversion_from_first: 0, conversion_from_previous: 0, median_seconds_from_previous: null })));
  return {
    name: group ? value : "All people",
    group,
    behind: people,
    former,
    stepsBefore,
    before: past && stepsBefore.map((one) => one.fromFirst),
    steps: told((group ?? answer).steps).map((one, index) => ({
      ...one,
      href: one.count ? behind(index + 1, "converted", `Took step ${index + 1}, ${names[index]}`, one.count) : null,
      former: index ? previousOf(query, index) : 0,
      optional: query.steps[index].optional === true,
      hrefDropped: one.dropped ? behind(index + 1, "dropped", `${query.steps[index].optional ? "Left out" : "Dropped out before"} step ${index + 1}, ${names[index]}`, one.dropped) : null,
    })),
  };
}

function summary({ steps, stepsBefore }, { state, query }) {
  const end = query.steps.findLastIndex((one) => !one.optional);
  const last = steps[end];
  const { count, unit } = windowOf(state.window);
  return h("p.answer-sum", {}, h("strong", {}, percent(last.fromFirst)),
    h("span.quiet", {}, ` ${number(last.count)} of ${number(steps[0].count)} people took every step within ${number(count)} ${count === 1 ? UNITS[unit].text.slice(0, -1) : UNITS[unit].text}`,
      stepsBefore && `; before: ${percent(stepsBefore[end].fromFirst)} of ${number(stepsBefore[0].count)}`));
}
