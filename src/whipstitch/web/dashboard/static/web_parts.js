// What the Web page and its tiles on boards are made of. `found` is what ask() (question_state.js) gives back, its answer with
// `firstSeen`; `hrefOf(filters)` is where a row leads that filters.

import { page, timezone } from "./api.js";
import { lineChart } from "./charts.js";
import { h } from "./dom.js";
import { change, daysText, intervalLabel, number, percent, span } from "./format.js";
import { firstOf, unfinishedOf } from "./insight_lines.js";
import { peopleLink } from "./people_behind.js";
import { filteredBy, isChosen, NAMES, parametersOf, valueText } from "./session_filters.js";
import { isOnMap, worldMap } from "./world_map.js";

export const MEASURES = { visitors: "Visitors", sessions: "Sessions", views: "Views" };
const DAY_MS = 86_400_000;
const VIEWED = { property: "views", operator: "gte", value: 1, on: "session" };

const people = ({ query }, peopleOf, title, shown) => peopleLink("web", query, peopleOf, title, shown);

// What is compared with is not whole where the first event came later.
const isNew = ({ answer, queryBefore }) => Boolean(queryBefore) && firstOf([{ event_name: null }], answer.firstSeen ?? {}) > Date.parse(queryBefore.from) + DAY_MS;

// `more`: a last figure.
export function figures(found, more = null) {
  const { answer, queryBefore, state } = found;
  const before = isNew(found) ? null : found.before;
  const of = (name, text, { show = number, href = null, less = false } = {}) => {
    const [now, then] = [answer[name], before?.[name] ?? null];
    const told = before && change(now, then);
    const better = told && told !== "—" && now !== then && (now > then) !== less;
    return h("div", {}, h("dt", {}, text),
      h("dd", {}, href && now ? h("a", { href }, show(now)) : show(now)),
      told && h("dd.change", { title: `Before: ${show(then)}` }, h(`span${told === "—" || now === then ? "" : better ? ".up" : ".down"}`, {}, told)));
  };
  const share = (value) => (value === null ? "—" : percent(value));
  return [
    h("dl.figures", {},
      of("visitors", "Visitors", { href: people(found, {}, "Visitors", number(answer.visitors)) }),
      of("sessions", "Sessions", { href: page("sessions", parametersOf({ ...state, filters: [...state.filters, VIEWED] })) }),
      of("views", "Views"),
      of("bounce_rate", "Bounce rate", { show: share, less: true, href: people(found, { bounced: true }, "Visitors who bounced", share(answer.bounce_rate)) }),
      of("median_seconds", "Duration, median", { show: span }), more),
    queryBefore && h("p.quiet.small", {}, isNew(found) ? `Not compared with ${daysText(queryBefore)}: the first event came later than that began.` : `Changes are from ${daysText(queryBefore)}.`),
  ];
}

export function overTime(element, found) {
  const { answer: { over_time: now }, query, state: { measure } } = found;
  const labels = now.intervals.map((one) => intervalLabel(one, query.interval, timezone));
  const then = isNew(found) ? undefined : found.before?.over_time[measure];
  const unfinished = unfinishedOf(now, query);
  lineChart(element, { labels, unfinished, caption: `${MEASURES[measure]} by ${query.interval}`, height: 220, legend: false, series: [{
    name: MEASURES[measure], values: now[measure].map((value, index) => (unfinished[index] === undefined ? null : value)),
    ...(then?.length === labels.length ? { before: then } : {}),
    href: (index) => (now.visitors[index] ? people(found, { interval: now.intervals[index] }, `Visitors, ${labels[index]}`, number(now.visitors[index])) : null),
  }] });
}

// The rows of a dimension; `go(filters)`, where the page filters itself without being loaded anew.
export function valuesTable(found, name, rows, hrefOf, go = null) {
  const { state: { filters } } = found;
  const most = Math.max(...rows.map((one) => one.visitors), 1);
  const head = [NAMES[name], "Visitors", name === "page" ? "Views" : "Sessions", "Bounce"];
  const body = rows.map((one) => {
    const text = valueText(name, one.value);
    const to = filteredBy(filters, name, one.value);
    const cell = h("th.share", { scope: "row" }, isChosen(filters, name, one.value)
      ? h("strong.cut", { title: text }, text)
      : h("a.cut", { href: hrefOf(to), title: text, onclick: (event) => followed(event, go, to) }, text));
    cell.style.setProperty("--share", `${(100 * one.visitors) / most}%`);
    return h("tr", {}, cell,
      h("td.num", {}, h("a", { href: people(found, { breakdown: name, value: one.value }, `Visitors, ${NAMES[name]}: ${text}`, number(one.visitors)) }, number(one.visitors))),
      h("td.num", {}, number(name === "page" ? one.views : one.sessions)),
      h("td.num", {}, one.bounce_rate === null ? "—" : percent(one.bounce_rate)));
  });
  return h("div.scroll", { tabindex: "0", role: "region", "aria-label": NAMES[name] }, h("table.table.tight.panel", {},
    h("thead", {}, h("tr", {}, head.map((text, index) => h(index ? "th.num" : "th", { scope: "col" }, text)))),
    h("tbody", {}, body)));
}

function followed(event, go, filters) {
  if (!go || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  go(filters);
}

// Visitors by country, and a note of those that are on no map.
export function countryMap(element, { state }, rows, hrefOf, go = null) {
  const places = rows.filter((one) => isOnMap(one.value)).map((one) => ({ code: one.value, name: one.value, total: one.visitors, format: number, hrefTotal: hrefOf(filteredBy(state.filters, "country", one.value)) }));
  worldMap(element, { places, caption: "Visitors by country" });
  element.onclick = (event) => {
    const { code } = event.target.dataset ?? {};
    if (code) followed(event, go, filteredBy(state.filters, "country", code));
  };
  const rest = rows.filter((one) => !isOnMap(one.value)).reduce((sum, one) => sum + one.visitors, 0);
  return rest ? h("p.quiet.small", {}, `Without a country on the map: ${number(rest)}.`) : null;
}
