// JSON that can be folded; every value as text.

import { h } from "./dom.js";

const MOST = 200;

export function tree(value, depth = 0) {
  if (value === null || typeof value !== "object") return leaf(value);
  const entries = Array.isArray(value) ? value.map((one, index) => [String(index), one]) : Object.entries(value);
  if (!entries.length) return h("span.json-quiet", {}, Array.isArray(value) ? "[ ]" : "{ }");
  const rows = entries.slice(0, MOST).map(([name, one]) => row(name, one, depth));
  if (entries.length > MOST) rows.push(h("li.json-quiet", {}, `… and ${entries.length - MOST} more`));
  return h("ul.json", {}, rows);
}

function row(name, value, depth) {
  const nested = value !== null && typeof value === "object" && Object.keys(value).length > 0;
  if (!nested) return h("li", {}, h("span.json-key", {}, name), " ", tree(value));
  const count = Object.keys(value).length;
  const note = Array.isArray(value) ? `[${count}]` : `{${count}}`;
  const details = h("details", { open: depth < 2 }, h("summary", {}, h("span.json-key", {}, name), " ", h("span.json-quiet", {}, note)));
  const show = () => details.open && details.childElementCount === 1 && details.append(tree(value, depth + 1));
  details.addEventListener("toggle", show);
  show();
  return h("li", {}, details);
}

function leaf(value) {
  const kind = value === null ? "quiet" : typeof value;
  return h(`span.json-${kind}`, {}, typeof value === "string" ? value : JSON.stringify(value));
}
