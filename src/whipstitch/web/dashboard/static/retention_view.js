// Retention: the question's state, its query and how the answer is shown; the page and boards use it (question.js).

import { askedBreakdown, groupAsked, groupLabel, linkedNumber, nothingHappened, tidyBreakdown } from "./answer_parts.js";
import { page, timezone } from "./api.js";
import { colour, REST_COLOUR } from "./chart_frame.js";
import { lineChart } from "./charts.js";
import { coloursOf } from "./colours.js";
import { daysIn } from "./date_range.js";
import { fill, h } from "./dom.js";
import { tidyFilters } from "./event_list.js";
import { daysText, intervalIso, intervalLabel, number, percent } from "./format.js";
import { eventLabel } from "./lexicon_source.js";
import { peopleLink } from "./people_behind.js";
import { parametersOf } from "./question_state.js";

export const MODES = { classic: "Whenever they did it", first_time: "When they first did it" };
export const INTERVALS = { day: "Days", week: "Weeks", month: "Months" };
export const VIEWS = { share: "Percent", count: "People", returns: "Times" };
// More columns than that are no picture.
export const MOST_PERIODS = 60;
const ONE = { day: "Day", week: "Week", month: "Month" };
const PERIODS = 8;
const HEATS = 8;
const FARTHEST = 366;
const MOST_LINES = 8;

export const usualInterval = ({ range }) => (daysIn(range) <= 14 ? "day" : daysIn(range) <= 120 ? "week" : "month");
export const intervalOf = (state) => (INTERVALS[state.interval] ? state.interval : usualInterval(state));

// `start` and `back`: { event_name }, where null is any event and "" one that is still to be chosen.
// Where periods end, in intervals, as the API takes them; null where that cannot be.
export function bracketsOf(ends) {
  const rising = Array.isArray(ends) && ends.every((one, index) => Number.isInteger(one) && one > (ends[index - 1] ?? 0));
  return rising && ends.length <= MOST_PERIODS && (ends.at(-1) ?? 0) <= FARTHEST ? ends : null;
}

const tidyEvent = (one, usual) => (one && (one.event_name === null || typeof one.event_name === "string") ? { event_name: one.event_name } : { event_name: usual });

export const view = {
  surface: "retention",
  defaults: { start: { event_name: "" }, back: { event_name: null }, mode: "first_time", interval: "", periods: PERIODS, brackets: [], rolling: false, breakdown: null, group: "", filters: [], view: "share" },

  tidy: (state) => ({
    ...state,
    start: tidyEvent(state.start, ""),
    back: tidyEvent(state.back, null),
    mode: MODES[state.mode] ? state.mode : "first_time",
    interval: INTERVALS[state.interval] ? state.interval : "",
    periods: Number.isInteger(state.periods) ? Math.min(MOST_PERIODS, Math.max(1, state.periods)) : PERIODS,
    brackets: bracketsOf(state.brackets) ?? [],
    breakdown: tidyBreakdown(state.breakdown),
    filters: tidyFilters(state.filters) ?? [],
    view: VIEWS[state.view] ? state.view : "share",
  }),

  // What a query leaves out is the API's usual, not the page's.
  read: ({ start_event, return_event, mode = "classic", interval = "day", measure, ...query }) =>
    ({ ...query, ...(measure === "returns" ? { view: measure } : {}), start: { event_name: start_event ?? null }, back: { event_name: return_event ?? null }, mode, interval }),

  query(state) {
    if (state.start.event_name === "" || state.back.event_name === "") return null;
    return {
      start_event: state.start.event_name, return_event: state.back.event_name, mode: state.mode, interval: intervalOf(state),
      ...(state.brackets.length ? { brackets: state.brackets } : { periods: state.periods }),
      rolling: state.rolling || undefined, measure: state.view === "returns" ? "returns" : undefined,
      breakdown: askedBreakdown(state.breakdown), filters: tidyFilters(state.filters),
    };
  },

  missing: () => "Choose the event that people start with: how many of them come back is drawn here.",

  draw(element, found) {
    if (found.answer.cohorts.every((one) => !one.size)) {
      fill(element, nothingHappened(found.state));
      return null;
    }
    const heads = headsOf(found.query);
    const all = lineOf(found, heads);
    const groups = (found.answer.breakdowns ?? []).map((one) => lineOf(found, heads, one));
    const chosen = groups.find((one) => one.code === found.state.group) ?? all;
    const past = found.before && averages(cohortsOf(found.before, found.queryBefore, heads), heads);
    const lines = groups.length ? coloured(groups.slice(0, MOST_LINES)) : [all];
    const place = h("div.chart.curve");
    fill(element, summary(all.mean, past, heads, found), place,
      groups.length > lines.length && h("p.quiet.small", {}, `The chart shows the first ${MOST_LINES} of ${number(groups.length)}.`),
      found.before && h("p.quiet.small", {}, `Dashed: ${daysText(found.queryBefore)}`),
      found.query.rolling && h("p.quiet.small", {}, `${heads[1] ?? heads[0]} is counted by the clock, from each person's own start.`),
      groups.length > 0 && groupTable([all, ...groups], lines, heads, found, chosen),
      cohortTable(chosen, heads, past, found));
    const times = found.state.view === "returns";
    // What goes on is drawn where nothing is over yet.
    const going = heads.map((_, period) => lines.every((one) => !one.mean[period].isOver || one.mean[period].rate === null));
    const drawn = (means) => means.map((one, period) => ((one.isOver || going[period]) && one.rate !== null ? one.rate * (times ? 1 : 100) : null));
    lineChart(place, {
      labels: heads, height: 190, numbers: false, legend: groups.length > 0,
      unfinished: heads.map((_, period) => (going[period] && lines.some((one) => one.mean[period].rate !== null) ? "so far" : null)),
      series: lines.map((one) => ({ name: groups.length ? one.name : "Average", colour: one.colour, values: drawn(one.mean), before: groups.length || !past ? undefined : drawn(past) })),
      format: times ? decimal : (value) => percent(value / 100),
      caption: times ? "How often people came back, on average" : "Share of people who came back, on average",
    });
    return numbers(chosen, [all, ...groups], heads, past, found);
  },
};

