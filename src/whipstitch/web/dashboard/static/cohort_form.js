// The form that makes a cohort, or changes one: cohortForm(cohort), null for a new one, is an element.

import { page, post, put, reason } from "./api.js";
import { definitionEditor } from "./cohort_definition.js";
import { allTaken } from "./combobox.js";
import { idsIn } from "./cohort_members.js";
import { KINDS } from "./cohort_state.js";
import { h } from "./dom.js";
import { number, plural } from "./format.js";

const MOST_IDS = 10_000;

export function cohortForm(cohort) {
  let kind = cohort?.kind ?? "dynamic";
  let definition = cohort?.definition ?? null;
  const name = h("input", { required: true, maxlength: 200, autocomplete: "off", value: cohort?.name ?? "" });
  const ids = h("textarea", { rows: 10, spellcheck: "false", placeholder: "one id a line", oninput: counted });
  const count = h("p.quiet.small", { role: "status" });
  const rule = h("fieldset.card", {}, h("legend.sr", {}, "Rule"), definitionEditor(definition, (now) => (definition = now)));
  const named = h("fieldset.card", {}, h("legend.sr", {}, "Ids"), h("label", {}, cohort ? "Ids that replace all members (blank: they stay)" : "Ids of people, any of theirs", ids), count);
  const problem = h("p.error", { role: "alert", hidden: true });
  const save = h("button.button.primary", { type: "submit" }, cohort ? "Save" : "Make it");

  function counted() {
    const found = idsIn(ids.value).length;
    count.textContent = found > MOST_IDS ? `${number(found)} ids: at most ${number(MOST_IDS)} at once; add the others afterwards.` : found ? plural(found, "id") : "";
  }

  function choose(chosen) {
    kind = chosen;
    rule.hidden = kind !== "dynamic";
    named.hidden = kind !== "static";
  }

  const kinds = h("fieldset", {}, h("legend", {}, "Kind"), h("div.row.kinds", {}, Object.entries(KINDS).map(([value, text]) =>
    h("label", {}, h("input", { type: "radio", name: "kind", value, checked: value === kind, onchange: () => choose(value) }), ` ${text}`))));

  async function send(event) {
    event.preventDefault();
    // What was typed last counts, too.
    document.activeElement?.blur();
    await allTaken();
    problem.hidden = true;
    const members = idsIn(ids.value);
    if (kind === "dynamic" && !definition) return refuse("Say who is in it: add something that they did, or that they are.");
    if (members.length > MOST_IDS) return refuse(count.textContent);
    save.disabled = true;
    const body = { name: name.value.trim(), kind, ...(kind === "dynamic" ? { definition } : members.length || !cohort ? { members } : {}) };
    try {
      const made = (await (cohort ? put(`cohorts/${encodeURIComponent(cohort.id)}`, body) : post("cohorts", body))).cohort;
      location.assign(page("cohort", { id: made.id }));
    } catch (error) {
      save.disabled = false;
      refuse(reason(error));
    }
  }

  function refuse(text) {
    problem.textContent = text;
    problem.hidden = false;
  }

  choose(kind);
  return h("form.stack.cohort-form", { onsubmit: send },
    h("label", {}, "Name", name), !cohort && kinds, rule, named, problem,
    h("div.row", {}, save, h("a.button", { href: cohort ? page("cohort", { id: cohort.id }) : page("cohorts") }, "Cancel")));
}
