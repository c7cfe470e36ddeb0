// Experiments: how people who were shown variants compare.

import { combobox } from "./combobox.js";
import { intervalFor } from "./date_range.js";
import { h } from "./dom.js";
import { eventList } from "./event_list.js";
import { INTERVALS, MATHS, MOST_VARIANTS, SHOWN, view, WITHIN } from "./experiments_view.js";
import { filterEditor } from "./filter_editor.js";
import { UNITS, windowOf } from "./funnels_view.js";
import { anyPropertyOptions, propertyOptions, valueOptions } from "./lexicon_source.js";
import { questionPage } from "./question.js";
import { tokens } from "./tokens.js";

const NEW = { event_name: "" };

function choice(label, options, value, onchange, kind = "") {
  const select = h(`select${kind}`, { "aria-label": label, "data-key": label, onchange: () => onchange(select.value) },
    Object.entries(options).map(([name, text]) => h("option", { value: name, selected: name === value }, text)));
  return select;
}

function variants(state, change, current) {
  const names = () => [current().exposure.event_name];
  const property = combobox({
    label: "Variant property", placeholder: "property", eager: true, value: state.shown, options: anyPropertyOptions(names), shown: (one) => one?.property ?? one ?? "",
    onchange: async (chosen) => {
      const shown = typeof chosen === "string" ? { property: chosen, on: "event" } : { property: chosen.property, on: chosen.on };
      change({ shown, control: "", variants: [] }, true);
      const found = (await valueOptions(shown, names)("").catch(() => [])).map((one) => String(one.value)).filter(Boolean);
      if (current().shown !== shown || !found.length) return;
      const control = found.find((one) => one === "control") ?? found[0];
      change({ control, variants: found.filter((one) => one !== control).slice(0, MOST_VARIANTS) }, true);
    },
  });
  const values = state.shown ? valueOptions(state.shown, names) : async () => [];
  return [
    property,
    state.shown && combobox({ label: "Control", visible: true, placeholder: "value", value: state.control, options: values, onchange: (control) => change({ control, variants: current().variants.filter((one) => one !== control) }, true) }),
    state.shown && h("div.stack", {}, h("span.quiet.small", {}, "Compared with it"), tokens({ label: "Variants", values: state.variants, options: values, onchange: (now) => change({ variants: now.filter((one) => one !== current().control).slice(0, MOST_VARIANTS) }) })),
  ];
}

function goal(state, change, current) {
  const math = choice("Goal", MATHS, state.math, (chosen) => change({ math: chosen }, true));
  if (state.math === "way") {
    return [math, eventList({ items: state.steps.length ? state.steps : [NEW], label: "Step", add: "Add a step", any: true, moves: true, onchange: (steps) => change({ steps }) }), window(state, change)];
  }
  const ofNumbers = state.math === "sum" || state.math === "avg";
  return [
    math, eventList({ items: [state.goal], label: "Goal event", add: "", most: 1, any: true, sign: "→", onchange: ([event]) => change({ goal: event }) }),
    ofNumbers && combobox({ label: "Number", placeholder: "property with numbers", value: state.property, eager: true, options: propertyOptions("event", () => [current().goal.event_name], ["number"]), shown: (one) => one?.property ?? one ?? "", onchange: (chosen) => change({ property: chosen?.property ?? chosen }) }),
  ];
}

function window(state, change) {
  const { count, unit } = windowOf(state.window);
  const field = h("input.count", { type: "number", min: 1, required: true, value: count, "aria-label": "Within", onchange: told });
  const units = choice("Unit of time", Object.fromEntries(Object.entries(UNITS).map(([name, { text }]) => [name, text])), unit, told, ".auto");
  function told() {
    const asked = `${Number(field.value)}${units.value}`;
    field.setCustomValidity(windowOf(asked) ? "" : "At least 1, and at most ten years.");
    if (field.reportValidity()) change({ window: asked });
  }
  return h("div.event-line.within", {}, h("span.quiet", { "aria-hidden": "true" }, "all within"), field, units);
}

function least(state, change) {
  const field = h("input.count", { type: "number", min: 0.1, max: 1000, step: "any", required: true, value: state.least, "data-key": "least", onchange: () => field.reportValidity() && change({ least: Number(field.value) }) });
  return h("label.counted", {}, h("span", {}, "Least uplift that matters, %"), field);
}

function editor(state, change, current) {
  const names = () => [current().exposure.event_name, current().goal.event_name];
  return [
    h("section.stack", {}, h("h2", {}, "Who is shown a variant"), eventList({ items: [state.exposure], label: "Exposure", add: "", most: 1, any: true, sign: "•", onchange: ([exposure]) => change({ exposure }) }), variants(state, change, current)),
    h("section.stack", {}, h("h2", {}, "Goal"), goal(state, change, current), choice("How long after the exposure", WITHIN, state.within, (within) => change({ within })), least(state, change)),
    h("section", {}, h("h2", {}, "Filters for all"), filterEditor({ filters: state.filters, events: names, label: "Filters for all", onchange: (filters) => change({ filters }) })),
  ];
}

function controls(state, change) {
  const shown = h("div.switch", { role: "group", "aria-label": "Show" }, Object.entries(SHOWN).map(([name, text]) =>
    h("button", { type: "button", "data-key": `show-${name}`, "aria-pressed": String(name === state.show), onclick: () => change({ show: name }) }, text)));
  if (state.show !== "time") return shown;
  const usual = intervalFor(state.range);
  return [choice("Interval", INTERVALS, state.interval || usual, (chosen) => change({ interval: chosen === usual ? "" : chosen }), ".auto"), shown];
}

questionPage(view, { editor, controls });
