// Lifecycle: how its answer is shown; the page and boards use it (question.js).

import { activityView } from "./activity_state.js";
import { linkedNumber, nothingHappened } from "./answer_parts.js";
import { timezone } from "./api.js";
import { barChart } from "./charts.js";
import { fill, h } from "./dom.js";
import { intervalIso, intervalLabel, number } from "./format.js";
import { unfinishedOf } from "./insight_lines.js";
import { eventLabel } from "./lexicon_source.js";
import { peopleLink } from "./people_behind.js";

const STATES = { new: "New", returning: "Returning", resurrecting: "Resurrecting", dormant: "Dormant" };
const MEANINGS = {
  new: "for the first time ever", returning: "in the interval before, too", resurrecting: "before that, but not in the interval before",
  dormant: "in the interval before, and not in this one",
};

export const view = activityView({
  surface: "lifecycle",
  shown: { bar: "Bars", table: "Table" },
  missing: "Choose the event that people do: who is new, returns and stays away is drawn here.",

  draw(element, found) {
    const { query, answer, state } = found;
    const names = Object.keys(STATES);
    if (names.every((name) => answer[name].every((one) => one === 0))) {
      fill(element, nothingHappened(state));
      return null;
    }
    const labels = answer.intervals.map((one) => intervalLabel(one, query.interval, timezone));
    const unfinished = unfinishedOf(answer, query);
    const series = names.map((name) => ({
      name: STATES[name], meaning: MEANINGS[name], values: answer[name].map((value, index) => (unfinished[index] === undefined ? null : value)),
      href: (index) => (answer[name][index] ? peopleLink("lifecycle", query, { interval: answer.intervals[index], state: name }, `${eventLabel(query.event_name)} · ${STATES[name].toLowerCase()}, ${labels[index]}`, number(answer[name][index])) : null),
    }));
    if (state.view === "table") fill(element, matrix(series, labels, unfinished));
    else {
      const place = h("div.chart");
      fill(element, place, legend(series));
      barChart(place, { labels, series, unfinished, stacked: true, caption: "People by state and interval" });
    }
    return { corner: query.interval, labels: answer.intervals.map((one) => intervalIso(one, query.interval, timezone)), series: names.map((name) => ({ name, values: answer[name] })) };
  },
});

const legend = (series) => h("dl.facts.small", {}, series.map((one) => h("div", {}, h("dt", {}, one.name), h("dd", {}, one.meaning))));

function matrix(series, labels, unfinished) {
  const head = (text, more) => h("th.num", { scope: "col" }, text, more && h("span.below", {}, more));
  return h("div.scroll.matrix", { tabindex: "0", role: "region", "aria-label": "People by state and interval" }, h("table.table", {},
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, h("span.sr", {}, "State")), labels.map((label, index) => head(label, unfinished[index])))),
    h("tbody", {}, series.map((one) => h("tr", {}, h("th", { scope: "row", title: one.meaning }, one.name),
      one.values.map((value, index) => h("td.num", {}, linkedNumber(value, one.href(index)))))))));
}
