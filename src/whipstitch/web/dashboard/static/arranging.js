// Tiles are moved and sized, with the pointer or by keyboard: arranging(place, { tiles, show, change, say }). `tiles()` are those of
// the board with their places; show(tiles) draws them elsewhere for now, change(tiles, element) for good; say(text) is read out.

import { h } from "./dom.js";
import { put, stepped } from "./grid.js";

const STEPS = { ArrowUp: -1, ArrowDown: 1, ArrowLeft: -1, ArrowRight: 1 };
const EDGE = 60; // of the window, in pixels: a tile that is dragged there scrolls it

// What stands where, in words that people count with.
export const placeText = ({ x, y, width, height }) => `column ${x + 1}, row ${y + 1}, ${width} wide, ${height} high`;

export function arranging(place, { tiles, show, change, say }) {
  const told = (name, now) => say(now ? `${name}: ${placeText(now)}.` : `${name} cannot go further.`);

  function step(element, by) {
    const index = element.index();
    const now = stepped(tiles(), index, by);
    told(element.called, now?.[index]);
    if (now) change(now, element);
  }

  // Whose width and height are these of a cell, with the gap beside it.
  function cell() {
    const { columnGap, rowGap, gridAutoRows } = getComputedStyle(place);
    return { x: (place.clientWidth + parseFloat(columnGap)) / 12, y: parseFloat(gridAutoRows) + parseFloat(rowGap) };
  }

  // `[across, down]`: which of x and y, or of width and height, follow the pointer.
  function drag(event, element, [across, down]) {
    if (event.button !== 0) return;
    event.preventDefault();
    const handle = event.currentTarget;
    const before = tiles();
    const index = element.index();
    const size = cell();
    const start = { x: event.clientX, y: event.clientY + scrollY };
    let now = before;
    handle.setPointerCapture(event.pointerId);
    element.classList.add("dragged");
    // A page that got shorter would scroll, and pull the tile along.
    place.style.setProperty("min-height", `${place.offsetHeight}px`);

    let last = event.clientY;
    const moved = ({ clientX, clientY }) => {
      if (clientY > Math.max(last, innerHeight - EDGE)) scrollBy(0, 16);
      else if (clientY < Math.min(last, EDGE)) scrollBy(0, -16);
      last = clientY;
      const by = { [across]: Math.round((clientX - start.x) / size.x), [down]: Math.round((clientY + scrollY - start.y) / size.y) };
      now = put(before, index, Object.fromEntries(Object.entries(by).map(([name, cells]) => [name, before[index][name] + cells])));
      show(now);
    };
    const ended = (done) => {
      element.classList.remove("dragged");
      place.style.removeProperty("min-height");
      for (const [name, act] of Object.entries(acts)) handle.removeEventListener(name, act);
      if (!done || JSON.stringify(now) === JSON.stringify(before)) return show(before);
      told(element.called, now[index]);
      return change(now, element);
    };
    const acts = { pointermove: moved, pointerup: () => ended(true), pointercancel: () => ended(false), keydown: ({ key }) => key === "Escape" && ended(false) };
    for (const [name, act] of Object.entries(acts)) handle.addEventListener(name, act);
    handle.focus({ preventScroll: true });
  }

  const handleOf = (element) => h("button.handle.button.small", {
    type: "button", "aria-label": `Move or size ${element.called}`, "aria-describedby": "arrange-hint", title: "Drag it, or use the arrows",
    onpointerdown: (event) => drag(event, element, ["x", "y"]),
    onkeydown: (event) => {
      const by = STEPS[event.key];
      if (!by || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      const across = event.key === "ArrowLeft" || event.key === "ArrowRight";
      step(element, event.shiftKey ? { [across ? "width" : "height"]: by } : { [across ? "x" : "y"]: by });
    },
  }, h("span", { "aria-hidden": "true" }, "⠿"));

  // By keyboard the handle does it.
  const cornerOf = (element) => h("span.corner", { "aria-hidden": "true", onpointerdown: (event) => drag(event, element, ["width", "height"]) });

  return { handleOf, cornerOf, step };
}
