// Formulas over series: formulaList({ formulas, onchange }) edits a list of { expression, name?, unit? }.

import { h } from "./dom.js";
import { textField } from "./series_options.js";

const MOST = 20;

export function formulaList({ formulas, onchange }) {
  const held = formulas.map((formula) => ({ formula: { ...formula } }));
  const rows = h("ol.event-list", { "aria-label": "Formulas" }, held.map(row));
  const add = h("button.link.add", { type: "button", onclick: () => {
    const one = { formula: { expression: "" } };
    held.push(one);
    rows.append(row(one));
    one.row.querySelector("input").focus();
    limit();
  } }, "Add a formula");
  const limit = () => (add.hidden = held.length >= MOST);
  const tell = () => onchange(held.map((one) => ({ ...one.formula })));

  function row(one) {
    const field = (label, key, more) => textField(label, one.formula[key], (text) => {
      one.formula[key] = text;
      tell();
    }, more);
    const expression = h("input.mono", {
      "aria-label": "Formula", placeholder: "B / A * 100", value: one.formula.expression, maxlength: 500, autocomplete: "off", spellcheck: "false",
      onchange: () => {
        one.formula.expression = expression.value.trim();
        tell();
      },
    });
    const remove = h("button.icon-button.small", { type: "button", "aria-label": "Remove the formula", title: "Remove", onclick: () => {
      const index = held.indexOf(one);
      held.splice(index, 1);
      one.row.remove();
      (rows.children[Math.min(index, held.length - 1)]?.querySelector("input") ?? add).focus();
      limit();
      tell();
    } }, "×");
    return (one.row = h("li.event-item", {}, h("div.event-line", {}, expression, remove),
      h("div.fields", {}, field("Name", "name", { placeholder: "conversion" }), field("Unit", "unit", { maxlength: 20, placeholder: "%" }))));
  }

  limit();
  return h("div", {}, rows, add);
}
