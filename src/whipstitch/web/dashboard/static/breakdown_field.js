// The field that chooses a state's `breakdown`, how many of its values stand alone, and whether elements of lists are values.

import { usualLimit } from "./answer_parts.js";
import { combobox } from "./combobox.js";
import { fill, h } from "./dom.js";
import { anyPropertyOptions, natureOf } from "./lexicon_source.js";

const LIMITS = [5, 10, 25, 50, 100];

// `change` and `names()`, the events that have the property, are those of an editor (question.js).
export function breakdownField(state, change, names, label = "Break down by") {
  let broken = state.breakdown;
  const place = h("span.limit");
  const set = (now) => {
    broken = now;
    limit();
    change({ breakdown: now });
  };
  const field = combobox({
    label, placeholder: "property", eager: true, value: broken, blank: true, options: anyPropertyOptions(names),
    shown: (one) => one?.property ?? one ?? "",
    onchange: (chosen) => set(chosen === "" ? null : { limit: broken?.limit, ...(typeof chosen === "string" ? { property: chosen, on: "event" } : chosen) }),
  });
  function limit() {
    const select = h("select.auto", { "aria-label": "Values shown", onchange: () => set({ ...broken, limit: Number(select.value) }) },
      LIMITS.map((one) => h("option", { value: one, selected: one === (broken?.limit ?? usualLimit) }, `${one} values`)));
    const by = h("select.auto", { "aria-label": "Lists", onchange: () => set({ ...broken, elements: by.value === "elements" || undefined }) },
      [["whole", "whole lists"], ["elements", "each element"]].map(([value, text]) => h("option", { value, selected: (value === "elements") === Boolean(broken?.elements) }, text)));
    fill(place, broken && select, broken?.elements && by);
    if (!broken || broken.elements) return;
    const asked = broken;
    natureOf(broken, names).then(({ lists }) => lists && broken === asked && place.append(by)).catch(() => {}); // whole lists do
  }
  limit();
  return h("div.event-line", {}, field, place);
}
