// Insights: the question's state, its query and how the answer is shown; the page and boards use it (question.js).

import { cohorts } from "./cohort_source.js";
import { daysIn, intervalFor, today } from "./date_range.js";
import { drawInsights } from "./insight_answer.js";
import { groupingsOf } from "./insight_lines.js";
import { askedOf, asksNothing, needsProperty, tidyAsked } from "./insight_state.js";
import { firstSeen } from "./lexicon_source.js";

export const INTERVALS = { hour: "Hours", day: "Days", week: "Weeks", month: "Months" };
export const VIEWS = { line: "Line", bar: "Bars", stacked: "Stacked", ranking: "Ranking", share: "Shares", map: "Map", table: "Table", number: "Number" };
const MOST_HOURS = 31;
const MOST_COUNTRIES = 100; // as many values as stand alone

// Too many hours are no picture.
export const intervalOf = (state) =>
  INTERVALS[state.interval] && !(state.interval === "hour" && daysIn(state.range) > MOST_HOURS) ? state.interval : intervalFor(state.range);

export const view = {
  surface: "insights",
  defaults: { ...asksNothing, interval: "", view: "line", colours: {} },
  // What is no part of the question, and changes by itself.
  unasked: ["colours"],
  compares: true,

  tidy(state) {
    return {
      ...state,
      ...tidyAsked(state),
      view: VIEWS[state.view] ? state.view : "line",
      colours: state.colours && typeof state.colours === "object" ? state.colours : {},
    };
  },

  query(state) {
    const asked = askedOf(state.view === "map" ? { ...state, breakdowns: state.breakdowns.map(whole) } : state);
    return asked && { ...asked, interval: intervalOf(state) };
  },

  missing(state) {
    if (state.events.some(needsProperty)) return "Choose the property that the numbers are of.";
    return state.formulas.length ? "Choose all events: formulas are about them." : "Choose an event: what it counts is drawn here.";
  },

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

// A map shows every country.
const whole = (by) => (by.property && by.buckets === undefined ? { ...by, limit: MOST_COUNTRIES } : by);
