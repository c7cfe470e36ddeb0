// What can be done with saved questions, in dialogs: saveNew(asked), nameAndBoards(question), deleteSaved(question).

import { del, get, page, patch, post } from "./api.js";
import { question as sure, say } from "./app.js";
import { dialog } from "./dialog.js";
import { h } from "./dom.js";
import { plural } from "./format.js";

export const SURFACES = { insights: "Insights", funnels: "Funnels", retention: "Retention", flows: "Flows", stickiness: "Stickiness", lifecycle: "Lifecycle", experiments: "Experiments", web: "Web" };

// The page that asks it
export const savedLink = (question) => page(question.surface, { saved: question.id });

// Saves what questionOf() says; the question, null where nobody wanted it after all.
export async function saveNew(asked, name = "") {
  const boards = await boardChoice();
  const field = nameField(name);
  let made = null;
  await dialog({
    title: "Save this question", answer: "Save", content: () => [field, boards.element],
    act: async () => {
      made ??= (await post("questions", { ...asked, name: field.text() })).question;
      await boards.apply(made.id);
    },
  });
  return made;
}

// The question with another name, on other boards; null where nothing was changed.
export async function nameAndBoards(question) {
  const boards = await boardChoice(question.boards);
  const field = nameField(question.name);
  const done = await dialog({
    title: "Name and boards", answer: "Save", content: () => [field, boards.element],
    act: async () => {
      if (field.text() !== question.name) await patch(`questions/${question.id}`, { name: field.text() });
      await boards.apply(question.id);
    },
  });
  return done ? (await get(`questions/${question.id}`)).question : null;
}

// Whether it is gone.
export async function deleteSaved(question) {
  const { length } = question.boards;
  let names = [];
  const text = length ? `It is on ${plural(length, "board")} and is taken off ${length === 1 ? "it" : "them"}.` : "It is on no board.";
  const done = await sure({ title: `Delete “${question.name}”?`, text, answer: "Delete", act: async () => (names = (await del(`questions/${question.id}`)).boards) });
  if (done) say(`Deleted “${question.name}”${names.length ? ` and took it off ${names.join(", ")}` : ""}.`);
  return done;
}

function nameField(value) {
  const input = h("input", { value, required: true, maxlength: 200, autocomplete: "off", onfocus: () => input.select() });
  const label = h("label", {}, "Name", input);
  label.text = () => input.value.trim();
  return label;
}

// Boards to pin a question to; those in `pinned` have it already. apply(id) pins it to what was chosen, and takes it off the others.
async function boardChoice(pinned = []) {
  const { boards } = await get("boards");
  const boxes = boards.map((board) => ({ board, box: h("input", { type: "checkbox", checked: pinned.includes(board.id) }) }));
  const fresh = h("input", { maxlength: 200, autocomplete: "off", placeholder: boards.length ? "a new board" : "the name of a first board" });
  const held = new Set(pinned);
  return {
    element: h("fieldset.choices", {}, h("legend", {}, "Pin to boards"),
      boxes.map(({ board, box }) => h("label.choice", {}, box, h("span.cut", {}, board.name))),
      h("label", {}, h("span.sr", {}, "Pin to a new board"), fresh)),
    async apply(id) {
      for (const { board, box } of boxes) {
        if (box.checked === held.has(board.id)) continue;
        if (box.checked) await post(`boards/${board.id}/tiles`, { question_id: id });
        else await del(`boards/${board.id}/tiles/${id}`);
        if (box.checked) held.add(board.id);
        else held.delete(board.id);
      }
      if (fresh.value.trim()) await post("boards", { name: fresh.value.trim(), tiles: [{ question_id: id }] });
    },
  };
}
