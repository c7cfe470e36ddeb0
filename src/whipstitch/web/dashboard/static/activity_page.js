// The page of a question about how steadily people do something: activityPage(view), a view of activity_state.js.

import { INTERVALS, intervalOf, isUsual } from "./activity_state.js";
import { combobox } from "./combobox.js";
import { h } from "./dom.js";
import { filterEditor } from "./filter_editor.js";
import { eventLabel, eventOptions, usualEvents } from "./lexicon_source.js";
import { questionPage } from "./question.js";

export function activityPage(view) {
  const editor = (state, change, current) => [
    h("section.stack", {}, h("h2", {}, "People who do"), combobox({
      label: "Event", value: state.event.event_name, placeholder: "event", eager: true, shown: eventLabel, options: eventOptions({ any: true }),
      onchange: (event_name) => change({ event: { event_name } }),
    })),
    h("section", {}, h("h2", {}, "Filters"), filterEditor({ filters: state.filters, events: () => [current().event.event_name], label: "Filters", onchange: (filters) => change({ filters }) })),
  ];

  function controls(state, change) {
    const by = h("select.auto", { "aria-label": "Interval", "data-key": "interval", onchange: () => change({ interval: isUsual(state, by.value) ? "" : by.value }) },
      Object.entries(INTERVALS).map(([value, text]) => h("option", { value, selected: value === intervalOf(state) }, text)));
    const shown = h("div.switch", { role: "group", "aria-label": "Show as" }, Object.entries(view.shown).map(([name, text]) =>
      h("button", { type: "button", "data-key": `view-${name}`, "aria-pressed": String(name === state.view), onclick: () => change({ view: name }) }, text)));
    return [by, shown];
  }

  questionPage(view, { editor, controls, start: async () => ({ event: { event_name: (await usualEvents(1))[0] } }) });
}
