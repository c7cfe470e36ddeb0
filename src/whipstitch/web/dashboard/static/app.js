// What every page does: menus, the theme, copying, questions before something is done.

import { dialog } from "./dialog.js";
import { h } from "./dom.js";

const root = document.documentElement;

// The theme
document.querySelector(".theme-switch")?.addEventListener("click", () => {
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  try {
    localStorage.setItem("theme", root.dataset.theme);
  } catch {
    // It holds for this page.
  }
});

// The navigation on a narrow screen
const toggle = document.querySelector(".nav-toggle");
toggle?.addEventListener("click", () => {
  const open = toggle.getAttribute("aria-expanded") !== "true";
  toggle.setAttribute("aria-expanded", String(open));
  document.body.classList.toggle("nav-open", open);
});

// Menus close when something else is looked at
const closeMenus = (except) =>
  document.querySelectorAll("details.menu[open]").forEach((menu) => menu !== except && menu.removeAttribute("open"));
document.addEventListener("click", (event) => closeMenus(event.target.closest("details.menu")));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const open = document.querySelector("details.menu[open]");
  closeMenus();
  open?.querySelector("summary").focus();
});

// A message at the edge, which goes again: say("Done. ", h("a", …))
export function say(...message) {
  const toast = h("p.toast", {}, message);
  document.querySelector(".toasts")?.append(toast);
  setTimeout(() => toast.remove(), 5000);
}

// Copying
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  try {
    await copy(button.dataset.copy);
    say("Copied.");
  } catch {
    say("The browser does not let pages copy: select the text and copy it.");
  }
});

async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Browsers hide the clipboard from pages that came by plain HTTP.
  const area = h("textarea.sr", {}, text);
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("not copied");
}

// A question in a dialog; true: yes. With `typed` it must be typed first.
export function question({ title, text, answer, danger = true, typed = null, act }) {
  return dialog({ title, answer, danger, act, content: (yes) => {
    yes.disabled = typed !== null;
    const field = typed !== null && h("input", { autocomplete: "off", spellcheck: "false", oninput: () => (yes.disabled = field.value !== typed) });
    return [text && h("p", {}, text), field && h("label", {}, h("span", {}, "Type ", h("code", {}, typed), " to confirm"), field)];
  } });
}

// Asks for a text in a dialog, and does act(text) before it closes; null: never mind.
export async function askText({ title, text, label, value = "", answer, act = () => {} }) {
  const field = h("input", { value, required: true, maxlength: 200, autocomplete: "off", onfocus: () => field.select() });
  const given = await dialog({ title, answer, content: () => [text && h("p", {}, text), h("label", {}, label, field)], act: () => act(field.value.trim()) });
  return given ? field.value.trim() || null : null;
}

// Forms that ask first
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.dataset?.question || form.dataset.asked) return;
  event.preventDefault();
  const text = form.dataset.question;
  const cut = text.indexOf("?") + 1;
  if (await question({ title: text.slice(0, cut), text: text.slice(cut).trim(), answer: form.dataset.answer })) {
    form.dataset.asked = "yes";
    form.requestSubmit();
  }
});
