// A board: saved questions with their answers and texts, asked again every minute.

import { ApiError, del, failed, get, mayEdit, page, patch, reason } from "./api.js";
import { askText, question as sure, say } from "./app.js";
import { boardAsks } from "./board_asks.js";
import { boardTiles } from "./board_tiles.js";
import { dialog } from "./dialog.js";
import { byId, fill, h } from "./dom.js";
import { timeOfDay } from "./format.js";
import { SURFACES } from "./saved.js";
import { askMarkup } from "./text_tile.js";
import { isOnWall, wall } from "./wall.js";

const EVERY_MS = 60_000;
const TEXT_SIZE = { width: 12, height: 2 };
const id = new URLSearchParams(location.search).get("id") ?? "";
const path = `boards/${encodeURIComponent(id)}`;
const place = byId("tiles");
const status = byId("state");
const editButton = byId("edit");
const asks = boardAsks({ id, onchange: () => refresh(true), keep: (body) => patch(path, body) });
const tiles = boardTiles(place, { asked: asks.state, keeps: isOnWall, save, focus: () => byId("add").focus() });
let board = null;
let shown = "";
let edits = 0;
let answered = Date.now();
let problem = ""; // why not all was answered the last time
const onWall = wall({ tiles: place, state: () => ({ answered, problem }) });

async function load() {
  const before = edits;
  let found;
  try {
    found = await get(path);
  } catch (error) {
    return missing(error);
  }
  // What was changed meanwhile is not in it.
  if (before === edits) show(found);
  return refresh();
}

function missing(error) {
  const gone = error instanceof ApiError && error.status === 404;
  problem = gone ? "There is no such board any more." : reason(error);
  if (board && (!gone || isOnWall())) return (status.textContent = `Not asked again since ${timeOfDay(answered)}: ${problem}`);
  board = null;
  ["bar", "add", "edit", "more"].forEach((one) => (byId(one).hidden = true));
  return fill(place, gone ? h("p.empty", {}, "There is no such board in this environment. ", h("a", { href: page("boards") }, "All boards")) : failed(error, load));
}

function show({ board: now, questions }) {
  board = now;
  document.querySelector("main h1").textContent = board.name;
  document.title = `${board.name} · Whipstitch`;
  byId("bar").hidden = byId("more").hidden = false;
  for (const one of ["add", "rename", "delete", "add-text"]) byId(one).hidden = !mayEdit;
  asks.read(board);
  const same = JSON.stringify([board.tiles, questions]);
  if (same === shown) return;
  shown = same;
  tiles.show(board.tiles, questions);
}

async function refresh(anew = false) {
  const there = tiles.elements();
  const done = await Promise.all(there.map((one) => one.run(anew)));
  const failing = done.filter((one) => one === false).length;
  problem = failing ? `${failing} of ${done.length} tiles have no answer.` : "";
  // Where somebody asked anew meanwhile, that is what counts.
  if (done.every(Boolean)) answered = Date.now();
  onWall.tick();
  status.textContent = there.length ? `As of ${timeOfDay(answered)}` : "";
}

// Changes

let saving = Promise.resolve();

// What the server refuses is undone.
function save(now) {
  shown = "";
  edits += 1;
  saving = saving.then(async () => {
    try {
      await patch(path, { tiles: now });
    } catch (error) {
      say(reason(error));
      await load();
    }
  });
}

async function add() {
  const { questions } = await get("questions");
  const rest = questions.filter((one) => !tiles.tiles().some((other) => other.question_id === one.id)).sort((one, other) => one.name.localeCompare(other.name));
  if (!rest.length) return say(questions.length ? "All saved questions are on this board. " : "Nothing is saved yet: ask something, and save it there. ", h("a", { href: page("insights") }, "Insights"));
  const boxes = rest.map((one) => ({ one, box: h("input", { type: "checkbox" }) }));
  const done = await dialog({
    title: "Add questions", answer: "Add",
    content: () => h("fieldset.choices", {}, h("legend", {}, "Saved questions"), boxes.map(({ one, box }) => h("label.choice", {}, box, h("span.cut", {}, one.name), h("span.quiet.small", {}, SURFACES[one.surface])))),
    act: () => patch(path, { tiles: tiles.withMore(boxes.filter(({ box }) => box.checked).map(({ one }) => ({ question_id: one.id }))) }),
  });
  return done && load();
}

const entry = (button, work) => byId(button).addEventListener("click", async () => {
  const menu = document.querySelector("#more[open]");
  menu?.removeAttribute("open");
  menu?.querySelector("summary").focus();
  try {
    await saving;
    await work();
  } catch (error) {
    say(reason(error));
  }
});

editButton.addEventListener("click", () => tiles.setEditing(!tiles.isEditing()));
entry("add", add);
entry("add-text", async () => {
  const text = await askMarkup({ title: "Add a text", answer: "Add", act: (written) => patch(path, { tiles: tiles.withMore([{ text: written, size: TEXT_SIZE, ...(tiles.tiles()[0]?.height === undefined ? { width: "full" } : {}) }]) }) });
  if (text) await load();
});
entry("to-wall", () => onWall.set(true));
entry("print", () => print());
entry("rename", async () => {
  const name = await askText({ title: "Rename this board", label: "Name", value: board.name, answer: "Rename", act: (typed) => patch(path, { name: typed }) });
  if (name) await load();
});
entry("delete", async () => {
  const done = await sure({ title: `Delete “${board.name}”?`, text: "Its questions stay saved.", answer: "Delete", act: () => del(path) });
  if (done) location.assign(page("boards"));
});

// Its clock

let asked = Date.now();
let asking = false;
setInterval(async () => {
  if (document.hidden || asking || !board || Date.now() - asked < EVERY_MS) return;
  asking = true;
  try {
    await saving;
    await load();
  } finally {
    asked = Date.now();
    asking = false;
  }
}, 1_000);

load();
