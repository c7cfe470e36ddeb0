// A saved question on a board: tile(question, …) is an element that shows its answer and asks again when told to.

import { failed, latest, page } from "./api.js";
import { applied, asks } from "./board_state.js";
import { rangeText, settled } from "./date_range.js";
import { fill, h, skeleton } from "./dom.js";
import { namesLoaded } from "./lexicon_names.js";
import { ask, parametersOf, savedState } from "./question_state.js";
import { SURFACES } from "./saved.js";

const VIEWS = {
  insights: () => import("./insights_view.js"),
  funnels: () => import("./funnels_view.js"),
  retention: () => import("./retention_view.js"),
  flows: () => import("./flows_view.js"),
  stickiness: () => import("./stickiness_view.js"),
  lifecycle: () => import("./lifecycle_view.js"),
  experiments: () => import("./experiments_view.js"),
  web: () => import("./web_view.js"),
};
const AT_ONCE = 4;

// Only so many questions of a board are asked at one time.
let free = AT_ONCE;
const waiting = [];
async function inTurn(work) {
  if (free) free -= 1;
  else {
    await new Promise((go) => {
      waiting.push(go);
    });
  }
  try {
    return await work();
  } finally {
    if (waiting.length) waiting.shift()();
    else free += 1;
  }
}

// `asked()`: what the board asks of all tiles (board_state.js); `keeps()`: whether an answer stays where the next one fails. `tools`
// is where what changes the board goes. run() gives back whether it was answered.
export function tile(question, { asked, keeps = () => false }) {
  const place = h("div.tile-answer", { "aria-busy": "true" }, skeleton(6));
  place.classList.toggle("low", question.view.view === "number");
  const link = h("a.cut", { title: question.name }, question.name);
  const about = h("p.quiet.small.cut");
  const titled = `tile-${question.id}`;
  const tools = h("div.tile-tools.row");
  const element = h("article.card.tile", { "aria-labelledby": titled },
    h("header.tile-head", {}, h("div.grow", {}, h("h2", { id: titled }, link), about), tools), place);
  let drawn = "";

  const run = latest(async (signal, anew = false) => {
    if (anew) place.setAttribute("aria-busy", "true");
    try {
      const { view } = await VIEWS[question.surface]();
      const own = savedState(view, question);
      const state = asks(asked()) ? applied(view, own, asked()) : own;
      await Promise.all([settled(state.range), namesLoaded()]);
      link.href = page(question.surface, { saved: question.id, ...(asks(asked()) ? parametersOf(view, state) : {}) });
      about.textContent = `${SURFACES[question.surface]} · ${rangeText(state.range)}`;
      const found = await inTurn(() => ask(view, state, { signal }));
      show(found, () => view.draw(place, found));
      return true;
    } catch (error) {
      if (error.name === "AbortError") throw error;
      if (!drawn || !keeps()) show(String(error), () => fill(place, failed(error, () => run(true))));
      return false;
    }
  });

  // What is the same stays as it is, and so does what somebody is in the middle of.
  function show(what, draw) {
    const now = JSON.stringify(what);
    const busy = place.hasAttribute("aria-busy");
    place.removeAttribute("aria-busy");
    if (now === drawn || (!busy && place.contains(document.activeElement))) return;
    drawn = now;
    const open = place.querySelector("details[open]");
    draw();
    if (open) place.querySelector("details")?.setAttribute("open", "");
  }

  return Object.assign(element, { called: question.name, question, tools, run });
}
