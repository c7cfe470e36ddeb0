// Insights: numbers of events, people and properties over time.

import { combobox } from "./combobox.js";
import { fill, h } from "./dom.js";
import { eventList } from "./event_list.js";
import { filterEditor } from "./filter_editor.js";
import { INTERVALS, intervalOf, letter, MATHS, usualLimit, view, VIEWS } from "./insights_view.js";
import { anyPropertyOptions, eventNames, propertyOptions } from "./lexicon_source.js";
import { intervalFor } from "./date_range.js";
import { questionPage } from "./question.js";

const LIMITS = [5, 10, 25, 50, 100];

const options = (texts, chosen) => Object.entries(texts).map(([value, text]) => h("option", { value, selected: value === chosen }, text.text ?? text));

function math(item, update) {
  const chosen = item.math ?? "total";
  const select = h("select", { "aria-label": "Count", "data-key": "math", onchange: () => update({ math: select.value === "total" ? undefined : select.value, property: MATHS[select.value].counts ? undefined : item.property }, true) }, options(MATHS, chosen));
  const names = () => [item.event_name];
  return h("div.math", {}, select, !MATHS[chosen].counts &&
    combobox({ label: "Property to count", placeholder: "number property", eager: true, value: item.property ?? "", options: propertyOptions("event", names, ["number"]), onchange: (property) => update({ property }) }));
}

function breakdown(state, change, names) {
  let broken = state.breakdown;
  const place = h("span.limit");
  const set = (now) => {
    broken = now;
    limit();
    change({ breakdown: now });
  };
  const field = combobox({
    label: "Break down by", placeholder: "property", eager: true, value: broken, blank: true, options: anyPropertyOptions(names),
    shown: (one) => one?.property ?? "",
    onchange: (chosen) => set(chosen === "" ? null : { limit: broken?.limit, ...(typeof chosen === "string" ? { property: chosen, on: "event" } : chosen) }),
  });
  function limit() {
    const select = h("select.auto", { "aria-label": "Values shown", onchange: () => set({ ...broken, limit: Number(select.value) }) },
      LIMITS.map((one) => h("option", { value: one, selected: one === (broken?.limit ?? usualLimit) }, `${one} values`)));
    fill(place, broken && select);
  }
  limit();
  return h("div.event-line", {}, field, place);
}

function editor(state, change, current) {
  const names = () => current().events.map((one) => one.event_name);
  return [
    h("section", {}, h("h2", {}, "Events"), eventList({ items: state.events.length ? state.events : [{ event_name: "" }], label: "Event", add: "Add an event", any: true, marks: letter, extra: math, onchange: (events) => change({ events }) })),
    h("section", {}, h("h2", {}, "Filters for all"), filterEditor({ filters: state.filters, events: names, label: "Filters for all", onchange: (filters) => change({ filters }) })),
    h("section", {}, h("h2", {}, "Breakdown"), breakdown(state, change, names)),
  ];
}

function controls(state, change) {
  const interval = intervalOf(state);
  const by = h("select.auto", { "aria-label": "Interval", "data-key": "interval", onchange: () => change({ interval: by.value === intervalFor(state.range) ? "" : by.value }) }, options(INTERVALS, interval));
  const shown = h("div.switch", { role: "group", "aria-label": "Show as" }, Object.entries(VIEWS).map(([name, text]) =>
    h("button", { type: "button", "data-key": `view-${name}`, "aria-pressed": String(name === state.view), onclick: () => change({ view: name }) }, text)));
  return [by, shown];
}

// The most frequent one that clients named themselves
async function firstEvent() {
  const known = await eventNames();
  return (known.find((one) => !one.name.startsWith("$")) ?? known[0]).name;
}

questionPage(view, {
  editor,
  controls,
  start: async () => ({ events: [{ event_name: await firstEvent() }] }),
});
