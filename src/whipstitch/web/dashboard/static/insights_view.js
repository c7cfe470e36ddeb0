// Insights: the question's state, its query and how the answer is shown; the page and boards use it (question.js).

import { askedBreakdown, tidyBreakdown } from "./answer_parts.js";
import { cohorts } from "./cohort_source.js";
import { daysIn, intervalFor, today } from "./date_range.js";
import { tidyEvents, tidyFilters } from "./event_list.js";
import { drawInsights } from "./insight_answer.js";
import { groupingsOf } from "./insight_lines.js";
import { MATHS } from "./insight_maths.js";
import { firstSeen } from "./lexicon_source.js";

export const INTERVALS = { hour: "Hours", day: "Days", week: "Weeks", month: "Months" };
export const VIEWS = { line: "Line", bar: "Bars", stacked: "Stacked", ranking: "Ranking", share: "Shares", map: "Map", table: "Table", number: "Number" };
const MOST_HOURS = 31;
const MOST_COUNTRIES = 100; // as many values as stand alone
const EVENTS = 20;

// Too many hours are no picture.
export const intervalOf = (state) =>
  INTERVALS[state.interval] && !(state.interval === "hour" && daysIn(state.range) > MOST_HOURS) ? state.interval : intervalFor(state.range);

export const view = {
  surface: "insights",
  defaults: { events: [], filters: [], breakdown: null, interval: "", view: "line", colours: {} },
  // What is no part of the question, and changes by itself.
  unasked: ["colours"],

  tidy(state) {
    return {
      ...state,
      events: tidyEvents(state.events, EVENTS).map((one) => ({ ...one, math: MATHS[one.math] && one.math !== "total" ? one.math : undefined })),
      filters: tidyFilters(state.filters) ?? [],
      breakdown: tidyBreakdown(state.breakdown),
      view: VIEWS[state.view] ? state.view : "line",
      colours: state.colours && typeof state.colours === "object" ? state.colours : {},
    };
  },

  query(state) {
    const events = state.events.filter(isAsked).map((one) => ({ event_name: one.event_name, math: one.math ?? "total", property: needsProperty(one) ? one.property : undefined, filters: one.filters }));
    if (!events.length) return null;
    return { events, interval: intervalOf(state), filters: tidyFilters(state.filters), breakdown: askedBreakdown(state.view === "map" && state.breakdown ? { ...state.breakdown, limit: MOST_COUNTRIES } : state.breakdown) };
  },

  missing: (state) => (state.events.some(needsProperty) ? "Choose the property that the numbers are of." : "Choose an event: what it counts is drawn here."),

  // Of a series without groups nothing comes back, so each is asked for under its number: then it is known whose groups are whose.
  parts: (query) => [groupingsOf(query).length ? { ...query, events: query.events.map(numbered(0)), formulas: query.formulas?.map(numbered(query.events.length)) } : query],

  async joined([answer], query) {
    const lines = (series) => series.map((one, place) => ({ ...one, index: groupingsOf(query).length ? Number(one.name) : place }));
    const isCompared = query.compare || query.to <= today();
    return {
      ...answer,
      series: lines(answer.series),
      compared: answer.compared && { ...answer.compared, series: lines(answer.compared.series) },
      firstSeen: isCompared ? await firstSeen().catch(() => ({})) : undefined,
      cohortNames: groupingsOf(query).some((one) => one.cohorts) ? Object.fromEntries((await cohorts()).map((one) => [one.id, one.name])) : undefined,
    };
  },

  draw: drawInsights,
};

const numbered = (first) => (one, place) => ({ ...one, name: String(first + place) });

const needsProperty = (one) => Boolean(MATHS[one.math]?.of);
const isAsked = (one) => one.event_name !== "" && (!needsProperty(one) || Boolean(one.property));
