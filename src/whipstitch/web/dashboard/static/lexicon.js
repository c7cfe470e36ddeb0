// Lexicon: every event with its volume and its properties, and every trait of people.

import { failed, get, latest, page, post, timezone, withParameters } from "./api.js";
import { sparkline } from "./charts.js";
import { DEFAULT_RANGE, intervalFor, isRange, rangeOf, rangeText, settled } from "./date_range.js";
import { byId, clone, fill, h, skeleton } from "./dom.js";
import { intervalLabel, number, plural } from "./format.js";
import { view } from "./insights_view.js";
import { traits } from "./lexicon_source.js";
import { defaultsOf, parametersOf } from "./question_state.js";
import { rangeField } from "./range_field.js";
import { timeAgo } from "./time.js";

const PAGE = 50;
const COLUMNS = 5;

const list = byId("entries");
const more = byId("more");
const form = byId("filters");
let cursor = null;
let toggles = 0;

function state() {
  const asked = new URLSearchParams(location.search);
  const range = asked.get("range") ?? "";
  return { search: asked.get("search") ?? "", range: isRange(range) ? range : DEFAULT_RANGE, traits: asked.get("of") === "traits" };
}

function go(patch) {
  const { search, range, traits: ofTraits } = { ...state(), ...patch };
  history.pushState(null, "", withParameters(location.pathname, { of: ofTraits ? "traits" : "", search, range: range === DEFAULT_RANGE ? "" : range }));
  begin();
}

function begin() {
  const now = state();
  byId(now.traits ? "tab-traits" : "tab-events").setAttribute("aria-current", "page");
  byId(now.traits ? "tab-events" : "tab-traits").removeAttribute("aria-current");
  form.elements.search.value = now.search;
  // Traits hold now, whenever they were sent.
  fill(byId("range"), !now.traits && rangeField({ value: now.range, onchange: (range) => go({ range }) }));
  load();
}

const load = latest(async (signal, after = null) => {
  const now = state();
  more.disabled = true;
  if (!after) fill(list, skeleton(12));
  try {
    if (now.traits) return await loadTraits(now);
    await settled(now.range);
    const asked = { ...rangeOf(now.range), search: now.search, limit: PAGE, cursor: after };
    const found = await get("lexicon", { ...asked, properties: "false" }, { signal });
    cursor = found.next_cursor;
    more.hidden = !cursor;
    more.disabled = false;
    const rows = found.events.map((one) => row(one, now.range));
    show(rows, !after, now);
    if (rows.length) await details(rows, now.range, asked, signal);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    more.hidden = true;
    if (after) list.append(failed(error, () => load(after)));
    else fill(list, failed(error, () => load()));
  }
});

// Events

const heading = (text, kind = "th") => h(kind, { scope: "col" }, text);

function show(rows, first, { search, range }) {
  if (!first) return list.querySelector("table").append(...rows.map((one) => one.element));
  if (!rows.length && search) return fill(list, h("p.empty", {}, "No event of this range has that in its name."));
  if (!rows.length && range !== DEFAULT_RANGE) return fill(list, h("p.empty", {}, `Nothing happened in this range (${rangeText(range).toLowerCase()}).`));
  if (!rows.length) return fill(list, clone("nothing"));
  return fill(list, h("div.scroll.lexicon", { tabindex: "0", role: "region", "aria-label": "Events" }, h("table.table", {},
    h("thead", {}, h("tr", {}, heading("Event"), heading("Volume"), heading("Events", "th.num"), heading("Last seen"), heading("Look at"))),
    rows.map((one) => one.element))));
}

