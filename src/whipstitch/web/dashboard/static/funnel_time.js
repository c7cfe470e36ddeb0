// How a funnel's conversion changes over time, and how long it takes: drawOverTime(element, found, lines) and drawHistogram(…), as a
// view's draw() (question_state.js). A line is { name, group, former, behind(peopleOf, title, count) }, `group` null for everybody,
// `former` the answer about the same people in the period before, if that was asked for.

import { linkedNumber } from "./answer_parts.js";
import { timezone } from "./api.js";
import { barChart, lineChart } from "./charts.js";
import { fill, h } from "./dom.js";
import { change, daysText, duration, intervalIso, intervalLabel, number, percent } from "./format.js";

const MOST_LINES = 8;

export function drawOverTime(element, { answer, before, query, queryBefore }, lines) {
  const labels = answer.intervals.map((one) => intervalLabel(one, query.interval, timezone));
  const last = query.steps.findLastIndex((one) => !one.optional);
  const told = lines.map((line) => {
    const of = line.group ?? answer;
    const [began, converted] = [of.steps[0].counts, of.steps[last].counts];
    const people = (step, title) => (index) => (of.steps[step].counts[index] ? line.behind({ step: step + 1, interval: answer.intervals[index] }, `${title}, ${labels[index]}`, of.steps[step].counts[index]) : null);
    const then = before && labels.map((_, index) => line.former?.conversion[index] ?? null);
    return { name: line.name, values: of.conversion, before: then || undefined, began, converted, href: people(last, "Took every step"), hrefBegan: people(0, "Began") };
  });
  const shown = told.slice(0, MOST_LINES);
  const place = h("div.chart");
  fill(element, place, note(answer), before && h("p.quiet.small", {}, `Dashed: ${daysText(queryBefore)}`),
    lines.length > shown.length && h("p.quiet.small", {}, `The chart shows the first ${MOST_LINES} of ${number(lines.length)}.`),
    lines.length === 1 ? byInterval(told[0], labels) : byGroup(told, labels));
  // All of them are drawn as such; said it is once, above the last.
  const isUnfinished = answer.intervals.map((_, index) => answer.incomplete[index] || answer.open[index]);
  const unfinished = isUnfinished.map((one, index) => one && (isUnfinished[index + 1] ? "\u00a0" : "so far"));
  lineChart(place, { labels, series: shown, unfinished, format: (value) => (value === null ? "—" : percent(value)), caption: "Conversion by when people began", numbers: false });
  const starts = answer.intervals.map((one) => intervalIso(one, query.interval, timezone));
  return { corner: query.interval, labels: starts, series: told.flatMap(({ name, values, before: then, began, converted }) => [
    { name: `${name}: conversion`, values }, ...(then ? [{ name: `${name}: conversion (before)`, values: then }] : []), { name: `${name}: began`, values: began }, { name: `${name}: took every step`, values: converted },
  ]) };
}

function note({ open, incomplete }) {
  const late = open.filter(Boolean).length;
  if (late) return h("p.quiet.small", {}, `${late === open.length ? "In all of these" : `In the last ${number(late)}`} intervals some people still have time to convert: the share may rise.`);
  return incomplete.some(Boolean) && h("p.quiet.small", {}, "The range cuts intervals off.");
}

const table = (label, head, body) => h("div.scroll.totals", { tabindex: "0", role: "region", "aria-label": label }, h("table.table.tight", {},
  h("thead", {}, h("tr", {}, head.map((text, index) => h(index ? "th.num" : "th", { scope: "col" }, text)))), h("tbody", {}, body)));

const byInterval = ({ values, before, began, converted, href, hrefBegan }, labels) =>
  table("Conversion over time", ["Began", "People", "Took every step", "Conversion", ...(before ? ["Before", "Change"] : [])], labels.map((label, index) => h("tr", {}, h("th", { scope: "row" }, label),
    h("td.num", {}, linkedNumber(began[index], hrefBegan(index))), h("td.num", {}, linkedNumber(converted[index], href(index))), h("td.num", {}, share(values[index])),
    before && [h("td.num.quiet", {}, share(before[index])), h("td.num", {}, values[index] === null || before[index] === null ? "—" : change(values[index], before[index]))])));

const byGroup = (told, labels) =>
  table("Conversion over time by group", ["Group", ...labels], told.map((one, at) => h("tr", {}, h("th", { scope: "row" }, named(one.name, at)),
    labels.map((_, index) => h("td.num", {}, linkedNumber(one.values[index], one.href(index), share))))));

const share = (value) => (value === null ? "—" : percent(value));
const named = (name, at) => h("span.series-name", {}, h(`span.swatch${at < MOST_LINES ? `.series-${at}` : ".blank"}`), h("span.cut", { title: name }, name));

export function drawHistogram(element, { answer, query }, lines) {
  const { buckets, median_seconds: median, average_seconds: average } = answer.histogram;
  if (!buckets.length) {
    fill(element, h("p.empty", {}, "Nobody took every step in this range."));
    return null;
  }
  const last = query.steps.findLastIndex((one) => !one.optional);
  const whole = lines.find((one) => !one.group) ?? lines[0];
  const labels = buckets.map((one) => duration(one.from_seconds));
  const span = ({ from_seconds: from, to_seconds: to }) => `${duration(from)} – ${duration(to)}`;
  const href = (line, one) => (one.count ? line.behind({ step: last + 1, from_seconds: one.from_seconds, to_seconds: one.to_seconds }, `Took every step in ${span(one)}`, one.count) : null);
  const counts = buckets.map((one) => one.count);
  const place = h("div.chart");
  const groups = lines.filter((one) => one.group);
  fill(element, h("p.answer-sum", {}, h("strong", {}, duration(median)), h("span.quiet", {}, ` median, ${duration(average)} on average, of ${number(counts.reduce((sum, one) => sum + one, 0))} people who took every step`)),
    place,
    groups.length ? table("Time to convert by group", ["Group", "People", "Median", "Average"], groups.map(({ name, group: { histogram } }) => h("tr", {},
      h("th", { scope: "row" }, h("span.cut", { title: name }, name)), h("td.num", {}, number(histogram.buckets.reduce((sum, one) => sum + one.count, 0))), h("td.num", {}, duration(histogram.median_seconds)), h("td.num", {}, duration(histogram.average_seconds)))))
      : table("Time to convert", ["Time", "People"], buckets.map((one) => h("tr", {}, h("th", { scope: "row" }, span(one)), h("td.num", {}, linkedNumber(one.count, href(whole, one)))))));
  barChart(place, { labels, series: [{ name: "People", values: counts, href: (index) => href(whole, buckets[index]) }], caption: "How long it took people", numbers: false });
  return { corner: "seconds from", labels: buckets.map((one) => one.from_seconds), series: [
    { name: "seconds to", values: buckets.map((one) => one.to_seconds) },
    ...lines.map(({ name, group }) => ({ name, values: (group ?? answer).histogram.buckets.map((one) => one.count) })),
  ] };
}