// Each value in its colour, whatever its place is
function coloured(lines) {
  const colours = coloursOf(lines.filter((one) => one.code !== "+").map((one) => one.code));
  return lines.map((one) => Object.assign(one, { colour: colours.get(one.code) ?? REST_COLOUR }));
}

// What each period is called
function headsOf({ interval, periods, brackets }) {
  const one = ONE[interval];
  if (!brackets) return Array.from({ length: periods + 1 }, (_, index) => `${one} ${index}`);
  return brackets.map((end, index) => {
    const begin = brackets[index - 1] ?? 0;
    return end - begin === 1 ? `${one} ${begin}` : `${one}s ${begin} to ${end - 1}`;
  });
}

// Everybody, or one group of a breakdown; `code` stands for it in the address.
function lineOf(found, heads, group = null) {
  const cohorts = cohortsOf({ ...found.answer, ...group }, found.query, heads, found, group);
  const code = !group ? "" : group.value === null ? "-" : group.value === "$other" && !group.is_value ? "+" : `=${group.value}`;
  return { code, name: group ? groupLabel(group.value, group.is_value) : "All people", cohorts, size: cohorts.reduce((sum, one) => sum + one.size, 0), mean: averages(cohorts, heads) };
}

// [{ start, label, size, href, cells: [{ share, amount, isOver, href }] }]; a cell is null where nobody can know it yet.
function cohortsOf({ cohorts, incomplete }, query, heads, found = null, group = null) {
  const { interval } = query;
  const asked = group ? groupAsked(group.value, group.is_value) : {};
  const named = group ? ` · ${query.breakdown.property}: ${groupLabel(group.value, group.is_value)}` : "";
  return cohorts.map(({ start, size, returned, values }, at) => {
    const label = intervalLabel(start, interval, timezone);
    const behind = (more, title, count) => (found ? peopleLink("retention", query, { cohort: start, ...asked, ...more }, `Started ${startText(interval, label)}${title}${named}`, number(count)) : null);
    return {
      start, label, size,
      href: size ? behind({}, "", size) : null,
      cells: incomplete[at].map((going, period) => going === null ? null : {
        share: size ? returned[period] / size : null, amount: values?.[period] ?? returned[period], isOver: !going,
        href: returned[period] ? behind({ period }, `, back in ${heads[period].toLowerCase()}`, returned[period]) : null,
      }),
    };
  });
}

const startText = (interval, label) => ({ day: `on ${label}`, week: `in the week of ${label}`, month: `in ${label}` })[interval];

// Of all who came back, by period: their share, or how often. What is not over yet counts only where nothing else does.
const averages = (cohorts, heads) => heads.map((_, period) => {
  const there = cohorts.filter((one) => one.size && one.cells[period]);
  const over = there.filter((one) => one.cells[period].isOver);
  const counted = over.length ? over : there;
  const size = counted.reduce((sum, one) => sum + one.size, 0);
  return { rate: size ? counted.reduce((sum, one) => sum + one.cells[period].amount, 0) / size : null, isOver: over.length > 0 || !size };
});

const decimal = (value) => number(Math.round(value * 100) / 100);
const shown = ({ rate }, { view: how }) => (rate === null ? "—" : how === "returns" ? decimal(rate) : percent(rate));

