// How the answer of an experiment is shown: verdict(found), drawVariants(element, place, verdict, found), drawOverTime(…), as a view's draw()
// (question_state.js); `place` is where the chart stands.

import { linkedNumber } from "./answer_parts.js";
import { timezone } from "./api.js";
import { colour } from "./chart_frame.js";
import { lineChart } from "./charts.js";
import { fill, h } from "./dom.js";
import { intervalIso, intervalLabel, number, percent, plural } from "./format.js";
import { peopleLink } from "./people_behind.js";
import { whiskerChart } from "./whiskers.js";

const isShare = ({ goal }) => Boolean(goal.steps) || (goal.math ?? "unique") === "unique";
const formatOf = (query) => (isShare(query) ? (value) => (value === null ? "—" : percent(value)) : number);
const signed = (value) => (value === null ? "—" : `${value > 0 ? "+" : ""}${percent(value)}`);
const chance = (p) => (p === null ? "—" : p < 0.001 ? "< 0.1%" : p > 0.999 ? "> 99.9%" : percent(p));
const pText = (p) => (p === null ? "—" : p < 0.001 ? "< 0.001" : number(Math.round(p * 1000) / 1000));
const between = (ends, format) => (ends ? h("span.below.quiet", {}, `${format(ends[0])} – ${format(ends[1])}`) : null);

const behind = ({ query }, outcome, variant, title, count) => peopleLink("experiments", query, variant === null ? { outcome } : { outcome, variant }, title, number(count));

// What is to be known before the numbers are believed, and what they say.
export function verdict(found) {
  const { answer, query } = found;
  const { mismatch, required_people: required, several, enough, variants } = answer;
  const [control, ...others] = variants;
  const fewest = variants.reduce((one, other) => (other.people < one.people ? other : one));
  const warning = mismatch.is_mismatch && h("div.notice", { role: "note" }, h("p", {}, h("strong", {}, "People are not dealt out as they should be. "),
    `${variants.map((one, index) => `${one.variant}: ${number(one.people)} of ${number(Math.round(mismatch.expected[index]))} expected`).join(", ")} (p ${pText(mismatch.p_value)}). Something assigns, loses or repeats people in one variant: find it before you believe the numbers.`));
  const best = others.filter((one) => one.uplift !== null).toSorted((a, b) => b.uplift - a.uplift)[0];
  const said = !best ? `Nothing to compare yet: ${plural(control.converted, "person", "people")} reached the goal with ${control.variant}.`
    : [h(enough ? "strong" : "span", {}, signed(best.uplift)), h("span.quiet", {}, ` ${best.variant} over ${control.variant}, from ${signed(best.uplift_interval[0])} to ${signed(best.uplift_interval[1])} with 95 %; better with a chance of ${chance(best.probability_over_control)}`)];
  const few = !enough && h("p.few", {}, h("span.tag.warn", {}, "Not enough people yet"), h("span.quiet", {}, required === null
    ? " How many are needed cannot be told: with the control too few, or all, reach the goal."
    : ` Each variant needs ${number(required)} to find an uplift of ${percent(query.least_effect)} in four of five cases; ${fewest.variant} has ${number(fewest.people)}.`));
  return [warning, few, h("p.answer-sum.break", {}, said),
    several > 0 && h("p.quiet.small", {}, linkedNumber(several, behind(found, "several", null, "Were shown several variants", several)), ` ${several === 1 ? "person was" : "people were"} shown several variants and left out.`)];
}

export function drawVariants(element, place, said, found) {
  const { answer, query } = found;
  const format = formatOf(query);
  place.classList.add("low");
  const rows = answer.variants.map((one, index) => ({
    name: one.variant, value: one.value, low: one.interval?.[0], high: one.interval?.[1], text: format(one.value), tone: index,
    href: one.people ? behind(found, "exposed", one.variant, `Were shown ${one.variant}`, one.people) : null,
  }));
  fill(element, said, place, table(found, format), notes(query));
  whiskerChart(place, { rows, format, caption: `${isShare(query) ? "Conversion" : "Mean"} by variant, with 95 % intervals` });
  const column = (name, value) => ({ name, values: answer.variants.map(value) });
  return { corner: "variant", labels: answer.variants.map((one) => one.variant), series: [
    column("people", (one) => one.people), column("converted", (one) => one.converted), column(isShare(query) ? "conversion" : "mean", (one) => one.value),
    column("from", (one) => one.interval?.[0]), column("to", (one) => one.interval?.[1]),
    column("uplift", (one) => one.uplift), column("uplift from", (one) => one.uplift_interval?.[0]), column("uplift to", (one) => one.uplift_interval?.[1]),
    column("probability over control", (one) => one.probability_over_control), column("probability best", (one) => one.probability_best),
    column("p value", (one) => one.p_value), column("missing people", (one) => one.missing_people),
  ] };
}

