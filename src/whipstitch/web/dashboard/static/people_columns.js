// The columns of a list of people: titleOf(column), as the lexicon calls it; cellOf(person, column); columnOptions for comboboxes.

import { h } from "./dom.js";
import { number } from "./format.js";
import { textOf } from "./json.js";
import { displayed } from "./lexicon_names.js";
import { traits } from "./lexicon_source.js";
import { matching } from "./combobox.js";
import { timeAgo } from "./time.js";
import { traitValue } from "./traits.js";

const TITLES = { ids: "Ids", event_count: "Events", first_seen: "First seen", last_seen: "Last seen" };
const TRAIT = "properties.";

export const isNumber = (column) => column === "ids" || column === "event_count";
export const isTrait = (column) => column.startsWith(TRAIT);
const nameOf = (column) => column.slice(TRAIT.length);
export const titleOf = (column) => TITLES[column] ?? displayed("trait", nameOf(column));

export function cellOf(person, column) {
  if (column === "ids") return h("td.num", {}, number(person.aliases.length + 1));
  if (column === "event_count") return h("td.num", {}, number(person.event_count));
  if (!isTrait(column)) return h("td", {}, timeAgo(person[column]));
  const value = traitValue(person, nameOf(column));
  const text = isNothing(value) ? "—" : textOf(value);
  return h("td.cut", { title: text }, text);
}

// As filters see it: an object that has no value in it is none.
const isNothing = (value) => value === undefined || value === null
  || (typeof value === "object" && !Array.isArray(value) && !JSON.isRawJSON?.(value) && Object.values(value).every(isNothing));

export const columnOptions = async (text) => {
  const built = matching(Object.entries(TITLES).map(([value, label]) => ({ value, label })), text);
  const named = (await traits()).map((one) => ({ value: `${TRAIT}${one.name}`, label: displayed("trait", one.name), also: [one.name], note: one.types.join(", ") }));
  const found = [...built, ...matching(named, text)];
  return !text || found.some((one) => one.label === text || one.also?.includes(text)) ? found : [...found, { value: `${TRAIT}${text}`, label: text, note: "not seen" }];
};