// { event, element, volume, body }: two rows of the table, of which the second is opened.
function row(event, range) {
  const id = `properties-${++toggles}`;
  const volume = h("td.volume");
  const body = h("td", { colspan: COLUMNS }, skeleton(3));
  const opened = h("tr.properties", { id, hidden: true }, body);
  const toggle = h("button.toggle", { type: "button", "aria-expanded": "false", "aria-controls": id, onclick: () => {
    opened.hidden = !opened.hidden;
    toggle.setAttribute("aria-expanded", String(!opened.hidden));
  } }, h("span.cut", { title: event.event_name }, event.event_name));
  const insights = page("insights", parametersOf(view, { ...defaultsOf(view), events: [{ event_name: event.event_name }], range }));
  const links = h("span.links", {},
    h("a", { href: page("events", { event_name: event.event_name }), "aria-label": `${event.event_name} live` }, "Live"),
    h("a", { href: insights, "aria-label": `${event.event_name} in Insights` }, "Insights"));
  const line = h("tr", {}, h("td", {}, toggle), volume, h("td.num", {}, number(event.count)), h("td", {}, timeAgo(event.last_seen)), h("td", {}, links));
  return { event, volume, body, element: h("tbody", {}, line, opened) };
}

// What takes longer than the list, which stays where it fails.
async function details(rows, range, asked, signal) {
  try {
    await Promise.all([volumes(rows, range, signal), described(rows, asked, signal)]);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    for (const { body } of rows) if (body.querySelector(".skeleton")) fill(body, h("p.quiet", {}, "Not loaded."));
    const notice = failed(error, () => {
      notice.remove();
      return details(rows, range, asked, signal);
    });
    list.append(notice);
  }
}

// The volumes of all rows, by one question.
async function volumes(rows, range, signal) {
  const names = rows.map((one) => one.event.event_name);
  const interval = intervalFor(range);
  const filters = [{ property: "$event_name", operator: "is", value: names }];
  const breakdown = { property: "$event_name", limit: names.length };
  const answer = await post("insights", { events: [{ event_name: null }], ...rangeOf(range), interval, filters, breakdown }, { signal });
  const found = new Map(answer.series.map((one) => [one.breakdown, one.values]));
  const labels = answer.intervals.map((one) => intervalLabel(one, interval, timezone));
  for (const { event, volume } of rows) {
    const values = found.get(event.event_name) ?? [];
    const most = values.indexOf(Math.max(...values));
    const told = values.length ? `By ${interval}: at most ${number(values[most])}, ${labels[most]}` : "None";
    fill(volume, sparkline(values, told));
    volume.title = told;
  }
}

async function described(rows, asked, signal) {
  const { events } = await get("lexicon", asked, { signal });
  const found = new Map(events.map((one) => [one.event_name, one]));
  for (const { event, body } of rows) {
    const { properties = [], more_properties, first_seen } = found.get(event.event_name) ?? event;
    const shown = more_properties ? "The most frequent ones of more properties. " : `${plural(properties.length, "property", "properties")}. `;
    fill(body, h("p.quiet.small", {}, properties.length ? shown : "No properties. ", "In this range since ", timeAgo(first_seen), "."),
      properties.length > 0 && table(properties, "Property"));
  }
}

// Traits

async function loadTraits({ search }) {
  const wanted = search.toLowerCase();
  const known = await traits();
  const found = known.filter((one) => one.name.toLowerCase().includes(wanted));
  more.hidden = true;
  if (!known.length) return fill(list, clone("no-traits"));
  if (!found.length) return fill(list, h("p.empty", {}, "No trait has that in its name."));
  return fill(list, h("div.scroll", { tabindex: "0", role: "region", "aria-label": "Traits" }, table(found, "Trait")));
}

const table = (properties, kind) => h("table.table.described", {},
  h("thead", {}, h("tr", {}, heading(kind), heading("Types"), heading("Samples"))),
  h("tbody", {}, properties.map((one) => h("tr", {},
    h("th", { scope: "row" }, h("code.break", {}, one.name)),
    h("td", {}, one.types.map((type) => [h(`span.tag`, {}, type), " "])),
    h("td", {}, one.samples.length ? one.samples.map((value) => [h("code.sample", {}, typeof value === "string" ? value : JSON.stringify(value)), " "]) : h("span.quiet", {}, "none that is short"))))));

form.addEventListener("submit", (event) => {
  event.preventDefault();
  go({ search: form.elements.search.value.trim() });
});
addEventListener("popstate", begin);
more.addEventListener("click", () => load(cursor));
begin();
