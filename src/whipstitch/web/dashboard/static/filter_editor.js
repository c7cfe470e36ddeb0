// Edits a list of filters as the query API takes them: filterEditor({ filters, events: () => [names], onchange }).
// onchange gets the filters that are complete. `label` names the list for screen readers; `typedOn(property)` says whose a
// property is (event, person) that was typed and not chosen.

import { cohortName, cohortOptions } from "./cohort_source.js";
import { combobox, matching } from "./combobox.js";
import { fill, h } from "./dom.js";
import { anyPropertyOptions, natureOf, valueOptions } from "./lexicon_source.js";
import { tokens } from "./tokens.js";

// How operators read, and which values they take: several, one, none. Those `of` lists or versions are offered where such were seen.
export const OPERATORS = {
  is: { text: "is", takes: "several" },
  is_not: { text: "is not", takes: "several" },
  contains: { text: "contains", takes: "several" },
  not_contains: { text: "does not contain", takes: "several" },
  gt: { text: ">", said: "greater than", takes: "one" },
  gte: { text: "≥", said: "at least", takes: "one" },
  lt: { text: "<", said: "less than", takes: "one" },
  lte: { text: "≤", said: "at most", takes: "one" },
  is_set: { text: "is set", takes: "none" },
  is_not_set: { text: "is not set", takes: "none" },
  regex: { text: "matches regex", takes: "one" },
  before: { text: "before", takes: "one" },
  after: { text: "after", takes: "one" },
  any_of: { of: "lists", text: "has any of", takes: "several" },
  all_of: { of: "lists", text: "has all of", takes: "several" },
  none_of: { of: "lists", text: "has none of", takes: "several" },
  semver_gt: { of: "versions", text: "version >", said: "version after", takes: "one" },
  semver_gte: { of: "versions", text: "version ≥", said: "version from", takes: "one" },
  semver_lt: { of: "versions", text: "version <", said: "version before", takes: "one" },
  semver_lte: { of: "versions", text: "version ≤", said: "version up to", takes: "one" },
};
const PLACEHOLDERS = { regex: "RE2 expression", before: "2026-05-09, -7d", after: "2026-05-09, -7d" };
const COHORT = { in: "is in", not_in: "is not in" };
const MOST = 50;

export function filterEditor({ filters, events = () => [], onchange, label = "Filters", typedOn = () => "event" }) {
  const held = filters.map((one) => ({ ...one }));
  const rows = h("div.filter-rows");
  const add = h("button.link.add", { type: "button", onclick: () => {
    held.push({});
    draw();
    rows.lastElementChild.querySelector("input").focus();
  } }, "Add a filter");
  const element = h("div.filter-editor", { role: "group", "aria-label": label }, rows, add);
  const tell = () => onchange(held.filter(isComplete).map((one) => ({ ...one })));

  function draw() {
    fill(rows, held.map((one, index) => row(one, index)));
    add.hidden = held.length >= MOST;
  }

  function set(index, filter, focus) {
    held[index] = filter;
    rows.replaceChild(row(filter, index), rows.children[index]);
    focus.split(", ").map((one) => rows.children[index].querySelector(one)).find(Boolean)?.focus();
    tell();
  }

  // Where the row stays as it is, so does the focus.
  function keep(index, patch) {
    Object.assign(held[index], patch);
    tell();
  }

  function row(filter, index) {
    const remove = h("button.icon-button.small", { type: "button", "aria-label": `Remove the filter ${spoken(filter)}`.trim(), onclick: () => {
      held.splice(index, 1);
      draw();
      (rows.children[Math.min(index, held.length - 1)]?.querySelector("input") ?? add).focus();
      tell();
    } }, "×");
    return h("div.filter-row", {}, what(filter, (chosen) => set(index, chosen, ".filter-value input, .filter-operator")), remove,
      isCohort(filter) ? cohortParts(filter, (patch) => keep(index, patch))
        : filter.property && propertyParts(filter, (patch, focus) => (focus ? set(index, { ...filter, ...patch }, focus) : keep(index, patch)), events));
  }

  function what(filter, choose) {
    return combobox({
      label: "Property", placeholder: "property", eager: true, value: filter, shown: nameOf, options: whatOptions(events),
      onchange: (chosen) => {
        const other = typeof chosen === "string" ? { property: chosen, on: typedOn(chosen) } : chosen;
        const same = !("cohort" in other) && filter.operator && !isCohort(filter) && OPERATORS[filter.operator]?.takes === "none";
        choose({ operator: "cohort" in other ? "in" : same ? filter.operator : "is", ...other });
      },
    });
  }

  draw();
  return element;
}

