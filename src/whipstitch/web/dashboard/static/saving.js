// What a question page shows of saved questions: the name of the one that it shows, and buttons that save, change and delete.

import { ApiError, get, mayEdit, patch, reason } from "./api.js";
import { say } from "./app.js";
import { byId, fill, h } from "./dom.js";
import { parametersOf, questionOf, sameState, savedState, stateOf } from "./question_state.js";
import { deleteSaved, nameAndBoards, saveNew } from "./saved.js";

// `current()` is the page's state; `moved()` is told when the address is another one, because of what was saved or deleted.
export function saving(view, { current, moved }) {
  const place = byId("save");
  const heading = document.querySelector("main h1");
  const surface = heading.textContent;
  const title = document.title;
  let kept = null;
  let drawn = "";

  // The state that an address says. It may name a saved question, and then needs to say only what is otherwise.
  async function read(search) {
    const parameters = new URLSearchParams(search);
    const id = parameters.get("saved");
    if (id !== (kept?.id ?? null)) use(id && (await find(id)));
    const bare = kept && [...parameters.keys()].every((name) => name === "saved");
    return bare ? savedState(view, kept) : stateOf(view, search);
  }

  async function find(id) {
    try {
      const { question } = await get(`questions/${encodeURIComponent(id)}`);
      if (question.surface === view.surface) return question;
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404) throw error;
    }
    say("The saved question that the address names is not there any more.");
    return null;
  }

  const isChanged = () => kept && !sameState(view, current(), savedState(view, kept));

  const parameters = (state) => ({ saved: kept?.id, ...(kept && !isChanged() ? {} : parametersOf(view, state)) });

  function use(question) {
    kept = question;
    heading.textContent = kept?.name ?? surface;
    document.title = kept ? `${kept.name} · ${title}` : title;
  }

  // Draws the buttons; `asked`: whether the question is whole.
  function show(asked) {
    const changed = isChanged();
    const now = JSON.stringify([kept, changed, asked]);
    if (now === drawn) return;
    drawn = now;
    const focused = place.contains(document.activeElement);
    fill(place, changed && h("span.tag.warn", {}, "Changed"), mayEdit && (kept ? buttons(changed, asked) : h("button.button.primary", { type: "button", disabled: !asked, onclick: saveAsNew }, "Save")));
    if (focused) place.querySelector("button:not(:disabled), summary")?.focus();
  }

  function buttons(changed, asked) {
    const entry = (text, act, disabled = false) => h("li", {}, h("button.plain", { type: "button", disabled, onclick: () => {
      const menu = place.querySelector("details");
      menu.removeAttribute("open");
      menu.querySelector("summary").focus();
      act();
    } }, text));
    return [
      h("button.button.primary", { type: "button", disabled: !changed || !asked, onclick: saveChanges }, "Save changes"),
      h("details.menu.end", {}, h("summary.button", { "aria-label": "More about this question" }, "More"), h("ul", {},
        entry("Name and boards", rename), entry("Save as another", saveAsNew, !asked), changed && entry("Discard the changes", discard), entry("Delete", remove))),
    ];
  }

  const told = async (work) => {
    try {
      await work();
    } catch (error) {
      say(reason(error));
    }
  };

  // What is asked now is what is saved, or nothing is.
  function settle(question) {
    use(question);
    moved();
    show(true);
  }

  const saveAsNew = () => told(async () => {
    const made = await saveNew(questionOf(view, current()), kept?.name);
    if (!made) return;
    settle(made);
    say("Saved.");
  });

  const saveChanges = () => told(async () => {
    const asked = questionOf(view, current());
    delete asked.surface; // it stays what it is
    settle((await patch(`questions/${kept.id}`, asked)).question);
    say("Saved. Boards show it as it is now.");
  });

  const rename = () => told(async () => {
    const question = await nameAndBoards(kept);
    if (question) settle(question);
  });

  const discard = () => moved(savedState(view, kept));

  const remove = () => told(async () => {
    if (await deleteSaved(kept)) settle(null);
  });

  return { read, parameters, show };
}
