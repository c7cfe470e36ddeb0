// Web: who visits, from where, which pages. Every row filters everything on the page, every number leads to the people.

import { failed, latest, page, post, timezone } from "./api.js";
import { lineChart } from "./charts.js";
import { intervalFor, previousRange, rangeOf, settled } from "./date_range.js";
import { byId, clone, fill, h } from "./dom.js";
import { change as changeText, daysText, intervalLabel, number, percent, span } from "./format.js";
import { firstOf, unfinishedOf } from "./insight_lines.js";
import { firstSeen } from "./lexicon_source.js";
import { peopleLink } from "./people_behind.js";
import { rangeField } from "./range_field.js";
import { chips, filteredBy, here, isChosen, NAMES, parametersOf, stateOf, valueText } from "./session_filters.js";

const PANELS = [
  ["Pages", { page: "Pages", entry_page: "Entries", exit_page: "Exits" }],
  ["Sources", { channel: "Channels", referrer: "Referrers" }],
  ["Campaigns", { utm_campaign: "Campaigns", utm_source: "Sources", utm_medium: "Media" }],
  ["Countries", { country: "Countries" }],
  ["Devices", { device: "Devices", browser: "Browsers", os: "Systems" }],
];
const MEASURES = { visitors: "Visitors", sessions: "Sessions", views: "Views" };
const SHOWN = 8;
const MOST = 200;
const DAY_MS = 86_400_000;
const LIVE_MS = 5 * 60_000;
const LIVE_EVERY_MS = 30_000;

const place = { range: byId("range"), chips: byId("chips"), figures: byId("figures"), chart: byId("chart"), panels: byId("panels"), answer: byId("answer") };
let state = read();
let found = null;

function read() {
  const asked = new URLSearchParams(location.search);
  const measure = asked.get("measure") ?? "";
  const tabs = Object.fromEntries(PANELS.map(([title, of]) => {
    const name = asked.get(title.toLowerCase()) ?? "";
    return [title, Object.hasOwn(of, name) ? name : Object.keys(of)[0]];
  }));
  return { ...stateOf(location.search), measure: Object.hasOwn(MEASURES, measure) ? measure : "visitors", tabs };
}

function address(of) {
  const tabs = PANELS.map(([title, names]) => [title.toLowerCase(), of.tabs[title] === Object.keys(names)[0] ? "" : of.tabs[title]]);
  return here(of, { measure: of.measure === "visitors" ? "" : of.measure, ...Object.fromEntries(tabs) });
}

function go(patch) {
  state = { ...state, ...patch };
  history.pushState(null, "", address(state));
  begin();
}

function begin() {
  fill(place.range, rangeField({ value: state.range, onchange: (range) => go({ range }) }));
  fill(place.chips, chips(state.filters, (filters) => go({ filters })));
  load();
}

const load = latest(async (signal) => {
  place.answer.setAttribute("aria-busy", "true");
  try {
    await settled(state.range);
    const base = { filters: state.filters, interval: intervalFor(state.range) };
    const query = { ...rangeOf(state.range), ...base };
    const past = previousRange(state.range);
    const breakdowns = PANELS.flatMap(([, of]) => Object.keys(of));
    const [answer, before, seen] = await Promise.all([
      post("web", { ...query, breakdowns, limit: SHOWN + 1 }, { signal }),
      past && post("web", { ...past, ...base }, { signal }),
      past && firstSeen().catch(() => ({})),
    ]);
    // What is compared with is not whole where the first event came later.
    const isNew = past && firstOf([{ event_name: null }], seen) > Date.parse(past.from) + DAY_MS;
    found = { query, answer, before: isNew ? null : before, past, isNew };
  } catch (error) {
    if (error.name === "AbortError") throw error;
    found = null;
    for (const one of [place.figures, place.chart, place.panels]) fill(one);
    fill(place.panels, failed(error, load));
  }
  place.answer.removeAttribute("aria-busy");
  if (found) draw();
});

function draw() {
  if (!found.answer.sessions && !state.filters.length) {
    for (const one of [place.figures, place.chart]) fill(one);
    return fill(place.panels, clone("nothing"));
  }
  fill(place.figures, figures());
  chart();
  fill(place.panels, PANELS.map(([title, of]) => panel(title, of)));
}

const people = (peopleOf, title) => peopleLink("web", found.query, peopleOf, title);

function figures() {
  const { answer, before } = found;
  const of = (name, text, { show = number, href = null, less = false } = {}) => {
    const [now, then] = [answer[name], before?.[name] ?? null];
    const told = before && changeText(now, then);
    const better = told && told !== "—" && now !== then && (now > then) !== less;
    return h("div", {}, h("dt", {}, text),
      h("dd", {}, href && now ? h("a", { href }, show(now)) : show(now)),
      told && h("dd.change", { title: `Before: ${show(then)}` }, h(`span${told === "—" || now === then ? "" : better ? ".up" : ".down"}`, {}, told)));
  };
  const share = (value) => (value === null ? "—" : percent(value));
  return [
    h("dl.figures", {},
      of("visitors", "Visitors", { href: people({}, "Visitors") }),
      of("sessions", "Sessions", { href: page("sessions", parametersOf({ ...state, filters: [...state.filters, { property: "views", operator: "gte", value: 1, on: "session" }] })) }),
      of("views", "Views"),
      of("bounce_rate", "Bounce rate", { show: share, less: true, href: people({ bounced: true }, "Visitors who bounced") }),
      of("median_seconds", "Duration, median", { show: span }),
      h("div", {}, h("dt", {}, "Live now"), h("dd", { id: "live" }, "…"), h("dd.change.quiet", {}, "last 5 minutes"))),
    found.past && h("p.quiet.small", {}, found.isNew ? `Not compared with ${daysText(found.past)}: the first event came later than that began.` : `Changes are from ${daysText(found.past)}.`),
  ];
}

