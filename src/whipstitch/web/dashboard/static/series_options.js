// What a series of an insight may say beside its event and its maths: seriesOptions(item, update), as eventList's `extra` has them.

import { h } from "./dom.js";
import { MOST, OVER_PEOPLE } from "./insight_state.js";

// A field that tells its text, undefined where it is blank.
export function textField(label, value, onchange, { maxlength = 200, placeholder = "" } = {}) {
  const input = h("input", { value: value ?? "", maxlength, placeholder, autocomplete: "off", onchange: () => onchange(input.value.trim() || undefined) });
  return h("label.small", {}, label, input);
}

export function numberField(label, value, onchange, { min = 1, max = MOST.days, placeholder = "" } = {}) {
  const input = h("input", { type: "number", min, max, step: 1, inputmode: "numeric", value: value ?? "", placeholder, onchange: () => {
    if (input.reportValidity()) onchange(input.value === "" ? undefined : Number(input.value));
  } });
  return h("label.small", {}, label, input);
}

export function seriesOptions(item, update) {
  const { name, unit, math = "total", per_person: over, rolling_days: days } = item;
  const people = h("select", { onchange: () => update({ per_person: people.value || undefined }) },
    [["", "no"], ...Object.entries(OVER_PEOPLE)].map(([value, text]) => h("option", { value, selected: value === (over ?? "") }, text)));
  const told = [name, unit, over && `${OVER_PEOPLE[over].toLowerCase()} per person`, days && `of ${days} days`].filter(Boolean);
  return h("details.options-of", { open: told.length > 0 }, h("summary", {}, `Name, unit, ${math === "unique" ? "rolling days" : "per person"} …`), h("div.fields", {},
    textField("Name", name, (text) => update({ name: text }), { placeholder: "of the line" }),
    textField("Unit or currency", unit, (text) => update({ unit: text }), { maxlength: 20, placeholder: "€, EUR, %" }),
    math === "unique"
      ? numberField("Rolling days", days, (count) => update({ rolling_days: count }), { placeholder: "1" })
      : h("label.small", {}, "Per person", people)));
}
