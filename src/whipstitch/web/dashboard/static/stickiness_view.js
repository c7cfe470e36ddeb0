// Stickiness: how its answer is shown; the page and boards use it (question.js).

import { activityView } from "./activity_state.js";
import { linkedNumber, nothingHappened } from "./answer_parts.js";
import { barChart } from "./charts.js";
import { fill, h } from "./dom.js";
import { number, percent, plural } from "./format.js";
import { eventLabel } from "./lexicon_source.js";
import { peopleLink } from "./people_behind.js";

export const view = activityView({
  surface: "stickiness",
  shown: { count: "People", share: "Percent" },
  missing: "Choose the event that people do: on how many days they do it is drawn here.",

  draw(element, found) {
    const { query, answer, state } = found;
    const all = answer.days.reduce((sum, one) => sum + one.people, 0);
    if (!all) {
      fill(element, nothingHappened(state));
      return null;
    }
    const labels = answer.days.map((one) => plural(one.days, query.interval));
    const title = (one) => `${eventLabel(query.event_name)} in ${plural(one.days, query.interval)}`;
    const hrefs = answer.days.map((one) => (one.people ? peopleLink("stickiness", query, { days: one.days }, title(one), number(one.people)) : null));
    // From the end: who came in so many, or more.
    let reached = 0;
    const atLeast = answer.days.toReversed().map((one) => (reached += one.people)).toReversed();
    const mean = answer.days.reduce((sum, one) => sum + one.days * one.people, 0) / all;
    const shares = state.view === "share";
    const format = shares ? percent : number;
    const value = (people) => (shares ? people / all : people);
    const place = h("div.chart");
    fill(element, h("p.answer-sum.break", {}, h("strong", {}, number(Math.round(mean * 10) / 10)), h("span.quiet", {}, ` of ${plural(answer.days.length, query.interval)}, on average, of ${plural(all, "person", "people")}`)),
      place, table(answer.days, labels, atLeast, hrefs, all));
    barChart(place, { labels: answer.days.map((one) => number(one.days)), series: [{ name: "People", values: answer.days.map((one) => value(one.people)), href: (index) => hrefs[index], format }], format, caption: `People by number of ${query.interval}s`, numbers: false });
    return { corner: `${query.interval}s`, labels: answer.days.map((one) => one.days), series: [
      { name: "people", values: answer.days.map((one) => one.people) }, { name: "so many or more", values: atLeast },
    ] };
  },
});

function table(days, labels, atLeast, hrefs, all) {
  const head = (text) => h("th.num", { scope: "col" }, text);
  return h("div.scroll.totals", { tabindex: "0", role: "region", "aria-label": "Numbers" }, h("table.table", {},
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "In"), head("People"), head("Share"), head("So many or more"), head("Share"))),
    h("tbody", {}, days.map((one, index) => h("tr", {}, h("th", { scope: "row" }, labels[index]),
      h("td.num", {}, linkedNumber(one.people, hrefs[index])), h("td.num", {}, percent(one.people / all)),
      h("td.num", {}, number(atLeast[index])), h("td.num", {}, percent(atLeast[index] / all)))))));
}
