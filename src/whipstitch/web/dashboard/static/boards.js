// Boards, and all saved questions.

import { ApiError, del, failed, get, mayEdit, page, patch, post } from "./api.js";
import { askText, question as sure } from "./app.js";
import { guessed, madeOf, TEMPLATES } from "./board_templates.js";
import { combobox } from "./combobox.js";
import { dialog } from "./dialog.js";
import { byId, clone, fill, h } from "./dom.js";
import { ago, moment, plural } from "./format.js";
import { eventOptions } from "./lexicon_source.js";
import { deleteSaved, nameAndBoards, savedLink, SURFACES } from "./saved.js";

const boardList = byId("boards");
const questionList = byId("questions");
const find = byId("find");
const FEW = 10;
let boards = [];
let questions = [];

async function load() {
  try {
    const found = await Promise.all([get("boards"), get("questions")]);
    [boards, questions] = [found[0].boards.sort(byName), found[1].questions.sort(byName)];
  } catch (error) {
    fill(questionList);
    return fill(boardList, failed(error, load));
  }
  showBoards();
  showQuestions();
}

const byName = (one, other) => one.name.localeCompare(other.name);
const changed = (one) => h("span.quiet", { title: `${moment(one.changed_at)}, ${one.changed_by}` }, ago(one.changed_at));

function showBoards() {
  if (!boards.length) return fill(boardList, clone("no-board"));
  return fill(boardList, h("ul.board-cards", {}, boards.map((one) =>
    h("li.card.board-card", {},
      h("h3", {}, h("a.cut", { href: page("board", { id: one.id }), title: one.name }, one.name)),
      h("p.quiet.small", {}, one.tiles.length ? plural(one.tiles.length, "tile") : "Empty", " · changed ", changed(one)),
      mayEdit && h("div.row", {}, small("Rename", `Rename ${one.name}`, () => renameBoard(one)), small("Delete", `Delete ${one.name}`, () => deleteBoard(one)))))));
}

function showQuestions() {
  find.hidden = questions.length < FEW;
  if (!questions.length) return fill(questionList, clone("no-question"));
  const wanted = find.elements.text.value.trim().toLowerCase();
  const shown = questions.filter((one) => one.name.toLowerCase().includes(wanted));
  if (!shown.length) return fill(questionList, h("p.empty", {}, "No saved question is called so."));
  const head = ["Question", "Kind", "Boards", "Changed"];
  return fill(questionList, h("div.scroll", { tabindex: "0", role: "region", "aria-label": "Saved questions" }, h("table.table", {},
    h("thead", {}, h("tr", {}, head.map((text) => h("th", { scope: "col" }, text)), mayEdit && h("th", { scope: "col" }, h("span.sr", {}, "Actions")))),
    h("tbody", {}, shown.map(row)))));
}

function row(one) {
  const on = boards.filter((board) => one.boards.includes(board.id));
  return h("tr", {},
    h("td", {}, h("a.cut", { href: savedLink(one), title: one.name }, one.name)),
    h("td", {}, SURFACES[one.surface]),
    h("td", {}, on.length ? on.map((board, index) => [index > 0 && ", ", h("a.wrap", { href: page("board", { id: board.id }) }, board.name)]) : h("span.quiet", {}, "—")),
    h("td", {}, changed(one)),
    mayEdit && h("td.end", {}, h("div.row", {},
      small("Name and boards", `Name and boards of ${one.name}`, async () => (await nameAndBoards(one)) && load()),
      small("Delete", `Delete ${one.name}`, async () => (await deleteSaved(one)) && load()))));
}

const small = (text, label, onclick) => h("button.button.small", { type: "button", "aria-label": label, onclick }, text);

async function renameBoard(board) {
  const name = await askText({ title: "Rename this board", label: "Name", value: board.name, answer: "Rename", act: (typed) => patch(`boards/${board.id}`, { name: typed }) });
  if (name) load();
}

async function deleteBoard(board) {
  const done = await sure({ title: `Delete “${board.name}”?`, text: "Its questions stay saved.", answer: "Delete", act: () => del(`boards/${board.id}`) });
  if (done) load();
}

async function makeBoard() {
  const guesses = Object.fromEntries(await Promise.all(Object.entries(TEMPLATES).map(async ([key, one]) => [key, await guessed(one).catch(() => ({}))])));
  const name = h("input", { required: true, maxlength: 200, autocomplete: "off" });
  const chosen = {};
  const place = h("div.stack");
  const about = h("p.quiet.small");
  const template = h("select", { onchange: show }, h("option", { value: "" }, "Empty"), Object.entries(TEMPLATES).map(([key, one]) => h("option", { value: key }, one.name)));
  function show() {
    const one = TEMPLATES[template.value];
    const guess = guesses[template.value] ?? {};
    if (!name.value || Object.values(TEMPLATES).some((other) => other.name === name.value)) name.value = one?.name ?? "";
    about.textContent = one ? `${one.about}. Its questions are saved, and are yours to change.` : "";
    fill(place, Object.entries(one?.events ?? {}).map(([key, { label }]) => {
      chosen[key] = guess[key] ?? "";
      return combobox({ label, visible: true, value: chosen[key], placeholder: "event", eager: true, options: eventOptions(), onchange: (event) => (chosen[key] = event) });
    }));
  }
  let made = null;
  const done = await dialog({
    title: "New board", answer: "Make it", content: () => [h("label", {}, "Begin with", template), about, place, h("label", {}, "Name", name)],
    act: async () => {
      const one = TEMPLATES[template.value];
      if (!one) return (made = (await post("boards", { name: name.value.trim() })).board);
      const events = Object.fromEntries(Object.keys(one.events).map((key) => [key, chosen[key]]));
      if (Object.values(events).includes("")) throw new ApiError("Choose the events that the board is about.", 0);
      return (made = await madeOf(one, events, name.value.trim()));
    },
  });
  if (done) location.assign(page("board", { id: made.id }));
}

find.addEventListener("submit", (event) => event.preventDefault());
find.elements.text.addEventListener("input", showQuestions);
byId("new").hidden = !mayEdit;
byId("new").addEventListener("click", makeBoard);
load();
