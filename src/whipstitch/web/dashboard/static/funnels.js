// Funnels: how many people get from one step to the next.

import { breakdownField } from "./breakdown_field.js";
import { h } from "./dom.js";
import { eventList } from "./event_list.js";
import { filterEditor } from "./filter_editor.js";
import { intervalFor } from "./date_range.js";
import { exclusions, stepFields } from "./funnel_editor_parts.js";
import { INTERVALS, ORDERS, SHOWN, UNITS, view, windowOf } from "./funnels_view.js";
import { usualEvents } from "./lexicon_source.js";
import { questionPage } from "./question.js";

const NEW = { event_name: "" };

function way(state, change) {
  const { count, unit } = windowOf(state.window);
  const order = h("select", { "aria-label": "Order", "data-key": "order", onchange: () => change({ order: order.value }, true) },
    Object.entries(ORDERS).map(([value, text]) => h("option", { value, selected: value === state.order }, text)));
  const field = h("input.count", { type: "number", min: 1, required: true, value: count, "aria-label": "Within", onchange: waited });
  const units = h("select.auto", { "aria-label": "Unit of time", onchange: waited }, Object.entries(UNITS).map(([value, { text }]) => h("option", { value, selected: value === unit }, text)));
  function waited() {
    const window = `${Number(field.value)}${units.value}`;
    field.setCustomValidity(windowOf(window) ? "" : "At least 1, and at most ten years.");
    if (field.reportValidity()) change({ window });
  }
  return [order, h("div.event-line.within", {}, h("span.quiet", { "aria-hidden": "true" }, "within"), field, units)];
}

function editor(state, change, current) {
  const names = () => current().steps.map((one) => one.event_name);
  return [
    h("section", {}, h("h2", {}, "Steps"), eventList({ items: state.steps.length ? state.steps : [NEW, NEW], label: "Step", add: "Add a step", any: true, moves: true, extra: stepFields(current), onchange: (steps) => change({ steps }) })),
    h("section.stack", {}, h("h2", {}, "Order and time"), way(state, change)),
    h("section", {}, h("h2", {}, "Must not happen"), exclusions(state, change, current)),
    h("section", {}, h("h2", {}, "Filters for all"), filterEditor({ filters: state.filters, events: names, label: "Filters for all", onchange: (filters) => change({ filters }) })),
    h("section", {}, h("h2", {}, "Breakdown"), breakdowns(state, change, names)),
  ];
}

// The second one is offered beside a first.
function breakdowns(state, change, names) {
  const second = h("div", { hidden: !state.breakdown }, breakdownField({ breakdown: state.second }, ({ breakdown }) => change({ second: breakdown }), names, "And by"));
  const first = breakdownField(state, (patch) => {
    second.hidden = !patch.breakdown;
    change(patch);
  }, names);
  return h("div.stack", {}, first, second);
}

function controls(state, change) {
  const shown = h("div.switch", { role: "group", "aria-label": "Show" }, Object.entries(SHOWN).map(([name, text]) =>
    h("button", { type: "button", "data-key": `show-${name}`, "aria-pressed": String(name === state.show), onclick: () => change({ show: name }) }, text)));
  if (state.show !== "time") return shown;
  const interval = state.interval || intervalFor(state.range);
  const by = h("select.auto", { "aria-label": "Interval", "data-key": "interval", onchange: () => change({ interval: by.value === intervalFor(state.range) ? "" : by.value }) },
    Object.entries(INTERVALS).map(([value, text]) => h("option", { value, selected: value === interval }, text)));
  return [by, shown];
}

questionPage(view, {
  editor,
  controls,
  start: async () => {
    const steps = (await usualEvents(2)).map((event_name) => ({ event_name }));
    return { steps: steps.length < 2 ? [...steps, NEW] : steps };
  },
});
