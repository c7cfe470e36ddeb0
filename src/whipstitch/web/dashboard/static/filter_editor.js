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
const GROUPS = { any: "any of these", all: "all of these" };
const MOST = 50;
const DEEPEST = 5;

// `groups`: whether filters may be put into groups, of which any or all are to be met; `depth`: how many groups it is in already.
export function filterEditor({ filters, events = () => [], onchange, label = "Filters", typedOn = () => "event", groups = true, depth = 0 }) {
  const held = filters.map((filter) => ({ filter }));
  const rows = h("div.filter-rows", {}, held.map(row));
  const adding = (text, fresh) => h("button.link.add", { type: "button", onclick: () => {
    const one = { filter: fresh() };
    held.push(one);
    rows.append(row(one));
    one.row.querySelector("input").focus();
    limit();
  } }, text);
  const add = adding("Add a filter", () => ({}));
  const addGroup = groups && depth < DEEPEST && adding("Add a group", () => ({ any: [{}] }));
  const limit = () => [add, addGroup].forEach((one) => one && (one.hidden = held.length >= MOST));
  const tell = () => onchange(held.map((one) => one.filter).filter(isComplete).map((one) => ({ ...one })));

  function set(one, filter, focus = "") {
    const was = one.row;
    one.filter = filter;
    was.replaceWith(row(one));
    focus.split(", ").map((selector) => selector && one.row.querySelector(selector)).find(Boolean)?.focus();
    tell();
  }

  // Where the row stays as it is, so does the focus.
  function keep(one, patch) {
    Object.assign(one.filter, patch);
    tell();
  }

  function row(one) {
    const { filter } = one;
    const remove = h("button.icon-button.small", { type: "button", "aria-label": `Remove the filter ${spoken(filter)}`.trim(), onclick: () => {
      const index = held.indexOf(one);
      held.splice(index, 1);
      one.row.remove();
      (rows.children[Math.min(index, held.length - 1)]?.querySelector("input") ?? add).focus();
      limit();
      tell();
    } }, "×");
    const parts = groupOf(filter) ? groupParts(one)
      : [what(one), remove, isCohort(filter) ? cohortParts(filter, (patch) => keep(one, patch))
        : filter.property && propertyParts(filter, (patch, focus) => (focus ? set(one, { ...filter, ...patch }, focus) : keep(one, patch)), events)];
    return (one.row = h(`div.filter-row${groupOf(filter) ? ".group" : ""}`, {}, groupOf(filter) ? [parts[0], remove, parts[1]] : parts));
  }

  function what(one) {
    const { filter } = one;
    return combobox({
      label: "Property", placeholder: "property", eager: true, value: filter, shown: nameOf, options: whatOptions(events),
      onchange: (chosen) => {
        const other = typeof chosen === "string" ? { property: chosen, on: typedOn(chosen) } : chosen;
        const same = !("cohort" in other) && filter.operator && !isCohort(filter) && OPERATORS[filter.operator]?.takes === "none";
        set(one, { operator: "cohort" in other ? "in" : same ? filter.operator : "is", ...other }, ":scope > .filter-value input, .filter-operator");
      },
    });
  }

  function groupParts(one) {
    const kind = () => groupOf(one.filter);
    const select = h("select.auto", { "aria-label": "Which of the group are to be met", onchange: () => {
      one.filter = { [select.value]: one.filter[kind()] };
      tell();
    } }, Object.entries(GROUPS).map(([name, text]) => h("option", { value: name, selected: name === kind() }, text)));
    const inner = filterEditor({ filters: one.filter[kind()], events, typedOn, label: "Group of filters", depth: depth + 1, onchange: (now) => keep(one, { [kind()]: now }) });
    return [h("span.filter-how", {}, select), h("div.filter-value", {}, inner)];
  }

  limit();
  return h("div.filter-editor", { role: "group", "aria-label": label }, rows, h("div.row.adders", {}, add, addGroup));
}

// How a filter reads in a sentence; await, for the names of cohorts.
export async function filterText(filter) {
  const kind = groupOf(filter);
  if (kind) return `(${(await Promise.all(filter[kind].map(filterText))).join(kind === "any" ? " or " : " and ")})`;
  if (isCohort(filter)) return `${COHORT[filter.operator ?? "in"]} ${await cohortName(filter.cohort)}`;
  const values = [filter.value ?? []].flat().join(" or ");
  return `${filter.property} ${OPERATORS[filter.operator]?.text ?? filter.operator} ${values}`.trim();
}

// Filters without their groups.
export const flatFilters = (filters) => filters.flatMap((one) => (groupOf(one) ? flatFilters(one[groupOf(one)]) : [one]));

const isComplete = (filter) => {
  if (groupOf(filter)) return filter[groupOf(filter)].some(isComplete);
  if (isCohort(filter)) return Boolean(filter.cohort);
  if (!filter.property || !OPERATORS[filter.operator]) return false;
  if (OPERATORS[filter.operator].takes === "none") return true;
  return [filter.value ?? []].flat().some((one) => one !== "");
};

// any or all, where it is a group.
const groupOf = (filter) => Object.keys(GROUPS).find((kind) => Array.isArray(filter?.[kind]));
const isCohort = (filter) => "cohort" in filter;
const nameOf = (filter) => (!filter || typeof filter !== "object" ? String(filter ?? "") : isCohort(filter) ? "Cohort" : (filter.property ?? ""));
const spoken = (filter) => (groupOf(filter) ? "group" : isCohort(filter) ? "on a cohort" : filter.property ? `on ${filter.property}` : "");

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
    return change({ operator: chosen, value: value?.length ? value : undefined }, other === "none" ? ".filter-operator" : ":scope > .filter-value input");
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
  const field = combobox({ label: "Cohort", placeholder: "cohort", waits: true, value: filter.cohort, options: cohortOptions, shown: (id) => names.get(id) ?? id, onchange: async (cohort) => {
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
