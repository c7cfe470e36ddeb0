// JSON: read as it was sent, and shown so that it can be folded, every value as text.

import { h } from "./dom.js";

const MOST = 200;

// What JSON.parse() gives; numbers that a browser cannot hold, whole ones beyond 2^53 and those that are larger than any, stay the
// text they are. (In browsers that have no JSON.rawJSON yet they are the nearest number.)
export const parse = (text) => JSON.parse(text, JSON.rawJSON && TOO_LARGE.test(text) ? exact : undefined);

const TOO_LARGE = /\d{16}|\de\+?\d{3}/i; // the look at each value takes time

function exact(_, value, { source } = {}) {
  if (typeof value !== "number" || Number.isSafeInteger(value) || !source) return value;
  return /^-?\d+$/.test(source) || !Number.isFinite(value) ? JSON.rawJSON(source) : value;
}

// A value as text: a text as it is, all else as JSON.
export const textOf = (value) => (typeof value === "string" ? value : JSON.stringify(value));

const isExact = (value) => Boolean(JSON.isRawJSON?.(value));
const isNested = (value) => value !== null && typeof value === "object" && !isExact(value);

export function tree(value, depth = 0) {
  if (!isNested(value)) return leaf(value);
  const entries = Array.isArray(value) ? value.map((one, index) => [String(index), one]) : Object.entries(value);
  if (!entries.length) return h("span.json-quiet", {}, Array.isArray(value) ? "[ ]" : "{ }");
  const rows = entries.slice(0, MOST).map(([name, one]) => row(name, one, depth));
  if (entries.length > MOST) rows.push(h("li.json-quiet", {}, `… and ${entries.length - MOST} more`));
  return h("ul.json", {}, rows);
}

function row(name, value, depth) {
  if (!isNested(value) || !Object.keys(value).length) return h("li", {}, h("span.json-key", {}, name), " ", tree(value));
  const count = Object.keys(value).length;
  const note = Array.isArray(value) ? `[${count}]` : `{${count}}`;
  const details = h("details", { open: depth < 2 }, h("summary", {}, h("span.json-key", {}, name), " ", h("span.json-quiet", {}, note)));
  const show = () => details.open && details.childElementCount === 1 && details.append(tree(value, depth + 1));
  details.addEventListener("toggle", show);
  show();
  return h("li", {}, details);
}

function leaf(value) {
  const kind = value === null ? "quiet" : isExact(value) ? "number" : typeof value;
  return h(`span.json-${kind}`, {}, textOf(value));
}
