// What goes together with converting in a funnel: drawCorrelation(element, found, everybody), as a view's draw() (question_state.js).
// `everybody` is a line that gives behind(peopleOf, title), the address of the people of a number.

import { linkedNumber } from "./answer_parts.js";
import { fill, h } from "./dom.js";
import { number, percent, plural } from "./format.js";
import { eventLabel } from "./lexicon_source.js";
import { whiskerChart } from "./whiskers.js";

const MOST_BARS = 20;
const VERDICTS = {
  converting: { title: "Goes together with converting", tone: "good" },
  dropping_out: { title: "Goes together with dropping out", tone: "bad" },
  unclear: { title: "Not told from chance", tone: "quiet" },
  too_few: { title: "Too few people to tell", tone: "quiet" },
};
const KINDS = { event: "at the first step", person: "of the person" };

export function drawCorrelation(element, { answer }, everybody) {
  const { correlation: found } = answer;
  const each = found.correlations.map((one) => ({ ...one, name: one.event_name !== undefined ? eventLabel(one.event_name) : `${one.property}: ${one.value || "(blank)"}` }));
  const of = (verdict) => each.filter((one) => one.goes_with === verdict);
  const told = [...of("converting"), ...of("dropping_out")];
  const place = h("div.chart.low");
  fill(element, summary(found, told, everybody), told.length > 0 && place,
    told.length > MOST_BARS && h("p.quiet.small", {}, `The chart shows the first ${MOST_BARS} of ${number(told.length)}.`),
    ["converting", "dropping_out"].map((verdict) => of(verdict).length > 0 && [h("h2", {}, VERDICTS[verdict].title), table(VERDICTS[verdict].title, of(verdict), found, everybody)]),
    ["unclear", "too_few"].map((verdict) => of(verdict).length > 0 && h("details.chart-table", {}, h("summary", {}, `${VERDICTS[verdict].title}: ${number(of(verdict).length)}`), table(VERDICTS[verdict].title, of(verdict), found, everybody))),
    notes(found));
  if (told.length) {
    const bars = told.toSorted((a, b) => b.odds_ratio - a.odds_ratio).slice(0, MOST_BARS);
    whiskerChart(place, {
      rows: bars.map((one) => ({ name: one.name, value: one.odds_ratio, low: one.interval[0], high: one.interval[1], text: times(one.odds_ratio), tone: VERDICTS[one.goes_with].tone, href: everybody.behind(...cell(one, "converted", true), one.converted_with) })),
      base: 1, logarithmic: true, format: times, caption: "Odds ratios of converting, with 95 % intervals",
    });
  }
  return numbers(each);
}

const times = (value) => (value === null ? "—" : `${number(value < 10 ? Math.round(value * 100) / 100 : Math.round(value))}×`);

function summary({ converted, dropped }, told, everybody) {
  const link = (count, outcome, title) => linkedNumber(count, count ? everybody.behind({ correlated: { outcome } }, title, count) : null);
  return h("p.answer-sum", {}, h("strong", {}, told.length ? plural(told.length, "event or value", "events or values") : "Nothing"),
    h("span.quiet", {}, ` ${told.length === 1 ? "goes" : told.length ? "go" : "is seen to go"} together with converting or dropping out, among `), link(converted, "converted", "Converted"),
    h("span.quiet", {}, " who converted and "), link(dropped, "dropped", "Dropped out"), h("span.quiet", {}, " who did not."));
}

function cell(one, outcome, present) {
  const mark = one.event_name !== undefined ? { event_name: one.event_name } : { property: one.property, value: one.value, on: one.on };
  return [{ correlated: { outcome, ...mark, present } }, `${outcome === "converted" ? "Converted" : "Dropped out"} ${present ? "with" : "without"} ${one.name}`];
}

const heading = (text) => h("th.num", { scope: "col" }, text);

function table(label, each, found, everybody) {
  const people = (one, present) => {
    const [converted, dropped] = present ? [one.converted_with, one.dropped_with] : [one.converted_without, one.dropped_without];
    const link = (count, outcome, format) => linkedNumber(count, count ? everybody.behind(...cell(one, outcome, present), count) : null, format);
    return h("td.num.apart", {}, link(converted, "converted"), h("span.quiet", {}, ` ${percent(converted / (converted + dropped))}`), h("span.below", {}, link(dropped, "dropped", (count) => `\u2212${number(count)}`)));
  };
  return h("div.scroll.totals", { tabindex: "0", role: "region", "aria-label": label }, h("table.table.tight", {},
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Event or value"), ["Converted with it", "Without it", "Odds ratio", "p value"].map(heading))),
    h("tbody", {}, each.map((one) => h("tr", {},
      h("th", { scope: "row" }, h("span.series-name", {}, h("span.cut", { title: one.name }, one.name)), h("span.below.quiet", {}, KINDS[one.on] ?? "on the way")),
      people(one, true), people(one, false),
      h("td.num", {}, times(one.odds_ratio), h("span.below.quiet", {}, `${times(one.interval[0])} – ${times(one.interval[1])}`)),
      h("td.num", {}, chance(one.adjusted_p_value)))))));
}

const chance = (p) => (p === null ? "—" : p < 0.001 ? "< 0.001" : number(Math.round(p * 1000) / 1000));

function notes({ undecided, candidates, correlations, left_out: out }) {
  const all = candidates.events + candidates.event_properties + candidates.person_properties;
  const tested = correlations.filter((one) => one.p_value !== null).length;
  return h("div.quiet.small.below-table", {},
    h("p", {}, "What goes together with converting need not cause it. Events are those between the first step and converting, or the end of the time to convert: who converts soon has less time for them."),
    undecided > 0 && h("p", {}, `${number(undecided)} of those who did not convert still have time to.`),
    h("p", {}, `Odds ratios stand with their 95 % intervals; p values are corrected for ${number(tested)} tests (Benjamini-Hochberg), chi-square or, of few people, Fisher’s exact one. `,
      `Of ${number(all)} events and values these are the ones that most people have. Less than 10 people with or without it are too few.`),
    out.length > 0 && h("p", {}, `Left out, since they decide who converts: ${out.map(eventLabel).join(", ")}.`));
}

function numbers(each) {
  const column = (name, value) => ({ name, values: each.map(value) });
  return { corner: "event or value", labels: each.map((one) => one.name), series: [
    column("of", (one) => KINDS[one.on] ?? "on the way"), column("goes with", (one) => one.goes_with.replace("_", " ")),
    ...["converted_with", "converted_without", "dropped_with", "dropped_without", "odds_ratio"].map((name) => column(name.replace("_", " "), (one) => one[name])),
    column("from", (one) => one.interval[0]), column("to", (one) => one.interval[1]),
    column("p value", (one) => one.p_value), column("adjusted p value", (one) => one.adjusted_p_value),
  ] };
}
