// What Stickiness and Lifecycle have in common: an event, an interval and filters, from whose state a view is made.

import { daysIn } from "./date_range.js";
import { tidyFilters } from "./event_list.js";

export const INTERVALS = { day: "Days", week: "Weeks", month: "Months" };

const usualInterval = ({ range }) => (daysIn(range) <= 62 ? "day" : daysIn(range) <= 190 ? "week" : "month");
export const intervalOf = (state) => (Object.hasOwn(INTERVALS, state.interval) ? state.interval : usualInterval(state));
export const isUsual = (state, interval) => interval === usualInterval(state);

// `shown`: the ways to show the answer, the first the usual one. `event`: { event_name }, where null is any event and "" one that is
// still to be chosen.
export const activityView = ({ surface, shown, missing, draw }) => ({
  surface,
  shown,
  unequalled: true,
  defaults: { event: { event_name: "" }, interval: "", filters: [], view: Object.keys(shown)[0] },

  tidy: (state) => ({
    ...state,
    event: { event_name: state.event?.event_name === null || typeof state.event?.event_name === "string" ? state.event.event_name : "" },
    interval: Object.hasOwn(INTERVALS, state.interval) ? state.interval : "",
    filters: tidyFilters(state.filters) ?? [],
    view: Object.hasOwn(shown, state.view) ? state.view : Object.keys(shown)[0],
  }),

  // What a query leaves out is the API's usual, not the page's.
  read: ({ event_name = "", interval = "day", ...query }) => ({ ...query, event: { event_name }, interval }),

  query: (state) => (state.event.event_name === "" ? null : { event_name: state.event.event_name, interval: intervalOf(state), filters: tidyFilters(state.filters) }),

  missing: () => missing,
  draw,
});
