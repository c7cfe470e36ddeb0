// Insights: the question's state, its query and how the answer is shown; the page and boards use it (question.js).

import { askedBreakdown, tidyBreakdown } from "./answer_parts.js";
import { daysIn, intervalFor } from "./date_range.js";
import { tidyEvents, tidyFilters } from "./event_list.js";
import { drawInsights } from "./insight_answer.js";
import { MATHS } from "./insight_maths.js";

export const INTERVALS = { hour: "Hours", day: "Days", week: "Weeks", month: "Months" };
export const VIEWS = { line: "Line", bar: "Bars", table: "Table", number: "Number" };
const MOST_HOURS = 31;
const EVENTS = 20;

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

  draw: drawInsights,
};

const needsProperty = (one) => Boolean(one.math) && !MATHS[one.math]?.counts;
const isAsked = (one) => one.event_name !== "" && (!needsProperty(one) || Boolean(one.property));