function chart() {
  const { answer: { over_time: now }, before, query } = found;
  const { measure } = state;
  const labels = now.intervals.map((one) => intervalLabel(one, query.interval, timezone));
  const switcher = h("span.switch", { role: "group", "aria-label": "What is drawn" }, Object.entries(MEASURES).map(([name, text]) =>
    h("button", { type: "button", "aria-pressed": String(name === measure), onclick: () => draws(name) }, text)));
  const drawing = h("div.chart");
  const then = before?.over_time[measure];
  const unfinished = unfinishedOf(now, query);
  fill(place.chart, h("div.panel-head", {}, h("h2", {}, "Over time"), switcher), drawing);
  lineChart(drawing, { labels, unfinished, caption: `${MEASURES[measure]} by ${query.interval}`, height: 220, legend: false, series: [{
    name: MEASURES[measure], values: now[measure].map((value, index) => (unfinished[index] === undefined ? null : value)),
    ...(then?.length === labels.length ? { before: then } : {}),
    href: (index) => (now.visitors[index] ? people({ interval: now.intervals[index] }, `Visitors, ${labels[index]}`) : null),
  }] });
}

function panel(title, of, all = null) {
  const name = state.tabs[title];
  const rows = all ?? found.answer.breakdowns[name];
  const told = rows.filter((one) => one.value !== null);
  // Of campaigns most sessions have none: that is no row worth its place.
  const rest = title === "Campaigns" ? [] : rows.filter((one) => one.value === null);
  const shown = [...(all ? told : told.slice(0, SHOWN)), ...rest];
  const tabs = Object.keys(of).length > 1 && h("span.switch", { role: "group", "aria-label": title }, Object.entries(of).map(([one, text]) =>
    h("button", { type: "button", "aria-pressed": String(one === name), onclick: () => tab(title, one) }, text)));
  const more = !all && told.length > SHOWN && h("button.link.small", { type: "button", onclick: (event) => showAll(event.target, title, of) }, "Show more");
  return h("section.card", { "aria-labelledby": `panel-${title}`, "data-panel": title },
    h("div.panel-head", {}, h("h2", { id: `panel-${title}` }, title), tabs),
    shown.length ? table(name, shown) : h("p.quiet", {}, "None in this range."), more);
}

// Other views of what is there already: nothing is asked.

function draws(measure) {
  state = { ...state, measure };
  history.replaceState(null, "", address(state));
  chart();
  place.chart.querySelector('[aria-pressed="true"]').focus();
}

function tab(title, name) {
  state = { ...state, tabs: { ...state.tabs, [title]: name } };
  history.replaceState(null, "", address(state));
  again(title);
}

function again(title, rows = null) {
  const old = place.panels.querySelector(`[data-panel="${title}"]`);
  old.replaceWith(panel(title, Object.fromEntries(PANELS)[title], rows));
  place.panels.querySelector(`[data-panel="${title}"] [aria-pressed="true"]`)?.focus();
}

async function showAll(button, title) {
  button.disabled = true;
  try {
    const { rows } = await post("web", { ...found.query, interval: null, breakdown: state.tabs[title], limit: MOST });
    again(title, rows);
  } catch (error) {
    button.replaceWith(failed(error));
  }
}

function table(name, rows) {
  const most = Math.max(...rows.map((one) => one.visitors), 1);
  const head = [NAMES[name], "Visitors", name === "page" ? "Views" : "Sessions", "Bounce"];
  const body = rows.map((one) => {
    const text = valueText(name, one.value);
    const chosen = isChosen(state.filters, name, one.value);
    const filters = chosen ? state.filters : filteredBy(state.filters, name, one.value);
    const cell = h("th.share", { scope: "row" }, chosen
      ? h("strong.cut", { title: text }, text)
      : h("a.cut", { href: address({ ...state, filters }), title: text, onclick: (event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        go({ filters });
      } }, text));
    cell.style.setProperty("--share", `${(100 * one.visitors) / most}%`);
    return h("tr", {}, cell,
      h("td.num", {}, h("a", { href: people({ breakdown: name, value: one.value }, `Visitors, ${NAMES[name]}: ${text}`) }, number(one.visitors))),
      h("td.num", {}, number(name === "page" ? one.views : one.sessions)),
      h("td.num", {}, one.bounce_rate === null ? "—" : percent(one.bounce_rate)));
  });
  return h("div.scroll", { tabindex: "0", role: "region", "aria-label": NAMES[name] }, h("table.table.tight.panel", {},
    h("thead", {}, h("tr", {}, head.map((text, index) => h(index ? "th.num" : "th", { scope: "col" }, text)))),
    h("tbody", {}, body)));
}

// Who did something within the last minutes, whatever the range and the filters.

async function live() {
  if (document.hidden || !byId("live")) return;
  const now = Date.now();
  const query = { events: [{ event_name: null, math: "unique" }], from: new Date(now - LIVE_MS).toISOString(), to: new Date(now + 60_000).toISOString(), interval: "hour" };
  try {
    const { series: [one] } = await post("insights", query);
    const shown = byId("live");
    if (shown) fill(shown, one.total ? h("a", { href: peopleLink("insights", query, { series: 0 }, "Here in the last 5 minutes") }, number(one.total)) : "0");
  } catch {
    // The next time it is tried again.
  }
}

addEventListener("popstate", () => {
  state = read();
  begin();
});
setInterval(live, LIVE_EVERY_MS);
new MutationObserver(() => byId("live")?.textContent === "…" && live()).observe(place.figures, { childList: true });
begin();
