// Insights: numbers of events, people and properties over time.

import { breakdownField } from "./breakdown_field.js";
import { combobox } from "./combobox.js";
import { h } from "./dom.js";
import { eventList } from "./event_list.js";
import { filterEditor } from "./filter_editor.js";
import { letter, MATHS } from "./insight_maths.js";
import { INTERVALS, intervalOf, view, VIEWS } from "./insights_view.js";
import { propertyOptions, usualEvents } from "./lexicon_source.js";
import { intervalFor } from "./date_range.js";
import { questionPage } from "./question.js";

const options = (texts, chosen) => Object.entries(texts).map(([value, text]) => h("option", { value, selected: value === chosen }, text.text ?? text));

function math(item, update) {
  const chosen = item.math ?? "total";
  const select = h("select", { "aria-label": "Count", "data-key": "math", onchange: () => update({ math: select.value === "total" ? undefined : select.value, property: MATHS[select.value].of ? item.property : undefined }, true) }, options(MATHS, chosen));
  const names = () => [item.event_name];
  return h("div.math", {}, select, MATHS[chosen].of &&
    combobox({ label: "Property to count", placeholder: MATHS[chosen].numbers ? "number property" : "property", eager: true, value: item.property ?? "", options: propertyOptions("event", names, MATHS[chosen].numbers ? ["number"] : null), onchange: (property) => update({ property }) }));
}

function editor(state, change, current) {
  const names = () => current().events.map((one) => one.event_name);
  return [
    h("section", {}, h("h2", {}, "Events"), eventList({ items: state.events.length ? state.events : [{ event_name: "" }], label: "Event", add: "Add an event", any: true, marks: letter, extra: math, onchange: (events) => change({ events }) })),
    h("section", {}, h("h2", {}, "Filters for all"), filterEditor({ filters: state.filters, events: names, label: "Filters for all", onchange: (filters) => change({ filters }) })),
    h("section", {}, h("h2", {}, "Breakdown"), breakdownField(state, change, names)),
  ];
}

function controls(state, change) {
  const interval = intervalOf(state);
  const by = h("select.auto", { "aria-label": "Interval", "data-key": "interval", onchange: () => change({ interval: by.value === intervalFor(state.range) ? "" : by.value }) }, options(INTERVALS, interval));
  const shown = h("div.switch", { role: "group", "aria-label": "Show as" }, Object.entries(VIEWS).map(([name, text]) =>
    h("button", { type: "button", "data-key": `view-${name}`, "aria-pressed": String(name === state.view), onclick: () => change({ view: name }) }, text)));
  return [by, shown];
}

questionPage(view, {
  editor,
  controls,
  start: async () => ({ events: (await usualEvents(1)).map((event_name) => ({ event_name })) }),
});
