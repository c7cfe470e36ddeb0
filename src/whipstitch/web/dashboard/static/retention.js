// Retention: how many people come back.

import { breakdownField } from "./breakdown_field.js";
import { combobox } from "./combobox.js";
import { h } from "./dom.js";
import { filterEditor } from "./filter_editor.js";
import { eventLabel, eventOptions, usualEvents } from "./lexicon_source.js";
import { questionPage } from "./question.js";
import { bracketsOf, INTERVALS, intervalOf, MODES, MOST_PERIODS, usualInterval, view, VIEWS } from "./retention_view.js";

const event = (label, value, onchange) => combobox({ label, value, placeholder: "event", eager: true, shown: eventLabel, options: eventOptions({ any: true }), onchange });

function periods(state, change) {
  const field = h("input.count", { type: "number", min: 1, max: MOST_PERIODS, step: 1, required: true, value: state.periods, disabled: state.brackets.length > 0, "aria-label": "Intervals to look at", onchange: () => field.reportValidity() && change({ periods: Number(field.value) }) });
  return h("div.event-line", {}, h("span.quiet", { "aria-hidden": "true" }, "looking at"), field, h("span.quiet", { "aria-hidden": "true" }, "intervals after it"));
}

function brackets(state, change) {
  const field = h("input", { type: "text", value: state.brackets.join(", "), placeholder: "1, 3, 7, 14", inputmode: "numeric", maxlength: 300, "data-key": "brackets", title: "Several intervals together: where each bracket ends", onchange: changed });
  function changed() {
    const ends = bracketsOf(field.value.split(/[\s,;]+/).filter(Boolean).map(Number));
    field.setCustomValidity(ends ? "" : "Whole numbers that rise, up to 366, such as 1, 3, 7, 14");
    if (field.reportValidity()) change({ brackets: ends }, true);
  }
  return h("label.counted", {}, h("span", {}, "or brackets to"), field);
}

function rolling(state, change) {
  const box = h("input", { type: "checkbox", checked: state.rolling, onchange: () => change({ rolling: box.checked }) });
  return h("label.choice", {}, box, "By the clock from each person's start");
}

function editor(state, change, current) {
  const names = () => [current().start.event_name, current().back.event_name];
  const mode = h("select", { "aria-label": "Who starts", onchange: () => change({ mode: mode.value }) },
    Object.entries(MODES).map(([value, text]) => h("option", { value, selected: value === state.mode }, text)));
  return [
    h("section.stack", {}, h("h2", {}, "People start with"), event("Start event", state.start.event_name, (event_name) => change({ start: { event_name } })), mode),
    h("section.stack", {}, h("h2", {}, "And come back for"), event("Return event", state.back.event_name, (event_name) => change({ back: { event_name } })), periods(state, change), brackets(state, change), rolling(state, change)),
    h("section", {}, h("h2", {}, "Breakdown"), breakdownField(state, change, names)),
    h("section", {}, h("h2", {}, "Filters for all"), filterEditor({ filters: state.filters, events: names, label: "Filters for all", onchange: (filters) => change({ filters }) })),
  ];
}

function controls(state, change) {
  const by = h("select.auto", { "aria-label": "Interval", "data-key": "interval", onchange: () => change({ interval: by.value === usualInterval(state) ? "" : by.value }) },
    Object.entries(INTERVALS).map(([value, text]) => h("option", { value, selected: value === intervalOf(state) }, text)));
  const shown = h("div.switch", { role: "group", "aria-label": "Show as" }, Object.entries(VIEWS).map(([name, text]) =>
    h("button", { type: "button", "data-key": `view-${name}`, "aria-pressed": String(name === state.view), onclick: () => change({ view: name }) }, text)));
  return [by, shown];
}

questionPage(view, {
  editor,
  controls,
  start: async () => ({ start: { event_name: (await usualEvents(1))[0] } }),
});
