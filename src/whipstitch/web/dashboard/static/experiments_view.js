// Experiments: the question's state, its query and how the answer is shown; the page and boards use it (question.js).

import { nothingHappened, tidyBreakdown } from "./answer_parts.js";
import { intervalFor } from "./date_range.js";
import { fill, h } from "./dom.js";
import { tidyEvents, tidyFilters } from "./event_list.js";
import { drawOverTime, drawVariants, verdict } from "./experiment_answer.js";
import { UNITS, windowOf, windowText } from "./funnels_view.js";

export const MATHS = { unique: "Do this at all", total: "How often they do this", sum: "The sum of a property", avg: "The mean of a property", way: "Take every step of a way" };
export const WITHIN = { "": "until the range ends", "1d": "within a day", "7d": "within 7 days", "14d": "within 14 days", "30d": "within 30 days" };
export const SHOWN = { variants: "Variants", time: "Over time" };
export const INTERVALS = { hour: "by hour", day: "by day", week: "by week", month: "by month" };
export const MOST_VARIANTS = 9;
const STEPS = 20;
const WINDOW = "14d";
const LEAST = 10; // percent

const NONE = { event_name: "" };
const secondsOf = (text) => {
  const { count, unit } = windowOf(text);
  return count * UNITS[unit].seconds;
};
const oneOf = (item) => tidyEvents([item])[0] ?? NONE;
const texts = (list) => (Array.isArray(list) ? [...new Set(list.filter((one) => typeof one === "string" && one))] : []).slice(0, MOST_VARIANTS);

export const view = {
  surface: "experiments",
  unequalled: true,
  defaults: { exposure: NONE, shown: null, control: "", variants: [], math: "unique", goal: NONE, property: "", steps: [], window: WINDOW, within: "", least: LEAST, filters: [], interval: "", show: "variants" },

  tidy: (state) => ({
    ...state,
    exposure: oneOf(state.exposure),
    shown: tidyBreakdown(state.shown),
    variants: texts(state.variants).filter((one) => one !== state.control),
    math: MATHS[state.math] ? state.math : "unique",
    goal: oneOf(state.goal),
    steps: tidyEvents(state.steps, STEPS),
    window: windowOf(state.window) ? state.window : WINDOW,
    within: Object.hasOwn(WITHIN, state.within) ? state.within : "",
    least: state.least >= 0.1 && state.least <= 1000 ? state.least : LEAST,
    filters: tidyFilters(state.filters) ?? [],
    interval: INTERVALS[state.interval] ? state.interval : "",
    show: SHOWN[state.show] ? state.show : "variants",
  }),

  read({ variant, goal = {}, within_seconds: within, least_effect: least, ...query }) {
    const { steps, window_seconds: window, math, property, ...event } = goal;
    return {
      ...query, shown: variant, math: steps ? "way" : (math ?? "unique"),
      ...(steps ? { steps } : { goal: event, property: property ?? "" }),
      ...(window ? { window: windowText(window) } : {}), ...(within ? { within: windowText(within) } : {}), ...(least ? { least: Math.round(least * 1e6) / 1e4 } : {}),
    };
  },

  query(state) {
    const goal = goalOf(state);
    if (state.exposure.event_name === "" || !state.shown || !state.control || !state.variants.length || !goal) return null;
    return {
      exposure: state.exposure, variant: { property: state.shown.property, on: state.shown.on }, control: state.control, variants: state.variants, goal,
      within_seconds: state.within ? secondsOf(state.within) : undefined, least_effect: state.least / 100,
      filters: tidyFilters(state.filters), interval: state.interval || intervalFor(state.range),
    };
  },

  missing: ({ exposure, shown, control, variants }) => (exposure.event_name === "" ? "Choose the event that shows people a variant, the property that says which, and the goal: how the variants compare is drawn here."
    : !shown || !control || !variants.length ? "Choose the property that says which variant it was, the control and at least one other variant."
      : "Choose the goal: what people are to do."),

  draw(element, found) {
    if (found.answer.variants.every((one) => !one.people) && !found.answer.several) {
      fill(element, nothingHappened(found.state));
      return null;
    }
    const place = h("div.chart");
    return (found.state.show === "time" ? drawOverTime : drawVariants)(element, place, verdict(found), found);
  },
};

function goalOf({ math, goal, property, steps, window }) {
  if (math === "way") {
    const chosen = steps.filter((one) => one.event_name !== "");
    return chosen.length ? { steps: chosen, window_seconds: secondsOf(window) } : null;
  }
  const ofNumbers = math === "sum" || math === "avg";
  if (goal.event_name === "" || (ofNumbers && !property)) return null;
  return { ...goal, math: math === "unique" ? undefined : math, property: ofNumbers ? property : undefined };
}
