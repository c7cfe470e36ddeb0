// The lines of an insight's answer: linesOf(found, labels), of what a view's draw() takes (question_state.js).

import { groupAsked, groupLabel } from "./answer_parts.js";
import { eventText, isOfNumbers, letter, MATHS } from "./insight_maths.js";
import { peopleLink } from "./people_behind.js";

// [{ name, values, total, before, totalBefore, href(index), hrefTotal, adds }], a line a series or group of one.
export function linesOf({ answer, before, query }, labels) {
  const texts = query.events.map(eventText);
  const told = (index) => (texts.indexOf(texts[index]) === texts.lastIndexOf(texts[index]) ? texts[index] : `${letter(index)} ${texts[index]}`);
  return answer.series.map((one) => {
    const event = query.events[one.index];
    const group = query.breakdown ? groupLabel(one.breakdown, one.is_value) : "";
    const name = query.breakdown ? (query.events.length > 1 ? `${told(one.index)} · ${group}` : group) : told(one.index);
    const { counts } = MATHS[event.math];
    const none = isOfNumbers(event) ? null : 0;
    const past = before?.series.find((other) => other.index === one.index && other.breakdown === one.breakdown && other.is_value === one.is_value);
    const behind = (more, when) => peopleLink("insights", query, { series: one.index, ...(query.breakdown ? groupAsked(one.breakdown, one.is_value) : {}), ...more }, `${told(one.index)}${group && ` · ${query.breakdown.property}: ${group}`}${when}`);
    return {
      name, values: one.values, total: one.total, adds: MATHS[event.math].adds, counts,
      before: before ? labels.map((_, index) => past?.values[index] ?? none) : undefined,
      totalBefore: before ? (past?.total ?? none) : null,
      href: counts ? (index) => (one.values[index] ? behind({ interval: answer.intervals[index] }, `, ${labels[index]}`) : null) : undefined,
      hrefTotal: counts && one.total ? behind({}, "") : null,
    };
  });
}
