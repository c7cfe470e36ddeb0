// What is known of a person, by the names that filters use.

import { own } from "./event_value.js";

const RESERVED = ["name", "email", "avatar", "phone"]; // both spellings that clients send are one

function spelled(person, name) {
  const plain = name.replace(/^\$/, "");
  if (!RESERVED.includes(plain)) return own(person.properties, name);
  return own(person.properties, `$${plain}`) ?? own(person.properties, plain);
}

// The value of a trait, undefined where there is none: of that very name, else dots walk into objects.
export function traitValue(person, name) {
  const [head, ...steps] = name.split(".");
  return spelled(person, name) ?? (steps.length ? steps.reduce(own, spelled(person, head)) : undefined);
}

export function trait(person, name) {
  const value = traitValue(person, name);
  return typeof value === "string" && value ? value : null;
}

export const nameOf = (person) => trait(person, "name") ?? trait(person, "email") ?? person.distinct_id;
