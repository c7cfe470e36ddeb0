// Web: who visits, from where, which pages. Every row filters everything on the page, every number leads to the people.

import { failed, latest, mayEdit, page, post, withParameters } from "./api.js";
import { previousRange, rangeOf, settled } from "./date_range.js";
import { byId, clone, fill, h } from "./dom.js";
import { filterEditor } from "./filter_editor.js";
import { number } from "./format.js";
import { firstSeen } from "./lexicon_source.js";
import { peopleLink } from "./people_behind.js";
import { parametersOf } from "./question_state.js";
import { rangeField } from "./range_field.js";
import { saving } from "./saving.js";
import { chips } from "./session_filters.js";
import { countryMap, figures, MEASURES, overTime, valuesTable } from "./web_parts.js";
import { DIMENSIONS, dimensionOf, MAP, PANELS, view } from "./web_view.js";

const SHOWN = 8;
const MOST = 200;
const LIVE_MS = 5 * 60_000;
const LIVE_EVERY_MS = 30_000;

const place = { range: byId("range"), chips: byId("chips"), editor: byId("narrowing"), figures: byId("figures"), chart: byId("chart"), panels: byId("panels"), answer: byId("answer") };
let state = null;
let found = null;
const saved = saving(view, { current: () => state, moved });

const address = () => withParameters(location.pathname, saved.parameters(state));
const hrefOf = (filters) => page("web", { saved: new URLSearchParams(location.search).get("saved"), ...parametersOf(view, { ...state, filters }) });
const filtered = (filters) => go({ filters });

function go(patch, redraw = true) {
  state = { ...state, ...patch };
  history.pushState(null, "", address());
  if (redraw) controls();
  else fill(place.chips, chips(state.filters, filtered));
  load();
}

// Another view of what is there already: nothing is asked.
function shows(patch) {
  state = { ...state, ...patch };
  history.replaceState(null, "", address());
  saved.show(true);
}

// Another question is saved than the address says; `other` is the state to show then.
function moved(other = null) {
  if (other) state = other;
  if (address() !== location.pathname + location.search) history.pushState(null, "", address());
  if (other) all();
}

function all() {
  controls();
  load();
}

let turn = 0;
async function begin() {
  const mine = ++turn;
  try {
    const read = await saved.read(location.search);
    if (mine !== turn) return;
    state = read;
  } catch (error) {
    return fill(place.panels, failed(error, begin));
  }
  all();
}

// What a row filters by is taken away above; all other filters can be changed, too.
const isOfRow = (filter) => filter.on === "session";

function controls() {
  fill(place.range, rangeField({ value: state.range, onchange: (range) => go({ range }) }));
  fill(place.chips, chips(state.filters, filtered));
  fill(place.editor, filterEditor({ filters: state.filters.filter((one) => !isOfRow(one)), onchange: (filters) => go({ filters: [...state.filters.filter(isOfRow), ...filters] }, false) }));
  const shown = h("select.auto", { "aria-label": "What boards show", onchange: () => shows({ tile: shown.value }) },
    h("option", { value: "" }, "Figures and chart"), Object.entries(PANELS).map(([key, { title }]) => h("option", { value: key, selected: key === state.tile }, title)));
  fill(byId("on-boards"), mayEdit && [h("span.quiet.small", {}, "On boards"), shown]);
}

