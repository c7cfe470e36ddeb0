// Retention: the question's state, its query and how the answer is shown; the page and boards use it (question.js).

import { linkedNumber, nothingHappened } from "./answer_parts.js";
import { timezone } from "./api.js";
import { lineChart } from "./charts.js";
import { afterIntervals, daysIn, today } from "./date_range.js";
import { fill, h } from "./dom.js";
import { tidyFilters } from "./event_list.js";
import { daysText, intervalIso, intervalLabel, number, percent } from "./format.js";
import { eventLabel } from "./lexicon_source.js";
import { peopleLink } from "./people_behind.js";

export const MODES = { classic: "Whenever they did it", first_time: "When they first did it" };
export const INTERVALS = { day: "Days", week: "Weeks", month: "Months" };
export const VIEWS = { share: "Percent", count: "People" };
// More columns than that are no picture.
export const MOST_PERIODS = 60;
const ONE = { day: "Day", week: "Week", month: "Month" };
const PERIODS = 8;
const HEATS = 8;

export const usualInterval = ({ range }) => (daysIn(range) <= 14 ? "day" : daysIn(range) <= 120 ? "week" : "month");
export const intervalOf = (state) => (INTERVALS[state.interval] ? state.interval : usualInterval(state));

// `start` and `back`: { event_name }, where null is any event and "" one that is still to be chosen.
const tidyEvent = (one, usual) => (one && (one.event_name === null || typeof one.event_name === "string") ? { event_name: one.event_name } : { event_name: usual });

export const view = {
  surface: "retention",
  defaults: { start: { event_name: "" }, back: { event_name: null }, mode: "first_time", interval: "", periods: PERIODS, filters: [], view: "share" },

  tidy: (state) => ({
    ...state,
    start: tidyEvent(state.start, ""),
    back: tidyEvent(state.back, null),
    mode: MODES[state.mode] ? state.mode : "first_time",
    interval: INTERVALS[state.interval] ? state.interval : "",
    periods: Number.isInteger(state.periods) ? Math.min(MOST_PERIODS, Math.max(1, state.periods)) : PERIODS,
    filters: tidyFilters(state.filters) ?? [],
    view: VIEWS[state.view] ? state.view : "share",
  }),

  // What a query leaves out is the API's usual, not the page's.
  read: ({ start_event, return_event, mode = "classic", interval = "day", ...query }) =>
    ({ ...query, start: { event_name: start_event ?? null }, back: { event_name: return_event ?? null }, mode, interval }),

  query(state) {
    if (state.start.event_name === "" || state.back.event_name === "") return null;
    return { start_event: state.start.event_name, return_event: state.back.event_name, mode: state.mode, interval: intervalOf(state), periods: state.periods, filters: tidyFilters(state.filters) };
  },

  missing: () => "Choose the event that people start with: how many of them come back is drawn here.",

  draw(element, found) {
    if (found.answer.cohorts.every((one) => !one.size)) {
      fill(element, nothingHappened(found.state));
      return null;
    }
    const cohorts = cohortsOf(found.answer, found.query, found);
    const periods = Math.max(...cohorts.map((one) => one.cells.length));
    const heads = Array.from({ length: periods }, (_, index) => `${ONE[found.query.interval]} ${index}`);
    const mean = averages(cohorts, periods);
    const past = found.before && averages(cohortsOf(found.before, found.queryBefore), periods);
    const place = h("div.chart.curve");
    fill(element, summary(mean, past, found), place, found.before && h("p.quiet.small", {}, `Dashed: ${daysText(found.queryBefore)}`), cohortTable(cohorts, heads, mean, past, found));
    lineChart(place, { labels: heads, series: [{ name: "Average", values: mean.map(curved), before: past?.map(curved) }], format: (value) => percent(value / 100), height: 190, caption: "Share of people who came back, on average", numbers: false });
    return numbers(cohorts, heads, mean, past, found);
  },
};

const curved = ({ share }) => (share ?? 0) * 100;

// [{ start, label, size, href, cells: [{ count, share, isOver, href }] }]
function cohortsOf({ cohorts }, query, found = null) {
  const { interval } = query;
  const now = today();
  return cohorts.map(({ start, size, returned }) => {
    const day = intervalIso(start, "day", timezone);
    const label = intervalLabel(start, interval, timezone);
    const behind = (more, title) => (found ? peopleLink("retention", query, { cohort: start, ...more }, title) : null);
    return {
      start, label, size,
      isOver: afterIntervals(day, interval, 1) <= now,
      href: size ? behind({}, `Started ${startText(interval, label)}`) : null,
      cells: returned.map((count, period) => ({
        count, share: size ? count / size : null,
        isOver: afterIntervals(day, interval, period + 1) <= now,
        href: count ? behind({ period }, `Started ${startText(interval, label)}, back in ${ONE[interval].toLowerCase()} ${period}`) : null,
      })),
    };
  });
}

