// A text field that suggests: combobox({ label, value, options: async (text) => [{ value, label?, note? }], onchange }).
// Any text may be typed, too. The element has `input`, and `set(value)` to show another one.

import { fill, h } from "./dom.js";

const MOST = 200;

// Fields that were left while the suggestions for what was typed were on their way.
const waiting = new Set();
export const allTaken = () => Promise.all(waiting);

let made = 0;

// `shown`: how a value reads. `visible`: the label stands above, else it is for screen readers only.
// `blank`: whether the field may be emptied (onchange("")); else the value before comes back.
// `eager`: whether the first suggestion for what was typed is taken, unless another is chosen; the options must then offer the
// typed text itself, too (orTyped). `waits`: whether typed text is taken only once its suggestions have come, because a text alone
// is not a value. `leaves`: whether text that was only typed counts when the field is left, as it does on Enter.
export function combobox({ label, value = "", placeholder = "", options, onchange = () => {}, shown = (one) => one ?? "", visible = false, blank = false, eager = false, waits = eager, leaves = true }) {
  const id = `combobox-${++made}`;
  const input = h("input", {
    id, role: "combobox", "aria-expanded": "false", "aria-controls": `${id}-list`, "aria-autocomplete": "list",
    "aria-label": visible ? null : label, autocomplete: "off", spellcheck: "false", autocapitalize: "off", maxlength: 1000, placeholder,
  });
  const list = h("ul.options", { id: `${id}-list`, role: "listbox", "aria-label": label, hidden: true });
  const element = h("div.combobox", {}, visible && h("label", { for: id }, label), input, list);
  let current = value;
  let found = [];
  let request = { text: "", hasCome: true }; // the suggestions that were asked for last
  let active = -1;
  let asked = 0;

  const labelOf = (option) => option.label ?? String(option.value ?? "");
  const isOpen = () => !list.hidden;
  const show = () => {
    input.value = shown(current);
    input.title = input.value;
  };

  function close() {
    asked++;
    list.hidden = true;
    active = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function point(index) {
    active = index;
    [...list.children].forEach((one, at) => one.setAttribute("aria-selected", String(at === index)));
    const option = list.children[index];
    if (!option) return input.removeAttribute("aria-activedescendant");
    input.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }

  function ask(text) {
    const mine = { text, hasCome: false };
    request = mine;
    mine.come = (async () => {
      let some = [];
      try {
        some = await options(text);
      } catch {
        // Text can still be typed.
      }
      mine.hasCome = true;
      if (mine === request) found = some.slice(0, MOST);
    })();
    return mine.come;
  }

  async function open() {
    const mine = ++asked;
    active = -1;
    const untouched = input.value === shown(current);
    await ask(untouched ? "" : input.value.trim());
    if (mine !== asked || document.activeElement !== input) return;
    fill(list, found.map((option, index) => h("li", { role: "option", id: `${id}-${index}`, "aria-selected": "false" }, h("span.cut", {}, labelOf(option)), option.note && h("span.quiet.num", {}, option.note))));
    list.hidden = !found.length;
    input.setAttribute("aria-expanded", String(found.length > 0));
    list.classList.remove("flipped");
    list.classList.toggle("flipped", list.getBoundingClientRect().right > document.documentElement.clientWidth);
    point(untouched ? found.findIndex((option) => option.value === current) : eager && input.value.trim() ? 0 : -1);
  }

  function take(chosen) {
    close();
    const changed = chosen !== current;
    current = chosen;
    show();
    if (changed) onchange(chosen);
  }

  function typed() {
    const text = input.value.trim();
    if (text === shown(current)) return close();
    if (!text && !blank) {
      show();
      return close();
    }
    if (waits && request.text === text && !request.hasCome) return later(text, request);
    takeTyped(text);
  }

  function takeTyped(text) {
    const option = (eager && request.text === text && (found[active] ?? found[0])) || found.find((one) => labelOf(one) === text);
    take(option ? option.value : text);
  }

  async function later(text, asked_) {
    close();
    waiting.add(asked_.come);
    await asked_.come;
    if (request === asked_ && input.isConnected && input.value.trim() === text) takeTyped(text);
    waiting.delete(asked_.come);
  }

  input.addEventListener("input", open);
  input.addEventListener("click", () => !isOpen() && open());
  input.addEventListener("focus", () => input.select());
  input.addEventListener("blur", () => {
    if (leaves) typed();
    close();
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!isOpen()) return open();
      const step = event.key === "ArrowDown" ? 1 : -1;
      point(active < 0 ? (step > 0 ? 0 : found.length - 1) : (active + step + found.length) % found.length);
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (isOpen() && active >= 0) take(found[active].value);
      else typed();
    } else if (event.key === "Escape") {
      if (!isOpen() && input.value === shown(current)) return;
      event.stopPropagation();
      show();
      close();
    }
  });
  // The field keeps the focus while an option is clicked.
  list.addEventListener("pointerdown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const index = [...list.children].indexOf(event.target.closest("[role=option]"));
    if (index >= 0) take(found[index].value);
  });

  show();
  element.input = input;
  element.set = (other) => {
    current = other;
    show();
  };
  return element;
}

// The options that hold the text in any case, those that begin with it first, and before them what is the same. `also`: other
// texts that an option is found by.
export function matching(options, text) {
  const wanted = text.toLowerCase();
  const rank = (label) => (label === wanted && wanted ? 0 : label.startsWith(wanted) ? 1 : label.includes(wanted) ? 2 : 3);
  const texts = ({ label, value, also = [] }) => [label ?? String(value ?? ""), ...also].map((one) => one.toLowerCase());
  return options
    .map((option) => ({ option, rank: Math.min(...texts(option).map(rank)) }))
    .filter((one) => one.rank < 3)
    .sort((a, b) => a.rank - b.rank)
    .map(({ option }) => option);
}

// The options that hold the text, and after them the text itself, unless one of them is the same.
export function orTyped(options, text, note = "") {
  const found = matching(options, text);
  return !text || found.some((one) => (one.label ?? one.value) === text || one.value === text) ? found : [...found, { value: text, note }];
}
