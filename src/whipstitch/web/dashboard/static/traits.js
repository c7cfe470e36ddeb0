// Traits that have a place of their own, in both spellings that clients send.

export function trait(person, name) {
  const value = person.properties[`$${name}`] ?? person.properties[name];
  return typeof value === "string" && value ? value : null;
}

export const nameOf = (person) => trait(person, "name") ?? trait(person, "email") ?? person.distinct_id;
