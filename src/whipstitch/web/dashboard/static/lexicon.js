// Lexicon: every event with its volume and its properties, every property and trait, and what is said of their names.

import { failed, get, latest, mayEdit, withParameters } from "./api.js";
import { DEFAULT_RANGE, isRange, rangeOf, rangeText, settled } from "./date_range.js";
import { byId, clone, fill, h, skeleton } from "./dom.js";
import { details, eventTable, mergedTable, row } from "./lexicon_events.js";
import { names } from "./lexicon_names.js";
import { computedTable, namedTable } from "./lexicon_properties.js";
import { properties, traits } from "./lexicon_source.js";
import { mergeEvents, newProperty } from "./name_editor.js";
import { rangeField } from "./range_field.js";

const PAGE = 50;
const SORTS = { name: "By name", count: "Most frequent first", last_seen: "Longest unused first" };
const UNUSED = { "": "Used or not", 7: "Unused for 7 days", 30: "Unused for 30 days", 90: "Unused for 90 days", 365: "Unused for a year" };
const KINDS = ["events", "properties", "traits"];

const list = byId("entries");
const more = byId("more");
const form = byId("filters");
let cursor = null;

function state() {
  const asked = new URLSearchParams(location.search);
  const given = (name) => asked.get(name) ?? "";
  const one = (name, of, usual) => (Object.hasOwn(of, given(name)) ? given(name) : usual);
  const range = given("range");
  return {
    search: given("search"), range: isRange(range) ? range : DEFAULT_RANGE, of: KINDS.includes(given("of")) ? given("of") : "events",
    sort: one("sort", SORTS, "name"), unused: one("unused", UNUSED, ""), tag: given("tag"), hidden: given("hidden") === "yes",
  };
}

function go(patch) {
  const { search, range, of, sort, unused, tag, hidden } = { ...state(), ...patch };
  history.pushState(null, "", withParameters(location.pathname, {
    of: of === "events" ? "" : of, search, range: range === DEFAULT_RANGE ? "" : range, sort: sort === "name" ? "" : sort, unused, tag, hidden: hidden ? "yes" : "",
  }));
  begin();
}

function begin() {
  const now = state();
  for (const kind of KINDS) byId(`tab-${kind}`)[kind === now.of ? "setAttribute" : "removeAttribute"]("aria-current", "page");
  form.elements.search.value = now.search;
  // Properties and traits are those of now, whenever they were sent; what is unused was used at any time.
  fill(byId("range"), now.of === "events" && !now.unused && rangeField({ value: now.range, onchange: (range) => go({ range }) }));
  fill(byId("chosen"), chosen(now));
  fill(byId("make"), mayEdit && now.of === "events" && maker("Merge events", mergeEvents), mayEdit && now.of === "properties" && maker("New from an expression", newProperty));
  load();
}

const maker = (text, make) => h("button.button", { type: "button", onclick: async () => (await make(null)) && load() }, text);

function chosen({ of, sort, unused, tag, hidden }) {
  const choice = (label, texts, value, onchange) => h("select.auto", { "aria-label": label, onchange: (event) => onchange(event.target.value) },
    Object.entries(texts).map(([one, text]) => h("option", { value: one, selected: one === value }, text)));
  return [
    of !== "traits" && choice("Sorted", SORTS, sort, (value) => go({ sort: value })),
    of !== "traits" && choice("Unused", UNUSED, unused, (value) => go({ unused: value })),
    h("label.choice", {}, h("input", { type: "checkbox", checked: hidden, onchange: (event) => go({ hidden: event.target.checked }) }), "Hidden, too"),
    tag && h("button.token", { type: "button", "aria-label": `Remove the tag ${tag}`, onclick: () => go({ tag: "" }) }, h("span.cut", {}, tag), h("span", { "aria-hidden": "true" }, "×")),
  ];
}

const load = latest(async (signal, after = null) => {
  const now = state();
  more.disabled = true;
  if (!after) fill(list, skeleton(12));
  try {
    if (now.of === "traits") return await loadTraits(now);
    if (now.of === "properties") return await loadProperties(now);
    const range = now.unused ? "all" : now.range;
    await settled(range);
    const asked = { ...rangeOf(range), search: now.search, limit: PAGE, cursor: after, sort: now.sort, unused_days: now.unused, tag: now.tag, hidden: String(now.hidden) };
    const [found, said] = await Promise.all([get("lexicon", { ...asked, properties: "false" }, { signal }), names("event")]);
    cursor = found.next_cursor;
    more.hidden = !cursor;
    more.disabled = false;
    const rows = found.events.map((one) => row(one, range, said.get(one.event_name), tools));
    show(rows, !after, now, [...said.values()].filter((one) => one.any_of && fits(one, now)));
    if (rows.length) await details(rows, range, asked, signal, list);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    more.hidden = true;
    if (after) list.append(failed(error, () => load(after)));
    else fill(list, failed(error, () => load()));
  }
});

const tools = { tagged: (tag) => go({ tag }), changed: () => load() };

// Whether what is said of a name is among what is asked for.
const fits = (said, { search, tag, hidden }) => (hidden || !said?.hidden) && (!tag || said?.tags.includes(tag)) &&
  (!search || [said?.name, said?.display_name].some((one) => one?.toLowerCase().includes(search.toLowerCase())));

function show(rows, first, { search, range, unused, tag }, merged) {
  if (!first) return list.querySelector(".lexicon > table").append(...rows.map((one) => one.element));
  const above = merged.length > 0 && mergedTable(merged, tools);
  if (rows.length) return fill(list, above, eventTable(rows));
  if (above) return fill(list, above);
  if (unused) return fill(list, h("p.empty", {}, "Every event was sent within these days."));
  if (search || tag) return fill(list, h("p.empty", {}, tag ? "No event of this range has that tag." : "No event of this range has that in its name."));
  if (range !== DEFAULT_RANGE) return fill(list, h("p.empty", {}, `Nothing happened in this range (${rangeText(range).toLowerCase()}).`));
  return fill(list, clone("nothing"));
}

async function loadProperties(now) {
  const [known, said] = await Promise.all([properties([], { hidden: true, everlasting: Boolean(now.unused) }), names("property")]);
  const before = now.unused ? Date.now() - Number(now.unused) * 86_400_000 : null;
  const found = known
    .filter((one) => !one.expression && fits(said.get(one.name) ?? { name: one.name, tags: [] }, now) && (before === null || Date.parse(one.last_seen) < before));
  if (now.sort === "last_seen") found.sort((a, b) => Date.parse(a.last_seen) - Date.parse(b.last_seen));
  if (now.sort === "count") found.sort((a, b) => b.events.size - a.events.size);
  const computed = [...said.values()].filter((one) => one.expression && fits(one, now));
  more.hidden = true;
  fill(list, computed.length > 0 && computedTable(computed, tools),
    found.length ? namedTable(found, "property", said, tools) : h("p.empty", {}, known.length ? "No property is like that." : "No event has properties yet."));
}

async function loadTraits(now) {
  const [known, said] = await Promise.all([traits({ hidden: true }), names("trait")]);
  const found = known.filter((one) => fits(said.get(one.name) ?? { name: one.name, tags: [] }, now));
  more.hidden = true;
  if (!known.length) return fill(list, clone("no-traits"));
  fill(list, found.length ? namedTable(found, "trait", said, tools) : h("p.empty", {}, "No trait has that in its name."));
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  go({ search: form.elements.search.value.trim() });
});
addEventListener("popstate", begin);
more.addEventListener("click", () => load(cursor));
begin();