function table(found, format) {
  const { answer, query } = found;
  const heading = (text) => h("th.num", { scope: "col" }, text);
  const link = (one, count, outcome, title, shown) => linkedNumber(count, count ? behind(found, outcome, one.variant, title, count) : null, shown);
  return h("div.scroll.totals", { tabindex: "0", role: "region", "aria-label": "Variants" }, h("table.table.tight", {},
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Variant"), ["People", "Reached goal", isShare(query) ? "Conversion" : "Mean", "Uplift", "Better", "Best", "p value"].map(heading))),
    h("tbody", {}, answer.variants.map((one, index) => h("tr", {},
      h("th", { scope: "row" }, h("span.series-name", {}, h(`span.swatch.${colour(index)}`), h("span.cut", { title: one.variant }, one.variant)), index === 0 && h("span.below.quiet", {}, "control")),
      h("td.num", {}, link(one, one.people, "exposed", `Were shown ${one.variant}`), one.missing_people > 0 && h("span.below.quiet", {}, `${number(one.missing_people)} short`)),
      h("td.num", {}, link(one, one.converted, "converted", `Reached the goal with ${one.variant}`),
        h("span.below", {}, link(one, one.people - one.converted, "not_converted", `Did not reach the goal with ${one.variant}`, (count) => `\u2212${number(count)}`))),
      h("td.num", {}, format(one.value), between(one.interval, format)),
      h("td.num", {}, index ? signed(one.uplift) : "—", between(one.uplift_interval, signed)),
      h("td.num", {}, index ? chance(one.probability_over_control) : "—"), h("td.num", {}, chance(one.probability_best)), h("td.num", {}, pText(one.p_value)))))));
}

const notes = (query) => h("div.quiet.small.below-table", {},
  h("p", {}, `Better: the probability that it is better than the control; best: than all. ${isShare(query)
    ? "Shares have a uniform prior; intervals are Wilson’s, p values of chi-square or Fisher’s exact test."
    : "Means are taken to lie normally, as those of 30 people or more do unless a few have nearly all of it."}`),
  query.goal.math === "avg" && h("p", {}, "The mean is of those who have a number: where a variant changes who has one, the groups no longer compare."),
  query.variants.length > 1 && h("p", {}, `Each of ${number(query.variants.length)} variants is compared with the control by itself: the more there are, the more often one looks better by chance.`),
  h("p", {}, "Who looks every day and stops at the first good number finds differences that are none: decide by how many people, before."));

// Of everybody exposed up to each interval.
export function drawOverTime(element, place, said, { answer, query }) {
  const format = formatOf(query);
  const labels = answer.intervals.map((one) => intervalLabel(one, query.interval, timezone));
  const series = answer.variants.map((one, index) => {
    let [people, sum] = [0, 0];
    const values = one.people_by.map((count, at) => {
      people += count;
      sum += count * (one.values_by[at] ?? 0);
      return people ? sum / people : null;
    });
    return { name: one.variant, values, colour: index, people: one.people_by };
  });
  const isUnfinished = answer.incomplete;
  const unfinished = isUnfinished.map((one, index) => one && (isUnfinished[index + 1] ? "\u00a0" : "so far"));
  fill(element, said, place, h("p.quiet.small", {}, "Of everybody who was exposed up to then, with what they have done until now: who was exposed last had least time."));
  lineChart(place, { labels, series, unfinished, format, caption: `${isShare(query) ? "Conversion" : "Mean"} by variant over time` });
  return { corner: query.interval, labels: answer.intervals.map((one) => intervalIso(one, query.interval, timezone)), series: series.flatMap(({ name, values, people }) => [
    { name: `${name}: exposed`, values: people }, { name, values },
  ]) };
}
