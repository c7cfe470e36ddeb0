// What the project sends, asked for once a page: await eventNames(), await properties(["page_view"]), await traits().
// For comboboxes: eventOptions({ any: true }), propertyOptions("event", () => names), anyPropertyOptions(), valueOptions(filter).

import { get } from "./api.js";
import { matching, orTyped } from "./combobox.js";
import { compact } from "./format.js";
import { displayed, names as saidOf } from "./lexicon_names.js";

const DAYS = 90;
const PAGE = 200;
const MOST_PAGES = 5;
const MOST_SAMPLES = 20;
const MOST_VALUES = 100;
const EARLIEST = "1900-01-01"; // no event can be earlier

const from = () => new Date(Date.now() - DAYS * 86_400_000).toISOString();

// A failed answer is asked for again the next time.
const kept = new Map();
function once(key, ask) {
  if (!kept.has(key)) {
    const asked = ask();
    kept.set(key, asked);
    asked.catch(() => kept.delete(key));
  }
  return kept.get(key);
}

// [{ name, count, lastSeen }] of the last 90 days, the most frequent first; what several events are merged into among them,
// without what is hidden.
export const eventNames = () => once("events", async () => ranked(await all({ properties: "false" })));

async function ranked(events) {
  const said = await saidOf("event");
  const sent = new Map(events.map((one) => [one.event_name, { name: one.event_name, count: one.count, lastSeen: one.last_seen }]));
  const merged = [...said.values()].filter((one) => one.any_of).map(({ name, any_of }) => {
    const members = any_of.map((one) => sent.get(one.event_name)).filter(Boolean);
    return { name, count: members.reduce((sum, one) => sum + one.count, 0), lastSeen: members.map((one) => one.lastSeen).sort().at(-1), isMerged: true };
  });
  return [...merged, ...[...sent.values()].filter((one) => !said.get(one.name)?.any_of)]
    .filter((one) => !said.get(one.name)?.hidden)
    .sort((a, b) => b.count - a.count || a.name.localeCompare(b.name));
}

// When each event was first seen, by its name.
export const firstSeen = () => once("first seen", async () => {
  const sent = Object.fromEntries((await all({ properties: "false", from: EARLIEST })).map((one) => [one.event_name, one.first_seen]));
  const merged = [...(await saidOf("event")).values()].filter((one) => one.any_of);
  return { ...sent, ...Object.fromEntries(merged.map(({ name, any_of }) => [name, any_of.map((one) => sent[one.event_name]).filter(Boolean).sort()[0]])) };
});

// Those that a text may mean; the server looks for it where there are more than are asked for at once.
export async function eventNamesLike(text) {
  const known = await eventNames();
  if (!text || known.length < PAGE * MOST_PAGES) return known;
  const { events } = await get("lexicon", { search: text, properties: "false", from: from(), limit: PAGE });
  return ranked(events);
}

// The most frequent ones, if possible of those that clients named themselves
export async function usualEvents(count) {
  const known = (await eventNames()).map((one) => one.name);
  const named = known.filter((name) => !name.startsWith("$"));
  return (named.length ? named : known).slice(0, count);
}

// [{ name, types, samples, last_seen, events }] of these events, merged, each with the names of those that have it; without names
// of all. What clients named comes before what the server knows ($os, $country, …). `hidden`: with what is hidden; `everlasting`:
// whenever it was sent.
export async function properties(wanted = [], { hidden = false, everlasting = false } = {}) {
  const [events, said] = [await (everlasting ? once("ever", () => all({ from: EARLIEST })) : eventsOf(wanted)), await saidOf("property")];
  const merged = new Map();
  const pairs = events.flatMap((event) => (event?.properties ?? []).map((property) => [event.event_name, property]));
  for (const [event, one] of pairs) {
    const had = merged.get(one.name) ?? { name: one.name, types: [], samples: [], last_seen: "", events: new Set() };
    const samples = new Map([...had.samples, ...one.samples].map((value) => [JSON.stringify(value), value]));
    merged.set(one.name, {
      name: one.name,
      types: [...new Set([...had.types, ...one.types])].sort(),
      samples: [...samples.values()].slice(0, MOST_SAMPLES),
      last_seen: [had.last_seen, one.last_seen].sort().at(-1),
      events: had.events.add(event),
    });
  }
  for (const { name, expression } of said.values()) if (expression) merged.set(name, { name, types: ["number", "string"], samples: [], expression });
  return [...merged.values()].filter((one) => hidden || !said.get(one.name)?.hidden).sort(byName);
}

// What is known of these events, of those that they stand for; of all without names.
async function eventsOf(wanted) {
  const said = await saidOf("event");
  const sent = wanted.flatMap((name) => said.get(name)?.any_of?.map((one) => one.event_name) ?? [name]);
  const known = [...new Set(sent.filter(Boolean))];
  return known.length && !wanted.some((name) => !name) ? Promise.all(known.map(described)) : once("all", () => all({}));
}

