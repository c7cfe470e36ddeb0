// What the steps of a funnel have besides an event and filters: alternatives, and whether they may be left out; and what must not
// happen between steps. Each gives elements; `current()` is the page's state as it is by then.

import { eventList } from "./event_list.js";
import { h } from "./dom.js";
import { eventLabel } from "./lexicon_source.js";

export const MOST_EXCLUSIONS = 8;
const MOST_ALTERNATIVES = 10;

// For eventList's `extra`: of the step at `index`.
export const stepFields = (current) => (step, update, index) => [
  index > 0 && current().order !== "unordered" && optional(step, update, index),
  alternatives(step, update, index),
];

function optional(step, update, index) {
  const box = h("input", { type: "checkbox", checked: step.optional === true, "aria-label": `Step ${index + 1} is optional`, onchange: () => update({ optional: box.checked || undefined }) });
  return h("label.step-option.small", { title: "People who go on may leave it out" }, box, " optional");
}

function alternatives(step, update, index) {
  const told = (any_of) => update({ any_of: any_of.length ? any_of : undefined });
  return eventList({ items: step.any_of ?? [], label: `Alternative of step ${index + 1}`, add: "Or another event", least: 0, most: MOST_ALTERNATIVES, sign: "or", onchange: told });
}

export function exclusions(state, change, current) {
  return eventList({ items: state.exclusions, label: "Exclusion", add: "Exclude an event", least: 0, most: MOST_EXCLUSIONS, sign: "not", extra: between(current), onchange: (list) => change({ exclusions: list }) });
}

// Between which steps: by default the first and the last.
const between = (current) => (one, update) => {
  if (current().order === "unordered") return null;
  const end = (name, usual, text) => {
    const select = h("select.auto", { "aria-label": text, onfocus: () => offer(), onchange: () => update({ [name]: select.value === "" ? undefined : Number(select.value) }) });
    // Steps come and go: whoever chooses is offered those of now.
    function offer() {
      const chosen = one[name];
      const options = current().steps.map((step, index) => h("option", { value: index + 1, selected: index + 1 === chosen }, `${index + 1} ${step.event_name === "" ? "" : eventLabel(step.event_name)}`));
      select.replaceChildren(h("option", { value: "", selected: chosen === undefined }, usual), ...options);
    }
    offer();
    return select;
  };
  return h("div.event-line.between", {}, h("span.quiet", {}, "between"), end("from_step", "first step", "From step"), h("span.quiet", {}, "and"), end("to_step", "last step", "To step"));
};
