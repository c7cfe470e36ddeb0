// dialog({ title, content, answer, danger, act }): asks for something in front of the page; true once it was answered, false where
// it was closed otherwise. `content(yes)` gives what stands in it; `yes` is the button that answers. `act()` does what was
// answered before the dialog closes: where that fails, the dialog says why and stays.

import { reason } from "./api.js";
import { h } from "./dom.js";

export function dialog({ title, content, answer, danger = false, act = () => {} }) {
  return new Promise((resolve) => {
    const yes = h(danger ? "button.button.danger" : "button.button.primary", {}, answer);
    const problem = h("p.error", { role: "alert", hidden: true });
    const box = h("dialog", { "aria-labelledby": "dialog-title" },
      h("form.stack", { method: "dialog", onsubmit: submitted },
        h("h2", { id: "dialog-title" }, title), content(yes), problem,
        h("div.row.end", {}, h("button.button", { type: "button", onclick: () => box.close() }, "Cancel"), yes)));

    async function submitted(event) {
      event.preventDefault();
      yes.disabled = true;
      problem.hidden = true;
      try {
        await act();
        box.close("yes");
      } catch (error) {
        problem.textContent = reason(error);
        problem.hidden = false;
        yes.disabled = false;
      }
    }

    box.addEventListener("close", () => {
      box.remove();
      resolve(box.returnValue === "yes");
    });
    document.body.append(box);
    box.showModal();
  });
}
