// A page that asks a question of the query API (template question.html): questionPage(view, { editor, controls, start }).
// A view is static/SURFACE_view.js; question_state.js says what it has.

import { failed, latest, withParameters } from "./api.js";
import { csv, download, png } from "./chart_export.js";
import { byId, clone, fill, h } from "./dom.js";
import { settled } from "./date_range.js";
import { eventNames } from "./lexicon_source.js";
import { namesLoaded } from "./lexicon_names.js";
import { rangeField } from "./range_field.js";
import { ask, stateOf } from "./question_state.js";
import { encode } from "./rison.js";
import { saving } from "./saving.js";

// `editor(state, change, current)`: what is asked about; `controls(state, change)`: what stands beside the range; both give
// elements. current() is the state as it is by then: options that depend on it must ask.
// change(patch) asks anew and leaves the editor as it is, with what is half filled in; change(patch, true) draws it anew, and
// what has the same data-key as what had the focus has it again. `start()`: a patch for an address that says nothing, if the project has events.
export function questionPage(view, { editor, controls = () => [], start = async () => ({}) }) {
  const place = { editor: byId("editor"), controls: byId("controls"), answer: byId("answer"), csv: byId("csv"), png: byId("png"), said: byId("said") };
  let state = stateOf(view, location.search);
  let numbers = null;
  let answered = { key: "" };
  let drawn = "";
  const saved = saving(view, { current: () => state, moved });

  function change(patch, redraw = false) {
    const was = address();
    state = { ...state, ...patch };
    if (address() !== was) history.pushState(null, "", address());
    if (redraw) drawEditor();
    drawControls();
    run();
  }

  const address = () => withParameters(location.pathname, saved.parameters(state));

  const drawEditor = () => refocused(place.editor, () => fill(place.editor, editor(state, change, () => state)));

  function drawControls() {
    const compared = !view.unequalled && !view.compares && h("button.button", { type: "button", "data-key": "compare", "aria-pressed": String(state.compare), onclick: () => change({ compare: !state.compare }) }, "Compare");
    if (compared) compared.title = "With the period before";
    const range = rangeField({ value: state.range, onchange: (chosen) => change({ range: chosen }) });
    range.querySelectorAll("select, input, button").forEach((one, index) => (one.dataset.key = `range-${index}`));
    // What stays as it is also stays there: a click on it may be what ended the typing that asks anew.
    const fresh = h("div", {}, range, compared, controls(state, change));
    const now = new XMLSerializer().serializeToString(fresh);
    if (now === drawn) return;
    drawn = now;
    refocused(place.controls, () => fill(place.controls, ...fresh.childNodes));
  }

  const run = latest(async (signal) => {
    const body = view.query(state);
    saved.show(Boolean(body));
    place.csv.disabled = place.png.disabled = true;
    if (empty) return show(clone("nothing"));
    if (!body) return show(h("p.empty", {}, view.missing(state)));
    // Shown in another way, an answer is still the same.
    const key = encode([body, state.range, state.compare]);
    if (key !== answered.key) {
      place.answer.setAttribute("aria-busy", "true");
      place.said.textContent = "";
      try {
        answered = { key, found: await ask(view, state, { signal }) };
      } catch (error) {
        if (error.name === "AbortError") throw error;
        return show(failed(error, run));
      }
    }
    place.answer.removeAttribute("aria-busy");
    numbers = view.draw(place.answer, { ...answered.found, state }) ?? null;
    state = { ...state, ...numbers?.kept };
    place.said.textContent = numbers ? "The answer is shown." : place.answer.textContent;
    place.csv.disabled = !numbers;
    place.png.disabled = !place.answer.querySelector(".chart svg");
  });

  // Another question is saved than the address says; `other` is the state to show then.
  function moved(other = null) {
    if (other) state = other;
    const now = address();
    if (now !== location.pathname + location.search) history.pushState(null, "", now);
    if (other) all();
  }

  const show = (what) => {
    numbers = null;
    fill(place.answer, what);
    place.said.textContent = place.answer.querySelector("[role=alert]") ? "" : place.answer.textContent;
  };

  const fileName = (ending) => `${view.surface} ${state.range.replace(/\.\.$/, " on").replace("..", " to ").replaceAll(":", ".")}.${ending}`;
  place.csv.addEventListener("click", () => download(fileName("csv"), "text/csv;charset=utf-8", `\ufeff${csv(numbers.labels, numbers.series, numbers.corner)}\r\n`));
  place.png.addEventListener("click", () => png(place.answer.querySelector(".chart:has(svg)"), fileName("png")));
  place.editor.addEventListener("submit", (event) => event.preventDefault());

  const all = () => {
    drawEditor();
    drawControls();
    run();
  };

  let turn = 0;
  let empty = false;

  // A question is asked at once; only one that the address leaves open waits for the names of events.
  async function begin() {
    const mine = ++turn;
    place.answer.setAttribute("aria-busy", "true");
    try {
      const [read, known] = await Promise.all([saved.read(location.search), location.search ? null : eventNames(), namesLoaded()]);
      if (mine !== turn) return;
      state = known?.length ? { ...read, ...(await start()) } : read;
      empty ||= known?.length === 0;
      await settled(state.range);
    } catch (error) {
      return show(failed(error, begin));
    }
    all();
    if (!location.search) return;
    empty = (await eventNames().catch(() => null))?.length === 0;
    if (empty) run();
  }
  addEventListener("popstate", begin);
  begin();
}

function refocused(element, draw) {
  const key = element.contains(document.activeElement) && document.activeElement.closest("[data-key]")?.dataset.key;
  draw();
  if (!key) return;
  const again = element.querySelector(`[data-key="${CSS.escape(key)}"]`);
  (again?.matches("input, select, button, a") ? again : again?.querySelector("input, select, button"))?.focus();
}
