// Insights: numbers of events, people and properties over time.

import { breakdownList } from "./breakdown_list.js";
import { combobox } from "./combobox.js";
import { h } from "./dom.js";
import { eventList } from "./event_list.js";
import { filterEditor } from "./filter_editor.js";
import { formulaList } from "./formula_list.js";
import { letter, MATHS } from "./insight_maths.js";
import { INTERVALS, intervalOf, view, VIEWS } from "./insights_view.js";
import { propertyOptions, usualEvents } from "./lexicon_source.js";
import { intervalFor } from "./date_range.js";
import { questionPage } from "./question.js";
import { numberField, seriesOptions } from "./series_options.js";

const options = (texts, chosen) => Object.entries(texts).map(([value, text]) => h("option", { value, selected: value === chosen }, text.text ?? text));

function math(item, update) {
  const chosen = item.math ?? "total";
  const select = h("select", { "aria-label": "Count", "data-key": "math", onchange: () => {
    const { value } = select;
    const ofPeople = value === "unique";
    update({
      math: value === "total" ? undefined : value, property: MATHS[value].of ? item.property : undefined,
      rolling_days: ofPeople ? item.rolling_days : undefined, per_person: ofPeople ? undefined : item.per_person,
    }, true);
  } }, options(MATHS, chosen));
  const names = () => [item.event_name];
  return h("div.math", {}, select, MATHS[chosen].of &&
    combobox({ label: "Property to count", placeholder: MATHS[chosen].numbers ? "number property" : "property", eager: true, value: item.property ?? "", options: propertyOptions("event", names, MATHS[chosen].numbers ? ["number"] : null), onchange: (property) => update({ property }) }));
}

const series = (item, update) => [math(item, update), seriesOptions(item, update)];

const check = (label, checked, onchange) => {
  const box = h("input", { type: "checkbox", checked, onchange: () => onchange(box.checked) });
  return h("label.choice", {}, box, label);
};

function editor(state, change, current) {
  const names = () => current().events.map((one) => one.event_name);
  return [
    h("section", {}, h("h2", {}, "Events"), eventList({ items: state.events.length ? state.events : [{ event_name: "" }], label: "Event", add: "Add an event", any: true, marks: letter, extra: series, onchange: (events) => change({ events }) })),
    h("section", {}, h("h2", {}, "Formulas"), formulaList({ formulas: state.formulas, onchange: (formulas) => change({ formulas }) })),
    h("section", {}, h("h2", {}, "Filters for all"), filterEditor({ filters: state.filters, events: names, label: "Filters for all", onchange: (filters) => change({ filters }) })),
    h("section", {}, h("h2", {}, "Breakdown"), breakdownList({ breakdowns: state.breakdowns, names, onchange: (breakdowns) => change({ breakdowns }) }),
      h("div.whole-line", {}, check("With a line for all", state.with_total, (with_total) => change({ with_total })))),
    h("section", {}, h("h2", {}, "Over time"), check("Cumulative", state.cumulative, (cumulative) => change({ cumulative })),
      numberField("Moving average over", state.moving_average > 1 ? state.moving_average : undefined, (count) => change({ moving_average: count ?? 1 }), { placeholder: "1" })),
  ];
}

function controls(state, change) {
  const interval = intervalOf(state);
  const by = h("select.auto", { "aria-label": "Interval", "data-key": "interval", onchange: () => change({ interval: by.value === intervalFor(state.range) ? "" : by.value }) }, options(INTERVALS, interval));
  const shown = h("div.switch", { role: "group", "aria-label": "Show as" }, Object.entries(VIEWS).map(([name, text]) =>
    h("button", { type: "button", "data-key": `view-${name}`, "aria-pressed": String(name === state.view), onclick: () => change({ view: name }) }, text)));
  return [...comparison(state, change), by, shown];
}

const COMPARED = { "": "No comparison", previous: "With the period before", year: "With the year before", days: "With … days before" };
const USUAL_DAYS = 7;

// With which range
function comparison(state, change) {
  const kind = /^\d/.test(state.compare ?? "") ? "days" : (state.compare ?? "");
  const by = h("select.auto", { "aria-label": "Compare", "data-key": "compare", onchange: () => change({ compare: by.value === "days" ? `${USUAL_DAYS}d` : by.value || null }) }, options(COMPARED, kind));
  const days = h("input.count", { type: "number", min: 1, max: 3660, step: 1, required: true, "aria-label": "Days before", "data-key": "compare-days", value: parseInt(state.compare, 10), onchange: () => days.reportValidity() && change({ compare: `${Number(days.value)}d` }) });
  return [by, kind === "days" && days];
}

questionPage(view, {
  editor,
  controls,
  start: async () => ({ events: (await usualEvents(1)).map((event_name) => ({ event_name })) }),
});
