// A field for several values: tokens({ label, values, options: async (text) => [{ value, note? }], onchange }).
// Each value is a button that takes it away; Backspace in the empty field takes the last. `shown`: how a value reads; `waits`: as in
// combobox.js.

import { combobox } from "./combobox.js";
import { h } from "./dom.js";

export function tokens({ label, values, placeholder = "value", shown = (one) => one, waits = false, options, onchange }) {
  let held = [...values];
  const box = h("div.tokens", { role: "group", "aria-label": label });
  const field = combobox({
    label: `${label}: add`, placeholder, waits, options: async (text) => (await options(text)).filter((one) => !held.includes(one.value)),
    onchange: (value) => {
      field.set("");
      if (value !== "" && !held.includes(value)) hold([...held, value]);
    },
  });
  field.input.addEventListener("keydown", (event) => {
    if (event.key === "Backspace" && !field.input.value && held.length) hold(held.slice(0, -1));
  });

  function hold(now) {
    held = now;
    draw();
    onchange([...held]);
  }

  function remove(value) {
    hold(held.filter((one) => one !== value));
    field.input.focus();
  }

  function draw() {
    const chips = held.map((one) => h("button.token", { type: "button", "aria-label": `Remove ${shown(one)}`, title: shown(one), onclick: () => remove(one) }, h("span.cut", {}, shown(one)), h("span", { "aria-hidden": "true" }, "×")));
    box.querySelectorAll(".token").forEach((one) => one.remove());
    box.prepend(...chips);
  }

  box.append(field);
  draw();
  return box;
}
