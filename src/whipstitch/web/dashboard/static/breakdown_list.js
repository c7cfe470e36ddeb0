// Up to three breakdowns: breakdownList({ breakdowns, names, onchange }) edits a list of { property, on, limit?, elements? },
// { property, on, buckets } or { cohorts }.

import { usualLimit } from "./answer_parts.js";
import { cohortOptions, cohorts } from "./cohort_source.js";
import { combobox, matching } from "./combobox.js";
import { fill, h } from "./dom.js";
import { MOST } from "./insight_state.js";
import { anyPropertyOptions, natureOf } from "./lexicon_source.js";
import { numberField } from "./series_options.js";
import { tokens } from "./tokens.js";

const LIMITS = [5, 10, 25, 50, 100];
const RANGES = 5;
const COHORTS = { value: { cohorts: [] }, label: "Cohorts", note: "person" };

// `names()`: the events that have the properties.
export function breakdownList({ breakdowns, names, onchange }) {
  const held = (breakdowns.length ? breakdowns : [null]).map((by) => ({ by }));
  const rows = h("div");
  const add = h("button.link.add", { type: "button", onclick: () => {
    const one = { by: null };
    held.push(one);
    rows.append(row(one));
    one.row.querySelector("input").focus();
    limit();
  } }, "Then by another");
  const limit = () => (add.hidden = held.length >= MOST.breakdowns || !held.at(-1).by);

  function tell() {
    limit();
    onchange(held.map((one) => one.by).filter(Boolean));
  }

  // What depends on the breakdown is drawn anew.
  function set(one, by) {
    one.by = by;
    drawParts(one);
    tell();
  }

  const drawParts = (one) => fill(one.parts, partsOf(one.by, names, (patch, redraw) => {
    one.by = { ...one.by, ...patch };
    if (redraw) drawParts(one);
    tell();
  }) ?? []);

  function remove(one) {
    const index = held.indexOf(one);
    held.splice(index, 1);
    one.row.remove();
    rows.children[Math.min(index, held.length - 1)].querySelector("input").focus();
    tell();
  }

  function row(one) {
    const options = anyPropertyOptions(names);
    const field = combobox({
      label: "Break down by", placeholder: "property", eager: true, blank: true, value: one.by ?? "", shown: (by) => (by?.cohorts ? "Cohorts" : (by?.property ?? by ?? "")),
      options: async (text) => [...matching([COHORTS], text), ...(await options(text))],
      onchange: (chosen) => set(one, chosen === "" ? null : typeof chosen === "string" ? { property: chosen, on: "event" } : { ...chosen }),
    });
    one.parts = h("div.breakdown-parts");
    drawParts(one);
    const gone = held.indexOf(one) > 0 && h("button.icon-button.small", { type: "button", "aria-label": "Remove the breakdown", onclick: () => remove(one) }, "×");
    return (one.row = h("div.breakdown", {}, h("div.event-line", {}, field, gone), one.parts));
  }

  fill(rows, held.map(row));
  limit();
  return h("div", {}, rows, add);
}

function partsOf(by, names, change) {
  if (!by) return null;
  if (by.cohorts) return cohortTokens(by, change);
  return [kinds(by, names, change), ofKind(by, names, change)];
}

const kindOf = ({ buckets }) => (buckets === undefined ? "values" : Array.isArray(buckets) ? "edges" : "equal");
const KINDS = { values: "its values", equal: "ranges with as many each", edges: "ranges from …" };

// Whether values stand alone or ranges of numbers do, where there are numbers.
function kinds(by, names, change) {
  const kind = kindOf(by);
  const select = h("select", { "aria-label": "Groups", hidden: kind === "values", onchange: () =>
    change({ elements: undefined, limit: undefined, buckets: { values: undefined, equal: RANGES, edges: [0] }[select.value] }, true) },
  Object.entries(KINDS).map(([name, text]) => h("option", { value: name, selected: name === kind }, text)));
  natureOf(by, names).then(({ numbers }) => (select.hidden &&= !numbers)).catch(() => {}); // its values do
  return select;
}

function ofKind(by, names, change) {
  const kind = kindOf(by);
  if (kind === "equal") return numberField("Ranges", by.buckets, (count) => change({ buckets: count ?? RANGES }), { min: 2, max: 100 });
  if (kind === "edges") return edges(by, change);
  const limit = h("select.auto", { "aria-label": "Values shown", onchange: () => change({ limit: Number(limit.value) }) },
    LIMITS.map((one) => h("option", { value: one, selected: one === (by.limit ?? usualLimit) }, `${one} values`)));
  const lists = h("select.auto", { "aria-label": "Lists", hidden: !by.elements, onchange: () => change({ elements: lists.value === "elements" || undefined }) },
    [["whole", "whole lists"], ["elements", "each element"]].map(([value, text]) => h("option", { value, selected: (value === "elements") === Boolean(by.elements) }, text)));
  natureOf(by, names).then((nature) => (lists.hidden &&= !nature.lists)).catch(() => {}); // whole lists do
  return h("span.row", {}, limit, lists);
}

function edges(by, change) {
  const input = h("input", { "aria-label": "Where ranges begin", placeholder: "10, 50, 100", value: by.buckets.join(", "), autocomplete: "off", onchange: () => {
    const parts = input.value.split(/[,;\s]+/).filter(Boolean).map(Number);
    const numbers = [...new Set(parts)].sort((a, b) => a - b);
    input.setCustomValidity(numbers.length && numbers.every(Number.isFinite) ? "" : "Numbers, with commas between: 10, 50, 100");
    if (input.reportValidity()) change({ buckets: numbers });
  } });
  return input;
}

// Cohorts are chosen by name.
function cohortTokens(by, change) {
  const place = h("div");
  cohorts().then((all) => {
    const names = new Map(all.map((one) => [one.id, one.name]));
    fill(place, tokens({ label: "Cohorts", placeholder: "cohort", values: by.cohorts, waits: true, shown: (id) => names.get(id) ?? id, options: cohortOptions, onchange: (ids) => change({ cohorts: ids }) }));
  }).catch(() => {}); // the answer says what is wrong
  return place;
}