const startText = (interval, label) => ({ day: `on ${label}`, week: `in the week of ${label}`, month: `in ${label}` })[interval];

// The share of all who came back, by period. What is not over yet counts only where nothing else does.
const averages = (cohorts, periods) => Array.from({ length: periods }, (_, period) => {
  const there = cohorts.filter((one) => one.size && one.cells[period]);
  const over = there.filter((one) => one.cells[period].isOver);
  const counted = over.length ? over : there;
  const size = counted.reduce((sum, one) => sum + one.size, 0);
  return { share: size ? counted.reduce((sum, one) => sum + one.cells[period].count, 0) / size : null, isOver: over.length > 0 || !size };
});

const shown = ({ share }) => (share === null ? "—" : percent(share));

function summary(mean, past, { query }) {
  const period = Math.min(1, mean.length - 1);
  const back = query.return_event === null ? "came back" : `did ${eventLabel(query.return_event)}`;
  return h("p.answer-sum.break", {}, h("strong", {}, shown(mean[period])), h("span.quiet", {}, ` ${back} in ${ONE[query.interval].toLowerCase()} ${period}, on average`, past && `; before: ${shown(past[period])}`));
}

function cohortTable(cohorts, heads, mean, past, { state, query }) {
  const shares = state.view === "share";
  const most = Math.max(...cohorts.flatMap((one) => one.cells.slice(1).map((cell) => cell.share ?? 0)), 0.01);
  // The starting interval is often full, and the last shade is for what is more than all others.
  const heat = (share) => (share ? Math.min(HEATS, Math.ceil((share / most) * (HEATS - 1))) : 0);
  const unfinished = () => [h("span.going", { "aria-hidden": "true" }, "*"), h("span.sr", {}, " so far")];
  const head = (text) => h("th.num", { scope: "col" }, text);
  const cell = (one) => {
    if (!one) return h("td");
    const text = one.share === null ? "" : linkedNumber(shares ? one.share : one.count, one.href, shares ? percent : number);
    const place = h(`td.num.heat-cell${one.share === null ? "" : `.warmth-${heat(one.share)}`}`, one.isOver ? {} : { title: "Not over yet: more may come back" }, text, !one.isOver && one.share !== null && unfinished());
    place.classList.toggle("unfinished", !one.isOver);
    return place;
  };
  const row = (text, values) => h("tr.averages", {}, h("th", { scope: "row" }, text), h("td"), heads.map((_, index) => h("td.num", {}, shown(values[index]), !values[index].isOver && unfinished())));
  const going = cohorts.some((one) => one.cells.some((two) => !two.isOver));
  return [
    h("div.scroll.matrix.cohort-table", { tabindex: "0", role: "region", "aria-label": "Cohorts" }, h("table.table", {},
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, { day: "Day", week: "Week of", month: "Month" }[query.interval]), head("People"), heads.map(head))),
      h("tbody", {}, row("Average", mean), past && row("Before", past), cohorts.map((one) => h("tr", {},
        h("th", { scope: "row" }, one.label), h("td.num", {}, linkedNumber(one.size, one.href)), heads.map((_, index) => cell(one.cells[index]))))))),
    going && h("p.quiet.small.below-table", {}, `* This ${ONE[query.interval].toLowerCase()} is not over yet. Averages are of those that are, if any.`),
  ];
}

function numbers(cohorts, heads, mean, past, { state, query }) {
  const rounded = (share) => (share === null ? null : Math.round(share * 10_000) / 10_000);
  const value = (cell) => (!cell ? null : state.view === "share" ? rounded(cell.share) : cell.count);
  const averaged = [mean, ...(past ? [past] : [])];
  return {
    corner: query.interval,
    labels: [...cohorts.map((one) => intervalIso(one.start, query.interval, timezone)), ...(state.view === "share" ? ["average", "average (before)"].slice(0, averaged.length) : [])],
    series: [
      { name: "people", values: cohorts.map((one) => one.size) },
      ...heads.map((head, index) => ({ name: head.toLowerCase(), values: [...cohorts.map((one) => value(one.cells[index])), ...averaged.map((one) => rounded(one[index].share))] })),
    ],
  };
}
