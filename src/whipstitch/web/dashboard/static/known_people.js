// What is known of people, by their distinct ids: await knownPeople(ids), and how they are called in lists: personCell(person).

import { get, page } from "./api.js";
import { h } from "./dom.js";
import { nameOf } from "./traits.js";

const LONGEST_ADDRESS = 6000;

// Of ids that nothing is known of nothing comes back. An address has room for so many.
export async function knownPeople(ids, options = {}) {
  const groups = [];
  let room = 0;
  for (const id of ids) {
    const length = encodeURIComponent(id.toWellFormed()).length + 4;
    if (!groups.length || room < length) {
      groups.push([]);
      room = LONGEST_ADDRESS;
    }
    groups.at(-1).push(id);
    room -= length;
  }
  const found = await Promise.all(groups.map((id) => get("people", { id }, options)));
  return found.flatMap((one) => one.people);
}

export function personCell(person) {
  const known = nameOf(person);
  return h("td", {}, h("a.cut", { href: page("person", { id: person.distinct_id }) }, known),
    known !== person.distinct_id && h("span.cut.mono.quiet.small", {}, person.distinct_id));
}
