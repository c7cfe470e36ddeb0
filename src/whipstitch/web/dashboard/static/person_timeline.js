// The timeline of a person: await showTimeline(id). Newest first, by day and session, with the properties in each line and the
// filters that the address says, which are edited above it.

import { failed, get, latest, withParameters } from "./api.js";
import { byId, fill, h } from "./dom.js";
import { tidyFilters } from "./event_list.js";
import { eventRow } from "./event_row.js";
import { filterEditor } from "./filter_editor.js";
import { dayOf, timeOfDay } from "./format.js";
import { namesLoaded } from "./lexicon_names.js";
import { eventLabel, eventOptions, propertyOptions } from "./lexicon_source.js";
import { decode, encode } from "./rison.js";
import { tokens } from "./tokens.js";

const PAGE = 100;
const MOST_SHOWN = 8;

const place = byId("timeline");
const more = byId("more");
let person = null;
let state = read();
let cursor = null;
let lastDay = "";
let lastSession = null;
let rows = null;
let events = []; // those that are shown

function read() {
  const asked = new URLSearchParams(location.search);
  const texts = (name) => [decode(asked.get(name) ?? "") ?? []].flat().filter((one) => typeof one === "string" && one);
  return { events: texts("events"), shown: texts("shown").slice(0, MOST_SHOWN), filters: tidyFilters(decode(asked.get("filters") ?? "")) ?? [] };
}

function go(patch) {
  state = { ...state, ...patch };
  const id = new URLSearchParams(location.search).get("id");
  const told = Object.fromEntries(Object.entries(state).map(([name, value]) => [name, value.length ? encode(value) : ""]));
  history.pushState(null, "", withParameters(location.pathname, { id, ...told }));
  tell();
}

// Both in one list of filters, as the query API takes them.
const asked = () => [...(state.events.length ? [{ property: "$event_name", operator: "is", value: state.events }] : []), ...state.filters];

const load = latest(async (signal, after = null) => {
  more.disabled = true;
  try {
    const filters = asked().length ? JSON.stringify(asked()) : "";
    const found = await get("events", { distinct_id: person, filters, limit: PAGE, cursor: after }, { signal });
    events = after ? [...events, ...found.events] : found.events;
    cursor = found.next_cursor;
    more.hidden = !cursor;
    more.disabled = false;
    show(after ? found.events : null);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    more.hidden = true;
    if (after) place.append(failed(error, () => load(after)));
    else fill(place, failed(error, () => load()));
  }
});

// Those that `came` are added, else all are drawn.
function show(came = null) {
  if (!came) {
    const nothing = asked().length ? "No event of theirs is like that." : "No event yet: only traits or aliases were sent.";
    fill(place, events.length ? null : h("p.empty", {}, nothing));
    lastDay = "";
    lastSession = null;
  }
  (came ?? events).forEach(add);
}

function add(event) {
  const day = dayOf(event.timestamp);
  if (day !== lastDay) {
    place.append(h("h3.day", {}, day));
    lastDay = day;
    lastSession = null;
  }
  if (event.session_id !== lastSession) {
    lastSession = event.session_id;
    rows = h("div.list");
    const title = event.session_id ? ["Session ", h("code.break", {}, event.session_id)] : ["Without a session"];
    place.append(h("section.session", {}, h("p.session-title", {}, title, h("span.quiet", {}, ` · until ${timeOfDay(event.timestamp)}`), event.anon_id && h("span.quiet", {}, " · sent as ", h("code.break", {}, event.anon_id))), rows));
  }
  rows.append(eventRow(event, { person: false, shown: state.shown }));
}

// What is asked about, above the timeline

const summary = byId("asked").querySelector("summary");
const tell = () => (summary.textContent = asked().length ? "Filters are set" : "Filter, and properties in each line");

function editors() {
  const filtered = (patch) => {
    go(patch);
    load();
  };
  fill(byId("asked-events"), tokens({ label: "Events", values: state.events, placeholder: "any event", shown: eventLabel, options: eventOptions(), onchange: (names) => filtered({ events: names }) }));
  fill(byId("asked-filters"), filterEditor({ filters: state.filters, events: () => state.events, onchange: (filters) => filtered({ filters }) }));
  fill(byId("asked-shown"), tokens({ label: "Properties in each line", values: state.shown, placeholder: "property", options: propertyOptions("event", () => state.events), onchange: (shown) => {
    go({ shown: shown.slice(0, MOST_SHOWN) });
    show();
  } }));
  byId("asked").hidden = false;
  if (asked().length || state.shown.length) byId("asked").open = true;
  tell();
}

more.addEventListener("click", () => load(cursor));
addEventListener("popstate", () => {
  state = read();
  editors();
  load();
});

export async function showTimeline(id) {
  person = id;
  await namesLoaded();
  editors();
  await load();
}
