// What an insight asks, from its state (insights_view.js): fields, tidied and as the query API takes them.

import { askedBreakdown, tidyBreakdown } from "./answer_parts.js";
import { daysBack } from "./date_range.js";
import { tidyEvents, tidyFilters } from "./event_list.js";
import { MATHS } from "./insight_maths.js";

export const OVER_PEOPLE = { avg: "Average", median: "Median", p90: "90th percentile", min: "Minimum", max: "Maximum" };
export const MOST = { events: 20, formulas: 20, breakdowns: 3, days: 366 };

// `breakdown` is how addresses and saved questions name a single one; tidied, it is in `breakdowns`. `compare`: "previous", "year",
// "7d" (so many days before), or null.
export const asksNothing = { events: [], formulas: [], filters: [], breakdown: null, breakdowns: [], with_total: false, cumulative: false, moving_average: 1, compare: null };

export function tidyAsked(state) {
  const breakdowns = Array.isArray(state.breakdowns) && state.breakdowns.length ? state.breakdowns : [state.breakdown];
  return {
    events: tidyEvents(state.events, MOST.events).map(tidySeries),
    formulas: (Array.isArray(state.formulas) ? state.formulas : []).filter((one) => typeof one?.expression === "string").slice(0, MOST.formulas),
    filters: tidyFilters(state.filters) ?? [],
    breakdown: null,
    breakdowns: breakdowns.filter((one) => tidyBreakdown(one) || Array.isArray(one?.cohorts)).slice(0, MOST.breakdowns),
    moving_average: countOf(state.moving_average) ?? 1,
    compare: tidyComparison(state.compare),
  };
}

// null where something is still to be said.
export function askedOf(state) {
  const events = state.events.filter(isAsked);
  const formulas = state.formulas.filter((one) => one.expression.trim());
  // Their letters are those of the series that are there.
  if (!events.length || (formulas.length && events.length < state.events.length)) return null;
  const breakdowns = state.breakdowns.filter((one) => one.property || one.cohorts?.length);
  return {
    events: events.map(askedSeries),
    formulas: formulas.length ? formulas : undefined,
    filters: tidyFilters(state.filters),
    ...askedBreakdowns(breakdowns),
    with_total: (breakdowns.length > 0 && state.with_total) || undefined,
    cumulative: state.cumulative || undefined,
    moving_average: state.moving_average > 1 ? state.moving_average : undefined,
    compare: askedComparison(state),
  };
}

export const needsProperty = (one) => Boolean(MATHS[one.math]?.of);
const isAsked = (one) => one.event_name !== "" && (!needsProperty(one) || Boolean(one.property));

// A whole number that is asked for, from 1 on.
const countOf = (value, most = MOST.days) => (Number.isInteger(value) && value >= 1 && value <= most ? value : undefined);

const tidySeries = (one) => ({
  ...one,
  math: Object.hasOwn(MATHS, one.math ?? "") && one.math !== "total" ? one.math : undefined,
  per_person: Object.hasOwn(OVER_PEOPLE, one.per_person ?? "") && one.math !== "unique" ? one.per_person : undefined,
  rolling_days: one.math === "unique" ? countOf(one.rolling_days) : undefined,
  name: textOf(one.name),
  unit: textOf(one.unit),
});

const textOf = (value) => (typeof value === "string" && value.trim() ? value : undefined);

const askedSeries = ({ event_name, math = "total", property, filters, per_person, rolling_days, name, unit }) =>
  ({ event_name, math, property: needsProperty({ math }) ? property : undefined, filters, per_person, rolling_days, name, unit });

const isPlain = (one) => !one.cohorts && one.buckets === undefined;

function askedBreakdowns(all) {
  if (!all.length) return {};
  if (all.length === 1 && isPlain(all[0])) return { breakdown: askedBreakdown(all[0]) };
  return { breakdowns: all.map((one) => (isPlain(one) ? askedBreakdown(one) : one.cohorts ? { cohorts: one.cohorts } : { property: one.property, on: one.on, buckets: one.buckets })) };
}

const DAYS = /^([1-9]\d{0,3})d$/;

function tidyComparison(compare) {
  const { days, period } = compare ?? {};
  const text = countOf(days, 3660) ? `${days}d` : (period ?? compare);
  if (text === true || text === 1 || text === "previous") return "previous";
  return text === "year" || DAYS.test(text ?? "") ? text : null;
}

// Of weeks, months … that have begun, as much of the ones before.
function askedComparison({ compare, range }) {
  if (!compare || range === "all") return undefined;
  if (compare === "year") return { period: "year" };
  const days = compare === "previous" ? daysBack(range) : Number(DAYS.exec(compare)[1]);
  return days ? { days } : { period: "previous" };
}
