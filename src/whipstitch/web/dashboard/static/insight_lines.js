// From the answer of an insight to its lines: what is drawn, listed and taken along.

import { ALL, groupAsked, groupLabel, REST } from "./answer_parts.js";
import { REST_COLOUR } from "./chart_frame.js";
import { today } from "./date_range.js";
import { formatOf } from "./format.js";
import { addsUp, isTotal, letter, mayBeNone, seriesText } from "./insight_maths.js";
import { peopleLink } from "./people_behind.js";

const DAY_MS = 86_400_000;

// The breakdowns of a query, however many it has.
export const groupingsOf = (query) => query.breakdowns ?? (query.breakdown ? [query.breakdown] : []);

// What each interval is instead of whole, or null: "so far" if it is still running, "in part" where the range cuts it off; and
// undefined for those that have not begun.
export function unfinishedOf({ intervals, incomplete = [] }, { to }, now = Date.now()) {
  const starts = intervals.map((one) => Date.parse(one));
  const day = to?.slice(0, 10);
  const goesOn = !to || day > today() || (day === today() && to.length > 10 && !(Date.parse(to) <= now));
  return starts.map((start, index) => {
    if (start > now) return undefined;
    if (!incomplete[index]) return null;
    return goesOn && !(starts[index + 1] <= now) ? "so far" : "in part";
  });
}

// [{ key, index, name, group, values, total, before, totalBefore, isNew, href(index), hrefTotal, adds, isTotal, isAll, colour, unit, format }]:
// a line a series, formula, or group of one. `key` names the group in whatever answer it stands; `isNew` says that its events
// were not there yet in the period before, from which on; `colour` is set where its place does not give it.
export function linesOf({ answer, before, query }, labels) {
  const groupings = groupingsOf(query);
  const texts = query.events.map(seriesText);
  const told = (index) => (texts.indexOf(texts[index]) === texts.lastIndexOf(texts[index]) ? texts[index] : `${letter(index)} ${texts[index]}`);
  const formulas = query.formulas ?? [];
  const several = query.events.length + formulas.length > 1;
  const past = answer.compared ?? before;
  const unfinished = unfinishedOf(answer, query);
  const begun = (values) => values.map((value, index) => (unfinished[index] === undefined ? null : value));
  return answer.series.map((one) => {
    const event = query.events[one.index];
    const formula = event ? null : formulas[one.index - query.events.length];
    const groups = groupings.length ? (one.breakdowns ?? [one.breakdown]) : [];
    const isValue = (place) => one.is_value || one.are_values?.[place];
    const isAll = groups.length > 0 && groups.every((group, place) => group === ALL && !isValue(place));
    const groupText = isAll ? groupLabel(ALL) : groups.map((group, place) => labelOf(group, isValue(place), groupings[place], answer)).join(" · ");
    const title = event ? told(one.index) : formula.name || formula.expression;
    const unit = (event ?? formula).unit;
    const same = past?.series.find((other) => other.index === one.index && keyOf(other, groups.length) === keyOf(one, groups.length));
    const none = !event || mayBeNone(event) ? null : 0;
    const behind = (more, when, value) => peopleLink("insights", query, { series: one.index, ...(isAll ? {} : asked(one, groupings)), ...more },
      `${title}${groups.length ? ` · ${groupings.map((of) => of.property ?? "cohort").join(", ")}: ${groupText}` : ""}${when}`, formatOf(unit)(value));
    const counted = Boolean(event) && isTotal(event) && event.math !== "sum" && !(query.moving_average > 1);
    const since = past && firstOf(event ? [event] : partsOf(formula, query), past.firstSeen ?? answer.firstSeen);
    return {
      key: `${one.index ? letter(one.index) : ""}${keyOf(one, groups.length)}`, index: one.index, name: !groups.length ? title : several ? `${title} · ${groupText}` : groupText,
      values: begun(one.values), total: one.total, unit, format: formatOf(unit), isAll, group: groups.length === 1 && !groupings[0].cohorts ? groups[0] : null,
      adds: Boolean(event) && addsUp(event), isTotal: Boolean(event) && isTotal(event),
      colour: !groups.length ? one.index : groups.some((group, place) => group === REST && !isValue(place)) ? REST_COLOUR : undefined,
      before: past ? labels.map((_, index) => (since && Date.parse(past.intervals[index + 1]) <= since ? null : (same?.values[index] ?? none))) : undefined,
      totalBefore: past ? (same?.total ?? none) : null,
      isNew: since && since > Date.parse(past.intervals[0]) + DAY_MS ? new Date(since).toISOString() : null,
      href: counted ? (index) => (one.values[index] ? behind({ interval: answer.intervals[index] }, `, ${labels[index]}`, one.values[index]) : null) : undefined,
      hrefTotal: counted && one.total ? behind({}, "", one.total) : null,
    };
  });
}

const labelOf = (group, isValue, { cohorts }, { cohortNames = {} }) => {
  if (!cohorts || group === ALL) return groupLabel(group, isValue);
  return group === null ? "(in none of them)" : (cohortNames[group] ?? group);
};

// A text for the groups of a line: =value, - where there is none, + for the rest.
const keyOf = ({ breakdown, breakdowns = [breakdown], is_value: isValue, are_values: areValues = [isValue] }, count) => breakdowns.slice(0, count).map((group, place) => {
  if (group === null) return "-";
  return (group === REST || group === ALL) && !areValues[place] ? `+${group}` : `=${group}`;
}).join("");

const asked = (one, groupings) => (!groupings.length ? {} : one.breakdowns ? { breakdowns: one.breakdowns, ...askedValues(one) } : groupAsked(one.breakdown, one.is_value));

const askedValues = ({ breakdowns, are_values: areValues }) => (breakdowns.includes(REST) ? { are_values: areValues ?? breakdowns.map(() => false) } : {});

const partsOf = ({ expression }, { events }) => events.filter((_, index) => expression.includes(letter(index)));

// When the last of some events was first seen, in ms; null where that is not known.
export function firstOf(events, firstSeen = {}) {
  const times = events.map(({ event_name: name }) => Date.parse(name === null ? Object.values(firstSeen).toSorted()[0] : firstSeen[name]));
  const known = times.filter((one) => !Number.isNaN(one));
  return known.length ? Math.max(...known) : null;
}
