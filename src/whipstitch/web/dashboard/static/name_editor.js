// The dialogs that change what is said of a name: editName(kind, name, said), mergeEvents(said), newProperty(said), forgetName(said).
// Each is true once something changed.

import { allTaken } from "./combobox.js";
import { dialog } from "./dialog.js";
import { h } from "./dom.js";
import { eventList } from "./event_list.js";
import { describe, forget } from "./lexicon_names.js";

const WHAT = { event: "event", property: "property", trait: "trait" };
const FUNCTIONS = "if(condition, value, otherwise) · coalesce · is_set · in · concat · lower · upper · trim · length · substring · replace · split · domain · contains · starts_with · ends_with · number · text · round · floor · ceil · abs";

const field = (label, input, hint) => h("label", {}, label, input, hint && h("span.quiet.small.hint", {}, hint));

// The fields that all names have, and what they say.
function common(said) {
  const display = h("input", { maxlength: 200, value: said?.display_name ?? "", autocomplete: "off" });
  const description = h("textarea", { rows: 3, maxlength: 2000 }, said?.description ?? "");
  const tags = h("input", { value: (said?.tags ?? []).join(", "), autocomplete: "off" });
  const hidden = h("input", { type: "checkbox", checked: said?.hidden ?? false });
  const verified = h("input", { type: "checkbox", checked: Boolean(said?.verified_by) });
  const element = [
    field("Display name", display, "What suggestions and reports call it. Lists and exports keep the name that is sent."),
    field("Description", description),
    field("Tags", tags, "Separated by commas"),
    h("label.choice", {}, verified, "Verified: this is sent as described"),
    h("label.choice", {}, hidden, "Hidden: not suggested"),
  ];
  const read = () => ({
    display_name: display.value.trim() || null,
    description: description.value.trim(),
    tags: [...new Set(tags.value.split(",").map((one) => one.trim()).filter(Boolean))],
    hidden: hidden.checked,
    // Who verified it first stays.
    verified: verified.checked === Boolean(said?.verified_by) ? undefined : verified.checked,
  });
  return { element, read };
}

export function editName(kind, name, said) {
  if (said?.any_of) return mergeEvents(said);
  if (said?.expression) return newProperty(said);
  const fields = common(said);
  return dialog({
    title: `The ${WHAT[kind]} ${name}`, answer: "Save", content: () => h("div.stack", {}, fields.element),
    act: () => describe({ kind, name, ...fields.read() }),
  });
}

const nameField = (said) => h("input", { required: true, maxlength: 500, value: said?.name ?? "", readonly: Boolean(said), autocomplete: "off" });

export function mergeEvents(said) {
  const name = nameField(said);
  let items = said?.any_of ?? [{ event_name: "" }, { event_name: "" }];
  const fields = common(said);
  return dialog({
    title: said ? `The merged event ${said.name}` : "Merge events", answer: said ? "Save" : "Merge",
    content: () => h("div.stack", {}, field("Name", name, said ? null : "One of theirs, or a new one. Reports, cohorts and filters then find all of them under it."),
      eventList({ items, label: "Event", add: "Add event", most: 100, onchange: (now) => (items = now) }), h("details", {}, h("summary", {}, "Describe it"), h("div.stack", {}, fields.element))),
    act: async () => {
      await allTaken();
      await describe({ kind: "event", name: name.value.trim(), ...fields.read(), any_of: items.filter((one) => one.event_name) });
    },
  });
}

export function newProperty(said) {
  const name = nameField(said);
  const expression = h("textarea.code", { rows: 3, maxlength: 1000, required: true, spellcheck: "false", placeholder: "amount / 100" }, said?.expression ?? "");
  const fields = common(said);
  return dialog({
    title: said ? `The property ${said.name}` : "A property from an expression", answer: said ? "Save" : "Make it",
    content: () => h("div.stack", {}, field("Name", name),
      field("Expression", expression, 'Names of properties, numbers, "text", + - * /, = != < <= > >=, and, or, not. Names with blanks stand in `backticks`.'),
      h("p.quiet.small", {}, FUNCTIONS), h("details", {}, h("summary", {}, "Describe it"), h("div.stack", {}, fields.element))),
    act: () => describe({ kind: "property", name: name.value.trim(), ...fields.read(), expression: expression.value.trim() }),
  });
}

export const forgetName = (said) => dialog({
  title: `Delete ${said.name}?`, answer: "Delete", danger: true,
  content: () => h("p", {}, said.any_of ? "The events that it stands for stay." : "The properties that it is worked out from stay."),
  act: () => forget(said.kind, said.name),
});