const load = latest(async (signal) => {
  saved.show(true);
  place.answer.setAttribute("aria-busy", "true");
  try {
    await settled(state.range);
    const { filters, interval } = view.query(state);
    const query = { ...rangeOf(state.range), filters, interval };
    const past = previousRange(state.range);
    const queryBefore = past && { ...past, filters, interval };
    const [answer, before, seen] = await Promise.all([
      post("web", { ...query, breakdowns: DIMENSIONS, limit: SHOWN + 1 }, { signal }),
      past && post("web", queryBefore, { signal }),
      past && firstSeen().catch(() => ({})),
    ]);
    found = { query, queryBefore, before, answer: { ...answer, firstSeen: seen } };
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
  fill(place.figures, figures({ ...found, state }, h("div", {}, h("dt", {}, "Live now"), h("dd", { id: "live" }, "…"), h("dd.change.quiet", {}, "last 5 minutes"))));
  chart();
  fill(place.panels, Object.keys(PANELS).map((key) => panel(key)));
  drawMap();
}

function chart() {
  const switcher = h("span.switch", { role: "group", "aria-label": "What is drawn" }, Object.entries(MEASURES).map(([name, text]) =>
    h("button", { type: "button", "aria-pressed": String(name === state.measure), onclick: () => {
      shows({ measure: name });
      chart();
      place.chart.querySelector('[aria-pressed="true"]').focus();
    } }, text)));
  const drawing = h("div.chart");
  fill(place.chart, h("div.panel-head", {}, h("h2", {}, "Over time"), switcher), drawing);
  overTime(drawing, { ...found, state });
}

function panel(key, whole = null) {
  const { title, of } = PANELS[key];
  const name = state[key];
  const rows = whole ?? found.answer.breakdowns[dimensionOf(name)];
  const told = rows.filter((one) => one.value !== null);
  // Of campaigns most sessions have none: that is no row worth its place.
  const rest = key === "campaigns" ? [] : rows.filter((one) => one.value === null);
  const shown = [...(whole ? told : told.slice(0, SHOWN)), ...rest];
  const tabs = h("span.switch", { role: "group", "aria-label": title }, Object.entries(of).map(([one, text]) =>
    h("button", { type: "button", "aria-pressed": String(one === name), onclick: () => {
      shows({ [key]: one });
      again(key);
      drawMap();
    } }, text)));
  const more = !whole && name !== MAP && told.length > SHOWN && h("button.link.small", { type: "button", onclick: (event) => showAll(event.target, key) }, "Show more");
  return h("section.card", { "aria-labelledby": `panel-${title}`, "data-panel": title },
    h("div.panel-head", {}, h("h2", { id: `panel-${title}` }, title), tabs),
    name === MAP ? h("div.map", { "aria-busy": "true" }, h("div.chart")) : shown.length ? valuesTable({ ...found, state }, name, shown, hrefOf, filtered) : h("p.quiet", {}, "None in this range."), more);
}

const panelOf = (key) => place.panels.querySelector(`[data-panel="${PANELS[key].title}"]`);

function again(key, rows = null) {
  panelOf(key).replaceWith(panel(key, rows));
  panelOf(key).querySelector('[aria-pressed="true"]')?.focus();
}

// Every value of a dimension, not only those that are listed.
const allOf = async (name) => (await post("web", { ...found.query, interval: null, breakdown: name, limit: MOST })).rows;

async function showAll(button, key) {
  button.disabled = true;
  try {
    again(key, await allOf(state[key]));
  } catch (error) {
    button.replaceWith(failed(error));
  }
}

async function drawMap() {
  const at = panelOf("countries")?.querySelector(".map");
  if (!at) return;
  const asked = found;
  try {
    asked.countries ??= await allOf("country");
    if (!at.isConnected || asked !== found) return;
    at.append(countryMap(at.firstElementChild, { ...found, state }, asked.countries, hrefOf, filtered) ?? "");
  } catch (error) {
    fill(at, failed(error, drawMap));
  }
  at.removeAttribute("aria-busy");
}

// Who did something within the last minutes, whatever the range and the filters.

async function live() {
  if (document.hidden || !byId("live")) return;
  const now = Date.now();
  const query = { events: [{ event_name: null, math: "unique" }], from: new Date(now - LIVE_MS).toISOString(), to: new Date(now + 60_000).toISOString(), interval: "hour" };
  try {
    const { series: [one] } = await post("insights", query);
    const shown = byId("live");
    if (shown) fill(shown, one.total ? h("a", { href: peopleLink("insights", query, { series: 0 }, "Here in the last 5 minutes", number(one.total)) }, number(one.total)) : "0");
  } catch {
    // The next time it is tried again.
  }
}

addEventListener("popstate", begin);
setInterval(live, LIVE_EVERY_MS);
new MutationObserver(() => byId("live")?.textContent === "…" && live()).observe(place.figures, { childList: true });
begin();
