// Which colour a group of a breakdown has: the same whatever its rank is. coloursOf(keys, kept) gives a Map of key and colour, of up to
// eight that differ; what `kept` ({ key: colour }) says stays. A key's own colour comes from its text; where two have the same one,
// the second in the order of texts takes the next that is free.

import { COLOURS } from "./chart_frame.js";

export function coloursOf(keys, kept = {}) {
  const found = new Map();
  const isFree = (colour) => ![...found.values()].includes(colour);
  for (const key of keys) {
    const colour = Object.hasOwn(kept, key) ? kept[key] : null;
    if (Number.isInteger(colour) && colour >= 0 && colour < COLOURS && isFree(colour)) found.set(key, colour);
  }
  for (const key of keys.filter((one) => !found.has(one)).toSorted()) {
    const own = hash(key) % COLOURS;
    const colours = Array.from({ length: COLOURS }, (_, step) => (own + step) % COLOURS);
    found.set(key, colours.find(isFree) ?? own);
  }
  return found;
}

// FNV-1a: a number of 32 bits that every browser works out alike.
function hash(text) {
  let found = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) found = Math.imul(found ^ byte, 0x01000193) >>> 0;
  return (found ^ (found >>> 15)) >>> 0;
}
