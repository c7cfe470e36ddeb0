// Flows: what people do after an event, or before it.

import { combobox } from "./combobox.js";
import { h } from "./dom.js";
import { filterEditor } from "./filter_editor.js";
import { DEEPEST, DIRECTIONS, view, WIDEST } from "./flows_view.js";
import { eventOptions, usualEvents } from "./lexicon_source.js";
import { questionPage } from "./question.js";

function counted(label, value, most, onchange) {
  const field = h("input.count", { type: "number", min: 1, max: most, step: 1, required: true, value, onchange: () => field.reportValidity() && onchange(Number(field.value)) });
  return h("label.counted", {}, h("span", {}, label), field);
}

function editor(state, change) {
  const direction = h("select", { "aria-label": "Direction", onchange: () => change({ direction: direction.value }) },
    Object.entries(DIRECTIONS).map(([value, text]) => h("option", { value, selected: value === state.direction }, text)));
  return [
    h("section.stack", {}, h("h2", {}, "Event"),
      combobox({ label: "Event", value: state.event_name, placeholder: "event", eager: true, options: eventOptions(), onchange: (event_name) => change({ event_name }) }), direction),
    h("section.stack", {}, h("h2", {}, "Shown"),
      counted("Steps from it", state.depth, DEEPEST, (depth) => change({ depth })), counted("Events of a step", state.limit, WIDEST, (limit) => change({ limit }))),
    h("section", {}, h("h2", {}, "Filters for all"), filterEditor({ filters: state.filters, events: () => [], label: "Filters for all", onchange: (filters) => change({ filters }) })),
  ];
}

questionPage(view, {
  editor,
  start: async () => ({ event_name: (await usualEvents(1))[0] }),
});
