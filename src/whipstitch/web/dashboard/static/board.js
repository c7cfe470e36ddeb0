// A board: saved questions with their answers, asked again every minute.

import { ApiError, del, failed, get, mayEdit, page, patch, reason } from "./api.js";
import { askText, question as sure, say } from "./app.js";
import { dialog } from "./dialog.js";
import { byId, clone, fill, h } from "./dom.js";
import { timeOfDay } from "./format.js";
import { rangeField } from "./range_field.js";
import { SURFACES } from "./saved.js";
import { tile } from "./tile.js";

const EVERY_MS = 60_000;
const id = new URLSearchParams(location.search).get("id") ?? "";
const path = `boards/${encodeURIComponent(id)}`;
const place = byId("tiles");
const status = byId("state");
const editButton = byId("edit");
const tiles = new Map(); // elements by question
let board = null;
let shown = "";
let edits = 0;
let answered = Date.now();

const range = () => new URLSearchParams(location.search).get("range") ?? "";

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
  if (board && !gone) return (status.textContent = `Not asked again since ${timeOfDay(answered)}: ${reason(error)}`);
  board = null;
  ["bar", "add", "edit", "more"].forEach((one) => (byId(one).hidden = true));
  return fill(place, gone ? h("p.empty", {}, "There is no such board in this environment. ", h("a", { href: page("boards") }, "All boards")) : failed(error, load));
}

function show({ board: now, questions }) {
  board = now;
  document.querySelector("main h1").textContent = board.name;
  document.title = `${board.name} · Whipstitch`;
  byId("bar").hidden = false;
  byId("add").hidden = byId("more").hidden = !mayEdit;
  const same = JSON.stringify([board.tiles, questions]);
  if (same === shown) return;
  shown = same;
  for (const one of questions) {
    const there = tiles.get(one.id);
    if (!there || JSON.stringify(there.question) !== JSON.stringify(one)) tiles.set(one.id, tile(one, { range, tools: tools(one) }));
  }
  arrange();
}

// Each tile at its place, moved there only if it is elsewhere: what moves loses the focus.
function arrange() {
  const wanted = board.tiles.map((one) => tiles.get(one.question_id));
  byId("edit").hidden = !mayEdit || !wanted.length;
  if (!wanted.length) return fill(place, clone("nothing"));
  [...place.children].filter((one) => !wanted.includes(one)).forEach((one) => one.remove());
  wanted.forEach((element, index) => {
    const { width } = board.tiles[index];
    if (place.children[index] !== element) place.insertBefore(element, place.children[index] ?? null);
    element.classList.toggle("full", width === "full");
    const [earlier, later, size] = element.querySelectorAll(".tile-tools button");
    if (!size) return;
    earlier.disabled = index === 0;
    later.disabled = index === wanted.length - 1;
    size.textContent = width === "full" ? "Half" : "Full";
    size.setAttribute("aria-label", `Show ${element.question.name} in ${width === "full" ? "half" : "full"} width`);
  });
  place.removeAttribute("aria-busy");
}

async function refresh(anew = false) {
  const there = [...place.querySelectorAll(".tile")];
  await Promise.all(there.map((one) => one.run(anew)));
  answered = Date.now();
  status.textContent = there.length ? `As of ${timeOfDay(answered)}` : "";
}

// Changes

function tools(one) {
  if (!mayEdit) return [];
  const button = (text, label, change) => h("button.button.small", { type: "button", "aria-label": label, onclick: (event) => edit(change, event.currentTarget) }, text);
  const at = (list) => list.findIndex((other) => other.question_id === one.id);
  const move = (by) => (list) => list.splice(at(list) + by, 0, ...list.splice(at(list), 1));
  return [
    button("↑", `Move ${one.name} up`, move(-1)),
    button("↓", `Move ${one.name} down`, move(1)),
    button("Full", "", (list) => (list[at(list)].width = list[at(list)].width === "full" ? "half" : "full")),
    button("Remove", `Remove ${one.name} from this board`, (list) => list.splice(at(list), 1)),
  ];
}

let saving = Promise.resolve();

// At once on the page; what the server refuses is undone.
function edit(change, button) {
  const now = board.tiles.map((one) => ({ ...one }));
  change(now);
  board = { ...board, tiles: now };
  shown = "";
  edits += 1;
  arrange();
  const there = button.isConnected ? (button.disabled ? button.parentElement.querySelector("button:not(:disabled)") : button) : byId(now.length ? "edit" : "add");
  there.focus();
  saving = saving.then(async () => {
    try {
      await patch(path, { tiles: now });
    } catch (error) {
      say(reason(error));
      await load();
    }
  });
}

function setEditing(on) {
  editButton.setAttribute("aria-pressed", String(on));
  place.classList.toggle("editing", on);
}

async function add() {
  const { questions } = await get("questions");
  const rest = questions.filter((one) => !board.tiles.some((other) => other.question_id === one.id)).sort((one, other) => one.name.localeCompare(other.name));
  if (!rest.length) return say(questions.length ? "All saved questions are on this board. " : "Nothing is saved yet: ask something, and save it there. ", h("a", { href: page("insights") }, "Insights"));
  const boxes = rest.map((one) => ({ one, box: h("input", { type: "checkbox" }) }));
  const done = await dialog({
    title: "Add questions", answer: "Add",
    content: () => h("fieldset.choices", {}, h("legend", {}, "Saved questions"), boxes.map(({ one, box }) => h("label.choice", {}, box, h("span.cut", {}, one.name), h("span.quiet.small", {}, SURFACES[one.surface])))),
    act: () => patch(path, { tiles: [...board.tiles, ...boxes.filter(({ box }) => box.checked).map(({ one }) => ({ question_id: one.id }))] }),
  });
  return done && load();
}

const entry = (button, work) => byId(button).addEventListener("click", async () => {
  const menu = document.querySelector("#more[open]");
  menu?.removeAttribute("open");
  menu?.querySelector("summary").focus();
  try {
    await work();
  } catch (error) {
    say(reason(error));
  }
});

editButton.addEventListener("click", () => setEditing(editButton.getAttribute("aria-pressed") !== "true"));
entry("add", add);
entry("rename", async () => {
  const name = await askText({ title: "Rename this board", label: "Name", value: board.name, answer: "Rename", act: (typed) => patch(path, { name: typed }) });
  if (name) await load();
});
entry("delete", async () => {
  const done = await sure({ title: `Delete “${board.name}”?`, text: "Its questions stay saved.", answer: "Delete", act: () => del(path) });
  if (done) location.assign(page("boards"));
});

// Its range and its clock

function drawRange() {
  fill(byId("range"), rangeField({ value: range(), none: "Each its own range", onchange: (chosen) => {
    history.pushState(null, "", page("board", { id, range: chosen }));
    refresh(true);
  } }));
}
addEventListener("popstate", () => {
  drawRange();
  refresh(true);
});

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

drawRange();
load();
