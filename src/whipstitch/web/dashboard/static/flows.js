// Flows: what people do after an event, or before it.

import { combobox } from "./combobox.js";
import { h } from "./dom.js";
import { filterEditor } from "./filter_editor.js";
import { begins, DEEPEST, DIRECTIONS, STEPS, view, WIDEST } from "./flows_view.js";
import { eventLabel, eventOptions, usualEvents, valueOptions } from "./lexicon_source.js";
import { questionPage } from "./question.js";
import { tokens } from "./tokens.js";

function counted(label, value, most, onchange) {
  const field = h("input.count", { type: "number", min: 1, max: most, step: 1, required: true, value, onchange: () => field.reportValidity() && onchange(Number(field.value)) });
  return h("label.counted", {}, h("span", {}, label), field);
}

function choice(label, options, value, onchange) {
  const select = h("select", { "aria-label": label, "data-key": label, onchange: () => onchange(select.value) },
    Object.entries(options).map(([one, text]) => h("option", { value: one, selected: one === value }, text)));
  return select;
}

const optionsOf = ({ by }) => (by === "event" ? eventOptions() : valueOptions({ property: by === "screen" ? "$screen_name" : "$pathname", on: "event" }));

function throughChips(state, change) {
  const kept = (index) => state.through.filter((_, at) => at !== index);
  return state.through.length > 0 && h("div.tokens", { role: "group", "aria-label": "Only paths with" }, h("span.quiet", {}, "only paths with"),
    state.through.map((one, index) => h("button.token", { type: "button", "aria-label": `Remove ${one.event_name} at step ${one.step}`, title: one.event_name, onclick: () => change({ through: kept(index) }, true) },
      h("span.cut", {}, `${one.step}: ${one.event_name}`), h("span", { "aria-hidden": "true" }, "×"))));
}

function editor(state, change) {
  const what = STEPS[state.by];
  return [
    h("section.stack", {}, h("h2", {}, "Paths"),
      choice("Steps", Object.fromEntries(Object.entries(STEPS).map(([by, one]) => [by, `Of ${one.many}`])), state.by, (by) => change({ by, event_name: "", exclude: [], through: [] }, true)),
      choice("Direction", DIRECTIONS, state.direction, (direction) => change({ direction, through: [] }, true)),
      begins(state) && combobox({ label: what.one, value: state.event_name, placeholder: what.one.toLowerCase(), eager: state.by === "event", shown: state.by === "event" ? eventLabel : (one) => one ?? "", options: optionsOf(state), onchange: (event_name) => change({ event_name, through: [] }, true) }),
      throughChips(state, change)),
    h("section.stack", {}, h("h2", {}, "Shown"),
      counted("Steps from it", state.depth, DEEPEST, (depth) => change({ depth })), counted(`${what.many[0].toUpperCase()}${what.many.slice(1)} of a step`, state.limit, WIDEST, (limit) => change({ limit }))),
    h("section.stack", {}, h("h2", {}, "Left out"), tokens({ label: "Left out", values: state.exclude, placeholder: what.one.toLowerCase(), options: optionsOf(state), onchange: (exclude) => change({ exclude }) })),
    h("section", {}, h("h2", {}, "Filters for all"), filterEditor({ filters: state.filters, events: () => [], label: "Filters for all", onchange: (filters) => change({ filters }) })),
  ];
}

questionPage(view, {
  editor,
  start: async () => ({ event_name: (await usualEvents(1))[0] }),
});
