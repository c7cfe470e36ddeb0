// A text on a board: textTile(text, { tools }) is an element like that of a question (tile.js); askMarkup() asks for one.

import { dialog } from "./dialog.js";
import { h } from "./dom.js";
import { markup } from "./markup.js";

const LONGEST = 5000;
const FIRST = 40;

// What a text is called in buttons and to screen readers.
const calledOf = (text) => {
  const [first = ""] = text.split("\n").map((line) => line.replace(/^[#*\s-]+/, "").replaceAll("**", "").trim()).filter(Boolean);
  return first ? `“${first.length > FIRST ? `${first.slice(0, FIRST).toWellFormed()}…` : first}”` : "the text";
};

export function textTile(text) {
  const called = calledOf(text);
  const tools = h("div.tile-tools.row");
  const words = h("div.tile-text.wrap", {}, markup(text));
  const element = h("article.card.tile.text-tile", { "aria-label": `Text ${called}` }, h("header.tile-head", {}, tools), words);
  // What is longer than its tile is scrolled by keyboard, too.
  new ResizeObserver(() => {
    if (words.scrollHeight > words.clientHeight) words.tabIndex = 0;
    else words.removeAttribute("tabindex");
  }).observe(words);
  return Object.assign(element, { called, tools, text, run: async () => true });
}

// The text that somebody wrote, null where they wrote none; act(text) is done before the dialog closes.
export async function askMarkup({ title, answer, value = "", act }) {
  const field = h("textarea", { rows: 10, maxlength: LONGEST, required: true, spellcheck: "true" });
  field.value = value;
  const done = await dialog({ title, answer, act: () => act(field.value.trim()), content: () => [
    h("label", {}, "Text", field),
    h("p.quiet.small", {}, "# Heading, - list, **bold**, [link](https://…)"),
  ] });
  return done ? field.value.trim() : null;
}
