// What people say of names, and virtual names: await names("event") gives a Map of them by name, each as the API has it
// ({ name, display_name, description, tags, hidden, verified_by, any_of, expression, … }).

import { del, get, patch } from "./api.js";

let asked = null;
let known = new Map();

// Where it is not answered nothing is known, until it is asked for again.
export function namesLoaded() {
  asked ??= get("lexicon/names").then(({ names: found }) => {
    known = new Map(found.map((one) => [keyOf(one.kind, one.name), one]));
  }).catch(() => {
    asked = null;
  });
  return asked;
}

const keyOf = (kind, name) => `${kind} ${name}`;

export async function names(kind) {
  await namesLoaded();
  return new Map([...known.values()].filter((one) => one.kind === kind).map((one) => [one.name, one]));
}

// As pages call it, once names are loaded; until then as it was sent.
export const displayed = (kind, name) => known.get(keyOf(kind, name))?.display_name ?? name;

export async function describe(body) {
  const { name } = await patch("lexicon/names", body);
  known.set(keyOf(name.kind, name.name), name);
}

export async function forget(kind, name) {
  await del("lexicon/names", undefined, { parameters: { kind, name } });
  known.delete(keyOf(kind, name));
}