function summary(mean, past, heads, { state, query }) {
  const period = Math.min(1, mean.length - 1);
  const back = query.return_event === null ? "came back" : `did ${eventLabel(query.return_event)}`;
  return h("p.answer-sum.break", {}, h("strong", {}, shown(mean[period], state)), h("span.quiet", {}, ` ${state.view === "returns" ? "times each " : ""}${back} in ${heads[period].toLowerCase()}, on average`, past && `; before: ${shown(past[period], state)}`));
}

const unfinished = () => [h("span.going", { "aria-hidden": "true" }, "*"), h("span.sr", {}, " so far")];
const heading = (text) => h("th.num", { scope: "col" }, text);
const averaged = (values, state) => values.map((one) => h("td.num", {}, shown(one, state), !one.isOver && unfinished()));
const region = (label, ...rows) => h("div.scroll.matrix.cohort-table", { tabindex: "0", role: "region", "aria-label": label }, h("table.table", {}, rows));

function groupTable(all, lines, heads, { state }, chosen) {
  const address = ({ code }) => page("retention", parametersOf(view, { ...state, group: code }));
  return region("Averages by value",
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, state.breakdown.property), heading("People"), heads.map(heading))),
    h("tbody", {}, all.map((one) => h("tr", {},
      h("th", { scope: "row" }, h("span.series-name", {}, h(`span.swatch.${lines.includes(one) ? colour(one.colour) : "blank"}`),
        h("a.cut", { href: address(one), title: `Cohorts of ${one.name}`, "aria-current": one === chosen ? "true" : null }, one.name))),
      h("td.num", {}, number(one.size)), averaged(one.mean, state)))));
}

function cohortTable({ cohorts, mean, code, name }, heads, past, { state, query }) {
  const shares = state.view === "share";
  const most = Math.max(...cohorts.flatMap((one) => one.cells.slice(1).map((cell) => cell?.share ?? 0)), 0.01);
  // The starting interval is often full, and the last shade is for what is more than all others.
  const heat = (share) => (share ? Math.min(HEATS, Math.ceil((share / most) * (HEATS - 1))) : 0);
  const cell = (one) => {
    if (!one) return h("td.unknowable");
    const text = one.share === null ? "" : linkedNumber(shares ? one.share : one.amount, one.href, shares ? percent : number);
    const place = h(`td.num.heat-cell${one.share === null ? "" : `.warmth-${heat(one.share)}`}`, one.isOver ? {} : { title: "Not over yet: more may come back" }, text, !one.isOver && one.share !== null && unfinished());
    place.classList.toggle("unfinished", !one.isOver);
    return place;
  };
  const row = (text, values) => h("tr.averages", {}, h("th", { scope: "row" }, text), h("td"), averaged(values, state));
  const cells = cohorts.flatMap((one) => one.cells);
  const notes = [
    cells.some((one) => one && !one.isOver) && `* ${query.brackets || query.rolling ? "This time" : `This ${ONE[query.interval].toLowerCase()}`} is not over yet. Averages are of those that are, if any.`,
    cells.includes(null) && "Empty: it has not begun yet.",
  ].filter(Boolean);
  return [
    code && h("h2", {}, `${query.breakdown.property}: ${name}`),
    region("Cohorts",
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, { day: "Day", week: "Week of", month: "Month" }[query.interval]), heading("People"), heads.map(heading))),
      h("tbody", {}, row("Average", mean), past && !code && row("Before", past), cohorts.map((one) => h("tr", {},
        h("th", { scope: "row" }, one.label), h("td.num", {}, linkedNumber(one.size, one.href)), one.cells.map(cell))))),
    notes.length > 0 && h("p.quiet.small.below-table", {}, notes.join(" ")),
  ];
}

function numbers({ cohorts, mean, code }, lines, heads, past, { state, query }) {
  const rounded = (rate) => (rate === null ? null : Math.round(rate * 10_000) / 10_000);
  const value = (cell) => (!cell ? null : state.view === "share" ? rounded(cell.share) : cell.amount);
  const rows = state.view === "count" ? [] : [
    { name: "average", values: mean },
    ...(past && !code ? [{ name: "average (before)", values: past }] : []),
    ...(lines.length > 1 ? lines.map((one) => ({ name: `average: ${one.name}`, values: one.mean })) : []),
  ];
  return {
    corner: query.interval,
    labels: [...cohorts.map((one) => intervalIso(one.start, query.interval, timezone)), ...rows.map((one) => one.name)],
    series: [
      { name: "people", values: cohorts.map((one) => one.size) },
      ...heads.map((head, index) => ({ name: head.toLowerCase(), values: [...cohorts.map((one) => value(one.cells[index])), ...rows.map((one) => rounded(one.values[index].rate))] })),
    ],
  };
}
