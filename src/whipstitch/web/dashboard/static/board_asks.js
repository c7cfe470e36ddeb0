// What a board asks of all its questions, above the tiles: boardAsks({ id, onchange, keep }). It is in the address, and kept with the board
// by keep(body).

import { mayEdit, page, reason } from "./api.js";
import { say } from "./app.js";
import { asks, bodyOf, isSame, keptOf, parametersOf, stateOf, textsOf } from "./board_state.js";
import { breakdownField } from "./breakdown_field.js";
import { byId, fill, h } from "./dom.js";
import { filterEditor } from "./filter_editor.js";
import { rangeField } from "./range_field.js";

const NOTHING = keptOf({});

export function boardAsks({ id, onchange, keep }) {
  let kept = NOTHING;
  let state = stateOf(location.search, kept);

  // As the board has it by now.
  function read(board) {
    const was = state;
    kept = keptOf(board);
    state = stateOf(location.search, kept);
    if (!isSame(was, state) || !byId("range").childElementCount) draw();
    else told();
  }

  function change(patch, redraw = false) {
    state = { ...state, ...patch };
    const now = page("board", { id, ...parametersOf(state, kept) });
    if (now !== location.pathname + location.search) history.pushState(null, "", now);
    if (redraw) draw();
    else told();
    onchange();
  }

  function draw() {
    fill(byId("range"), rangeField({ value: state.range, none: "Each its own range", onchange: (range) => change({ range }) }));
    fill(byId("narrowing"), h("div", {}, h("h2", {}, "Filters"), filterEditor({ filters: state.filters, onchange: (filters) => change({ filters }) })),
      h("div", {}, h("h2", {}, "Breakdown"), breakdownField(state, change, () => [], "Break all down by")));
    told();
  }

  let turn = 0;
  async function told() {
    const changed = !isSame(state, kept);
    const count = state.filters.length + (state.breakdown ? 1 : 0);
    byId("narrow").querySelector("summary").textContent = `Filters and breakdown${count ? ` (${count})` : ""}`;
    fill(byId("keep"), changed && [h("span.tag.warn", {}, "Changed"),
      mayEdit && h("button.button.small", { type: "button", onclick: keepIt }, "Keep for this board"),
      h("button.button.small", { type: "button", onclick: () => change(kept, true) }, "Discard")]);
    const mine = ++turn;
    const texts = asks(state) ? await textsOf(state) : [];
    if (mine !== turn) return;
    byId("asked").hidden = !texts.length;
    byId("asked").textContent = texts.join(" · ");
  }

  async function keepIt() {
    try {
      await keep(bodyOf(state));
      kept = keptOf(state);
      history.replaceState(null, "", page("board", { id }));
      told();
      byId("narrow").querySelector("summary").focus();
      say("Kept. Everybody sees the board so.");
    } catch (error) {
      say(reason(error));
    }
  }

  addEventListener("popstate", () => {
    state = stateOf(location.search, kept);
    draw();
    onchange();
  });
  return { read, state: () => state };
}
