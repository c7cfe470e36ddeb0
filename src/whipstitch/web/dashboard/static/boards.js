// Boards, and all saved questions.

import { del, failed, get, mayEdit, page, patch, post } from "./api.js";
import { askText, question as sure } from "./app.js";
import { byId, clone, fill, h } from "./dom.js";
import { ago, moment, plural } from "./format.js";
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
      h("p.quiet.small", {}, one.tiles.length ? plural(one.tiles.length, "question") : "Empty", " · changed ", changed(one)),
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
  let made = null;
  await askText({ title: "New board", label: "Name", answer: "Make it", act: async (name) => (made = (await post("boards", { name })).board) });
  if (made) location.assign(page("board", { id: made.id }));
}

find.addEventListener("submit", (event) => event.preventDefault());
find.elements.text.addEventListener("input", showQuestions);
byId("new").hidden = !mayEdit;
byId("new").addEventListener("click", makeBoard);
load();