// How a filter reads in a sentence; await, for the names of cohorts.
export async function filterText(filter) {
  if (isCohort(filter)) return `${COHORT[filter.operator ?? "in"]} ${await cohortName(filter.cohort)}`;
  const values = [filter.value ?? []].flat().join(" or ");
  return `${filter.property} ${OPERATORS[filter.operator]?.text ?? filter.operator} ${values}`.trim();
}

const isComplete = (filter) => {
  if (isCohort(filter)) return Boolean(filter.cohort);
  if (!filter.property || !OPERATORS[filter.operator]) return false;
  if (OPERATORS[filter.operator].takes === "none") return true;
  return [filter.value ?? []].flat().some((one) => one !== "");
};

const isCohort = (filter) => "cohort" in filter;
const nameOf = (filter) => (!filter || typeof filter !== "object" ? String(filter ?? "") : isCohort(filter) ? "Cohort" : (filter.property ?? ""));
const spoken = (filter) => (isCohort(filter) ? "on a cohort" : filter.property ? `on ${filter.property}` : "");

function propertyParts(filter, change, events) {
  const operator = OPERATORS[filter.operator] ? filter.operator : "is";
  const { takes } = OPERATORS[operator];
  const values = () => [filter.value ?? []].flat().map(String);
  const of = { property: filter.property, on: filter.on ?? "event" };
  const offered = (nature, chosen) => Object.entries(OPERATORS).filter(([name, one]) => !one.of || nature[one.of] || name === chosen);
  const select = operatorSelect(offered({}, operator), operator, (chosen) => {
    const other = OPERATORS[chosen].takes;
    if (other === takes && (chosen === "regex") === (operator === "regex")) return change({ operator: chosen });
    const value = { several: values(), one: values()[0] }[other];
    return change({ operator: chosen, value: value?.length ? value : undefined }, other === "none" ? ".filter-operator" : ".filter-value input");
  });
  natureOf(of, events).then((nature) => fill(select, operatorOptions(offered(nature, select.value), select.value))).catch(() => {}); // the others do
  const label = `Value of ${filter.property}`;
  const options = operator === "regex" ? async () => [] : valueOptions(of, events);
  const fields = {
    several: () => tokens({ label, values: values(), options, onchange: (now) => change({ value: now.length ? now : undefined }) }),
    one: () => combobox({ label, value: values()[0] ?? "", placeholder: PLACEHOLDERS[operator] ?? "number or text", options, onchange: (value) => change({ value }) }),
  };
  return [how(filter.on ?? "event", select), fields[takes] && h("div.filter-value", {}, fields[takes]())];
}

function cohortParts(filter, change) {
  const select = operatorSelect(Object.entries(COHORT).map(([name, text]) => [name, { text }]), filter.operator, (operator) => change({ operator }));
  const field = combobox({ label: "Cohort", placeholder: "cohort", value: filter.cohort, options: cohortOptions, shown: (id) => names.get(id) ?? id, onchange: async (cohort) => {
    change({ cohort });
    await named(cohort);
    field.set(cohort);
  } });
  if (filter.cohort) named(filter.cohort).then(() => field.set(filter.cohort));
  return [how("person", select), h("div.filter-value", {}, field)];
}

function operatorSelect(operators, chosen, onchange) {
  const select = h("select.filter-operator", { "aria-label": "Operator", onchange: () => onchange(select.value) }, operatorOptions(operators, chosen));
  return select;
}

const operatorOptions = (operators, chosen) =>
  operators.map(([name, { text, said }]) => h("option", { value: name, selected: name === chosen, "aria-label": said }, text));

const how = (on, select) =>
  h("div.filter-how", {}, h("span.tag", { title: on === "person" ? "What is known of the person" : "What came with the event" }, on), select);

// The names of cohorts that were shown already
const names = new Map();
const named = async (id) => names.set(id, await cohortName(id).catch(() => id));

const COHORT_OPTION = { value: { cohort: "" }, label: "Cohort", note: "person" };
const whatOptions = (events) => {
  const of = anyPropertyOptions(events);
  return async (text) => [...matching([COHORT_OPTION], text), ...(await of(text))];
};
