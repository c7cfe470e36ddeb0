// The tiles of a board: boardTiles(place, { asked, keeps, save, focus }). Either all have a place in the grid (grid.js), or they
// stand in order, two in a row or one, each as high as it needs; who arranges them gives all a place.

import { mayEdit } from "./api.js";
import { arranging, placeText } from "./arranging.js";
import { dialog } from "./dialog.js";
import { byId, clone, fill, h } from "./dom.js";
import { COLUMNS, inReadingOrder, isPlaced, LEAST, placesInOrder, put, roomFor, stepped, TALLEST } from "./grid.js";
import { askMarkup, textTile } from "./text_tile.js";
import { tile } from "./tile.js";

const CELL = { height: 40, gap: 16 }; // as style.css has them
const NUMBERS = { x: "Column", y: "Row", width: "Width", height: "Height" };

// `save(tiles)` keeps them; `focus()` is told where no tile is left that could have the focus.
export function boardTiles(place, { asked, keeps, save, focus }) {
  const elements = new Map(); // by the keys of tiles
  let tiles = [];
  let editing = false;
  let before = null; // the tiles without places, until something is arranged
  const say = (text) => (byId("said").textContent = text);
  const arrange = arranging(place, { tiles: () => tiles, show: lay, change: (now, element) => change(now, element, ".handle"), say });

  function show(list, questions) {
    tiles = keyed(list);
    before = null;
    const known = new Map(questions.map((one) => [one.id, one]));
    for (const one of tiles) {
      const question = known.get(one.question_id);
      const there = elements.get(one.key);
      if (there && JSON.stringify(there.question) === JSON.stringify(question)) continue;
      const element = question ? tile(question, { asked, keeps }) : textTile(one.text);
      elements.set(one.key, element);
      Object.assign(element, { key: one.key, index: () => tiles.findIndex(({ key }) => key === one.key) });
      if (mayEdit) furnish(element);
    }
    draw();
  }

  // Each tile at its place, moved there only if it is elsewhere: what moves loses the focus.
  function draw() {
    const wanted = tiles.map((one) => elements.get(one.key));
    byId("edit").hidden = !mayEdit || !wanted.length;
    if (!wanted.length) {
      place.classList.remove("placed");
      return fill(place, clone("nothing"));
    }
    [...place.children].filter((one) => !wanted.includes(one)).forEach((one) => one.remove());
    wanted.forEach((element, index) => place.children[index] !== element && place.insertBefore(element, place.children[index] ?? null));
    if (editing && !isPlaced(tiles)) {
      before = tiles;
      tiles = placesInOrder(tiles, wanted.map((one) => Math.ceil((one.offsetHeight + CELL.gap) / (CELL.height + CELL.gap))));
    }
    place.classList.toggle("placed", isPlaced(tiles));
    lay(tiles);
    wanted.forEach((one) => one.querySelector(".tile-answer")?.dispatchEvent(new Event("arranged")));
    place.removeAttribute("aria-busy");
    if (editing) wanted.forEach((element, index) => ["up", "down"].forEach((way) => (element.querySelector(`.${way}`).disabled = !stepped(tiles, index, { y: way === "up" ? -1 : 1 }))));
  }

  function lay(list) {
    list.forEach((one, index) => {
      const { classList, style } = elements.get(tiles[index].key);
      classList.toggle("full", one.width === "full" || one.width > COLUMNS / 2);
      for (const name of Object.keys(NUMBERS)) style.setProperty(`--${name}`, ["x", "y"].includes(name) ? one[name] + 1 : one[name]);
    });
  }

  // At once on the page; the focus stays where it is, or goes to `selector` of the element.
  function change(now, element = null, selector = "") {
    tiles = keyed(isPlaced(now) ? inReadingOrder(now) : now);
    before = null;
    draw();
    const there = element?.querySelector(selector);
    if (there) (there.disabled ? element.querySelector(".handle") : there).focus();
    save(tiles.map(plain));
  }

  function furnish(element) {
    const button = (kind, text, label, act) => h(`button.button.small${kind}`, { type: "button", "aria-label": label, onclick: act }, text);
    const { called } = element;
    fill(element.tools,
      arrange.handleOf(element),
      button(".up", "↑", `Move ${called} up`, () => stepTo(element, -1, ".up")),
      button(".down", "↓", `Move ${called} down`, () => stepTo(element, 1, ".down")),
      button(".place", "Place", `Place of ${called}`, () => askPlace(element)),
      element.text !== undefined && button("", "Edit", `Edit ${called}`, () => editText(element)),
      button("", "Remove", `Remove ${called} from this board`, () => remove(element)));
    element.append(arrange.cornerOf(element));
  }

  function stepTo(element, y, selector) {
    const index = element.index();
    const now = stepped(tiles, index, { y });
    if (!now) return;
    say(`${element.called}: ${placeText(now[index])}.`);
    change(now, element, selector);
  }

  function askPlace(element) {
    const index = element.index();
    const now = tiles[index];
    const most = { x: COLUMNS - LEAST + 1, y: 1000, width: COLUMNS, height: TALLEST };
    const fields = Object.entries(NUMBERS).map(([name, text]) => {
      const isFrom = ["x", "y"].includes(name);
      const input = h("input.count", { type: "number", required: true, min: isFrom ? 1 : LEAST, max: most[name], value: isFrom ? now[name] + 1 : now[name] });
      return { name, text, input, cells: () => Number(input.value) - (isFrom ? 1 : 0) };
    });
    return dialog({
      title: `Place of ${element.called}`, answer: "Put it there",
      content: () => [h("p.quiet", {}, `A board has ${COLUMNS} columns. What is in the way goes down.`), h("div.row", {}, fields.map(({ text, input }) => h("label", {}, text, input)))],
      act: () => change(put(tiles, index, Object.fromEntries(fields.map(({ name, cells }) => [name, cells()]))), element, ".place"),
    });
  }

  const editText = (element) => askMarkup({ title: "Edit the text", answer: "Change it", value: element.text, act: (text) => {
    const index = element.index();
    elements.delete(element.key);
    const now = tiles.with(index, { ...tiles[index], text });
    show(now, [...elements.values()].map((one) => one.question).filter(Boolean));
    save(now.map(plain));
  } });

  function remove(element) {
    const index = element.index();
    change(tiles.toSpliced(index, 1));
    const next = tiles[Math.min(index, tiles.length - 1)];
    if (next) elements.get(next.key).querySelector(".handle").focus();
    else focus();
  }

  // The tiles with more of them, where there is room; of a board in order at its end.
  function withMore(more) {
    const now = tiles.map(plain);
    for (const { size, ...one } of more) now.push(isPlaced(tiles) ? { ...one, ...roomFor(now, size) } : one);
    return now;
  }

  function setEditing(on) {
    editing = on;
    // Who arranged nothing sees it as it was.
    if (!on && before) tiles = before;
    before = null;
    byId("edit").setAttribute("aria-pressed", String(on));
    byId("arrange-hint").hidden = !on;
    place.classList.toggle("editing", on);
    draw();
  }

  return { show, setEditing, withMore, isEditing: () => editing, tiles: () => tiles, elements: () => tiles.map((one) => elements.get(one.key)) };
}

// As the query API takes them
const plain = ({ question_id, text, x, y, width, height }) => ({ question_id, text, x, y, width, height });

// Texts are known by what they say, and by how many say the same before.
function keyed(tiles) {
  const seen = new Map();
  return tiles.map((one) => {
    const key = one.question_id ?? `text ${one.text}`;
    seen.set(key, (seen.get(key) ?? 0) + 1);
    return { ...one, key: `${key} ${seen.get(key)}` };
  });
}
