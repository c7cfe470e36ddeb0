// Ctrl-K or Cmd-K, or the button in the header: to any page, board, saved question or event by its name, or to the people that a text finds. "?" tells the keys.

import { get, page } from "./api.js";
import { combobox, matching } from "./combobox.js";
import { h } from "./dom.js";
import { eventLabel, eventNamesLike } from "./lexicon_source.js";
import { savedLink, SURFACES } from "./saved.js";

const MOST = 20;

const mac = /mac|iphone|ipad/i.test(navigator.userAgent);
const KEYS = [
  [mac ? "⌘ K" : "Ctrl K", "Go to a page, board, saved question, event, or to people"],
  ["?", "Show these keys"],
  ["↑ ↓ Enter", "Choose from what a field suggests"],
  ["Esc", "Close what is open"],
  ["Tab", "To the next field; the first Tab of a page leads past the navigation"],
];

const pages = () => [...document.querySelectorAll("#nav a")].map((one) => ({ value: one.href, label: one.textContent, also: one.dataset.words?.split("|"), note: "Page" }));
const boards = async () => (await get("boards")).boards.map((one) => ({ value: page("board", { id: one.id }), label: one.name, note: "Board" }));
const questions = async () => (await get("questions")).questions.map((one) => ({ value: savedLink(one), label: one.name, note: SURFACES[one.surface] }));
const events = async (text) => (await eventNamesLike(text)).map(({ name }) => ({ value: page("events", { event_name: name }), label: eventLabel(name), also: [name], note: "Event" }));

// A search among people takes longer than a suggestion may.
const people = (search) => (search ? [{ value: page("people", { search }), label: `People with “${search}”`, note: "Search" }] : []);

function shown(title, ...content) {
  if (document.querySelector("dialog[open]")) return;
  const box = h("dialog.palette", { "aria-label": title, onclose: () => box.remove(), onclick: (event) => event.target === box && box.close() }, content);
  document.body.append(box);
  box.showModal();
}

export const openPalette = () => {
  // What cannot be had now is left out.
  const had = (part) => part.catch(() => []);
  const saved = Promise.all([had(boards()), had(questions())]);
  let offered = [];
  const options = async (text) => {
    const named = [pages(), ...(await saved), await had(events(text))].flat();
    return (offered = [...matching(named, text).slice(0, MOST), ...people(text)]);
  };
  const go = (address) => offered.some((one) => one.value === address) && location.assign(address);
  const field = combobox({ label: "Go to", placeholder: "page, board, question, event, person", options, eager: true, leaves: false, shown: () => "", onchange: go });
  shown("Go to", field);
  field.input.focus();
  field.input.click(); // which opens it
};

const tellKeys = () => shown("Keys", h("h2", {}, "Keys"), h("dl.keys", {}, KEYS.map(([key, does]) => h("div", {}, h("dt", {}, key.split(" ").map((one) => h("kbd", {}, one))), h("dd", {}, does)))),
  h("form.row.end", { method: "dialog" }, h("button.button", {}, "Close")));

const writes = (element) => element.closest("input, textarea, select, [contenteditable]");

document.addEventListener("keydown", (event) => {
  const plain = !event.altKey && !event.shiftKey;
  if (plain && (event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    openPalette();
  } else if (event.key === "?" && !event.metaKey && !event.ctrlKey && !event.altKey && !writes(event.target)) {
    event.preventDefault();
    tellKeys();
  }
});
document.querySelector(".palette-button")?.addEventListener("click", openPalette);
