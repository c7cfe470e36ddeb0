// What every page does: menus, the theme, copying, questions before something is done.

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
export function question({ title, text, answer, danger = true, typed = null }) {
  return new Promise((resolve) => {
    const yes = h(danger ? "button.button.danger" : "button.button.primary", { value: "yes", disabled: typed !== null }, answer);
    const field = typed !== null && h("input", { autocomplete: "off", spellcheck: "false", oninput: () => (yes.disabled = field.value !== typed) });
    const dialog = h("dialog", { "aria-labelledby": "question-title" },
      h("form.stack", { method: "dialog" },
        h("h2", { id: "question-title" }, title),
        text && h("p", {}, text),
        typed !== null && h("label", {}, h("span", {}, "Type ", h("code", {}, typed), " to confirm"), field),
        h("div.row.end", {}, h("button.button", { value: "no", formnovalidate: true }, "Cancel"), yes)));
    // Enter in the field must not mean the first button, which is Cancel.
    dialog.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.target === field) {
        event.preventDefault();
        if (!yes.disabled) dialog.close("yes");
      }
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

// Asks for a text in a dialog; null: never mind.
export function askText({ title, text, label, value = "", answer }) {
  return new Promise((resolve) => {
    const field = h("input", { value, required: true, maxlength: 200, autocomplete: "off" });
    const form = h("form.stack", { method: "dialog" },
      h("h2", { id: "ask-title" }, title), text && h("p", {}, text),
      h("label", {}, label, field),
      h("div.row.end", {}, h("button.button", { type: "button", onclick: () => dialog.close() }, "Cancel"), h("button.button.primary", { value: "yes" }, answer)));
    const dialog = h("dialog", { "aria-labelledby": "ask-title" }, form);
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes" ? field.value.trim() || null : null);
    });
    document.body.append(dialog);
    dialog.showModal();
    field.select();
  });
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
