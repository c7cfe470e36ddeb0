// Definitions of dynamic cohorts (docs/queries.md, "Cohorts"): definitionEditor(definition, onchange) lets one be built,
// definitionText(definition) says it in words, usedBy(id, cohorts) tells whose definitions refer to a cohort.

import { h } from "./dom.js";
import { eventList } from "./event_list.js";
import { filterEditor, filterText, flatFilters } from "./filter_editor.js";
import { plural } from "./format.js";
import { eventLabel } from "./lexicon_source.js";

const MOST = 20;
// Of a filter that does not say whose property it means: only events have these.
const OF_EVENTS = ["$os", "$browser", "$device_model", "$bot", "$city", "$region", "$country", "$timezone", "$lib_version", "$session_id", "$event_name", "$distinct_id"];

// In the editor a definition is { all, deeds, filters }: what was done or not, and what somebody is.
function opened(definition) {
  const all = !definition?.any;
  const conditions = (all ? definition?.all : definition.any) ?? [];
  const deed = ({ did, did_not, ...more }) => ({ ...more, event_name: did === undefined ? did_not : did, negated: did === undefined });
  const filter = (one) => ("cohort" in one || one.on ? one : { ...one, on: usualOn(one.property) });
  return { all, deeds: conditions.filter(isDeed).map(deed), filters: conditions.filter((one) => !isDeed(one)).map(filter) };
}

const usualOn = (property) => (OF_EVENTS.includes(property.replace(/^(default_)?properties\./, "")) ? "event" : "person");
const isDeed = (one) => "did" in one || "did_not" in one;

// null where nothing is said yet
function closed({ all, deeds, filters: properties }) {
  const chosen = deeds.filter((one) => one.event_name !== "").map(({ event_name, negated, at_least, at_most, within_days, filters }) => ({
    ...(negated ? { did_not: event_name } : { did: event_name, at_least, at_most }), within_days, filters,
  }));
  const conditions = [...chosen, ...properties];
  return conditions.length ? { [all ? "all" : "any"]: conditions } : null;
}

// `onchange(definition)`, null where nothing is said yet.
export function definitionEditor(definition, onchange) {
  const now = opened(definition);
  const tell = (patch) => {
    Object.assign(now, patch);
    onchange(closed(now));
  };
  const every = h("select.auto", { "aria-label": "Which conditions are to be met", onchange: () => tell({ all: every.value === "all" }) },
    h("option", { value: "all", selected: now.all }, "all"), h("option", { value: "any", selected: !now.all }, "any"));
  return h("div.editor", {},
    h("p.row.sentence", {}, "Everybody who meets ", every, " of these conditions:"),
    h("section", {}, h("h2", {}, "What they did"),
      eventList({ items: now.deeds, label: "Event", add: "Add something that they did, or did not do", any: true, least: 0, most: MOST, extra: deedFields, onchange: (deeds) => tell({ deeds }) })),
    h("section", {}, h("h2", {}, "What they are"),
      filterEditor({ filters: now.filters, label: "Properties and cohorts", typedOn: usualOn, groups: false, onchange: (filters) => tell({ filters }) })));
}

// Beside the event: whether, how often and when
function deedFields(item, update) {
  const did = h("select.auto", { "aria-label": "Whether they did", "data-key": "did", onchange: () => update({ negated: did.value === "no" }, true) },
    h("option", { value: "yes", selected: !item.negated }, "did it"), h("option", { value: "no", selected: item.negated }, "did not do it"));
  const count = (label, key, most, placeholder) => {
    const field = h("input", { type: "number", min: 1, max: most, step: 1, inputmode: "numeric", value: item[key] ?? "", placeholder, onchange: () => {
      if (field.reportValidity()) update({ [key]: field.value === "" ? undefined : Number(field.value) });
    } });
    return h("label.small", {}, label, field);
  };
  return h("div.deed", {}, did,
    !item.negated && [count("at least, times", "at_least", 1_000_000, "1"), count("at most, times", "at_most", 1_000_000, "any")],
    count("within days", "within_days", 3650, "ever"));
}

// In words, as a list; await, for the names of cohorts.
export async function definitionText(definition) {
  const { all, deeds, filters } = opened(definition);
  const said = await Promise.all([...deeds.map(deedText), ...filters.map(async (one) => `${"cohort" in one ? "" : one.on === "event" ? "did something whose " : ""}${await filterText(one)}`)]);
  return h("div", {}, h("p", {}, `Everybody who meets ${said.length === 1 ? "this" : all ? "all of these" : "any of these"}:`), h("ul.conditions", {}, said.map((text) => h("li.break", {}, text))));
}

async function deedText({ event_name, negated, at_least, at_most, within_days, filters = [] }) {
  const narrowed = await Promise.all(filters.map(filterText));
  const times = [(at_least > 1 || (at_least && at_most)) && `at least ${at_least}`, at_most && `at most ${plural(at_most, "time")}`].filter(Boolean).join(" and ");
  return [
    `${negated ? "did not do" : "did"} ${event_name === null ? eventLabel(null).toLowerCase() : event_name}`,
    times && (at_most ? times : `${times} times`),
    narrowed.length && `where ${narrowed.join(" and ")}`,
    within_days && `within the last ${plural(within_days, "day")}`,
  ].filter(Boolean).join(" ");
}

const cohortsIn = (definition) => {
  const { deeds, filters } = opened(definition);
  return [...filters, ...deeds.flatMap((one) => flatFilters(one.filters ?? []))].filter((one) => "cohort" in one).map((one) => one.cohort);
};

export const usedBy = (id, cohorts) => cohorts.filter((one) => one.definition && cohortsIn(one.definition).includes(id));