// [{ name, types, samples }] of what is known of people.
export async function traits({ hidden = false } = {}) {
  const [found, said] = await Promise.all([once("traits", () => get("lexicon/traits")), saidOf("trait")]);
  return found.traits.filter((one) => hidden || !said.get(one.name)?.hidden).sort(byName);
}

const byName = (a, b) => a.name.startsWith("$") - b.name.startsWith("$") || a.name.localeCompare(b.name);

const described = (name) => once(`event ${name}`, async () => {
  const { events } = await get("lexicon", { search: name, from: from(), limit: PAGE });
  return events.find((one) => one.event_name === name);
});

async function all(parameters) {
  const events = [];
  let cursor = null;
  for (let page = 0; page < MOST_PAGES; page++) {
    const found = await get("lexicon", { from: from(), ...parameters, limit: PAGE, cursor });
    events.push(...found.events);
    cursor = found.next_cursor;
    if (!cursor) break;
  }
  return events;
}

// Options

const ANY_EVENT = "Any event";

// The name of an event as people read it; null is any.
export const eventLabel = (name) => (name === null || name === undefined ? ANY_EVENT : displayed("event", name));

export const eventOptions = ({ any = false } = {}) => async (text) => {
  const found = (await eventNamesLike(text)).map((one) => ({ value: one.name, label: eventLabel(one.name), also: [one.name], note: one.isMerged ? "merged" : compact(one.count) }));
  return orTyped(any ? [{ value: null, label: ANY_EVENT }, ...found] : found, text, "not seen");
};

// A property keeps its name in lists, which filters show, too; what pages call it stands beside.
const calledOn = (on, name) => displayed(on === "person" ? "trait" : "property", name);
const noted = (on, one, note) => [calledOn(on, one.name) === one.name ? "" : calledOn(on, one.name), one.expression ? "expression" : note].filter(Boolean).join(" · ");

// `on`: event or person; `types`: only properties that have one of these, such as ["number"].
export const propertyOptions = (on, names = () => [], types = null) => async (text) => {
  const found = on === "person" ? await traits() : await properties(names());
  const fitting = types ? found.filter((one) => one.types.some((type) => types.includes(type))) : found;
  return orTyped(fitting.map((one) => ({ value: one.name, also: [calledOn(on, one.name)], note: noted(on, one, one.types.join(", ")) })), text, "not seen");
};

// Properties of events and of people in one list, as values { property, on }; what is in neither can be asked for on either.
export const anyPropertyOptions = (names = () => []) => async (text) => {
  const [ofEvent, ofPerson] = await Promise.all([properties(names()), traits()]);
  const option = (on) => (one) => ({ value: { property: one.name, on }, label: one.name, also: [calledOn(on, one.name)], note: noted(on, one, on) });
  const listed = [...ofPerson.map(option("person")), ...ofEvent.map(option("event"))];
  const found = matching(listed.sort((a, b) => byName({ name: a.label }, { name: b.label })), text);
  if (!text || found.some((one) => one.label === text)) return found;
  return [...found, ...["event", "person"].map((on) => ({ value: { property: text, on }, label: text, note: `of any ${on}` }))];
};

const VERSION = /^v?\d+(\.\d+){1,2}(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/;

// { lists, numbers, versions }: whether lists and numbers were seen of a property, and whether most of its texts read as versions. `of`: as below.
export async function natureOf(of, names = () => []) {
  const found = of.on === "person" ? await traits() : await properties(names());
  const one = found.find(({ name }) => name === of.property);
  const texts = (one?.samples ?? []).filter((sample) => typeof sample === "string");
  return {
    lists: Boolean(one?.types.includes("array")),
    numbers: Boolean(one?.types.includes("number")),
    versions: texts.length > 0 && texts.filter((text) => VERSION.test(text)).length * 2 > texts.length,
  };
}

// What a property holds, the most frequent first. `of`: { property, on }. The server looks for what is typed where there are
// more values than are asked for at once.
export const valueOptions = ({ property, on }, names = () => []) => async (text) => {
  const known = [...new Set(names())];
  const event = on === "event" && known.length === 1 ? known[0] : null;
  const ask = (search) => once(`values ${JSON.stringify([property, on, event, search])}`, () =>
    get("properties/values", { name: property, on, event_name: event, search, limit: MOST_VALUES }));
  const common = await ask("");
  const { values } = !text || common.values.length < MOST_VALUES ? common : await ask(text);
  return matching(values.filter((one) => one.value).map((one) => ({ value: one.value, note: compact(one.count) })), text);
};
