// Merges a person with another one, after a look at what that changes: merge(person).

import { ApiError, get, latest, page, post } from "./api.js";
import { combobox } from "./combobox.js";
import { dialog } from "./dialog.js";
import { fill, h } from "./dom.js";
import { plural } from "./format.js";
import { textOf } from "./json.js";
import { nameOf } from "./traits.js";

// Why an alias is refused.
export const REASONS = {
  self: "Both are the same id", placeholder: "One of the ids names nobody", second_parent: "The id is somebody's already",
  loop: "They are one person already", too_deep: "Too many ids would lead to each other",
};
const FEW_IDS = 20;
const PAUSE_MS = 200; // in typing, before people are looked for

export async function merge(person) {
  let other = "";
  let kept = person.distinct_id;
  let turn = 0;
  const seen = h("div.stack", { role: "status" });
  const people = latest(async (signal, text) => {
    if (!text) return [];
    await new Promise((resolve) => {
      setTimeout(resolve, PAUSE_MS);
    });
    const found = (await get("people", { search: text, limit: 20 }, { signal })).people.filter((one) => one.distinct_id !== person.distinct_id);
    const options = found.map((one) => ({ value: one.distinct_id, note: nameOf(one) === one.distinct_id ? "" : nameOf(one) }));
    return !text || found.some((one) => one.distinct_id === text) ? options : [...options, { value: text, note: "as an id" }];
  });

  // The alias as it would be said: from the person who goes to the one who stays.
  const alias = () => ({ alias_id: kept === other ? person.distinct_id : other, distinct_id: kept });

  function content(yes) {
    const choice = h("fieldset", { hidden: true });
    const field = combobox({ label: "The other person", visible: true, placeholder: "any id, part of a name or an e-mail address", eager: true, options: people, onchange: (id) => {
      other = id;
      kept = person.distinct_id;
      choose();
      look();
    } });

    function choose() {
      choice.hidden = !other;
      fill(choice, h("legend", {}, "Who they are afterwards"), h("div.row.kinds", {}, [person.distinct_id, other].map((id) =>
        h("label.break", {}, h("input", { type: "radio", name: "kept", value: id, checked: id === kept, onchange: () => {
          kept = id;
          look();
        } }), " ", h("code", {}, id)))));
    }

    async function look() {
      const mine = ++turn;
      yes.disabled = true;
      fill(seen);
      if (!other) return;
      try {
        const found = await get("aliases/preview", alias());
        if (mine !== turn) return;
        fill(seen, preview(found));
        yes.disabled = !found.known || found.refused !== null;
      } catch (error) {
        if (mine === turn) fill(seen, h("p.error", {}, error.message));
      }
    }

    yes.disabled = true;
    return [h("p", {}, "An alias joins what was sent under two ids, and what will be. It can be undone."), field, choice, seen];
  }

  const done = await dialog({ title: `Merge ${nameOf(person)} with another person`, answer: "Merge", content, act: async () => {
    const { alias: said } = await post("aliases", alias());
    if (said.state === "refused") throw new ApiError(`${REASONS[said.reason] ?? said.reason}: nothing changed.`, 409);
  } });
  if (done) location.assign(page("person", { id: kept }));
}

function preview(found) {
  if (!found.known) return h("p.error", {}, "Nobody has this id.");
  if (found.refused) return h("p.error", {}, `${REASONS[found.refused] ?? found.refused}: nothing would change.`);
  const more = found.id_count - Math.min(found.ids.length, FEW_IDS);
  const differing = found.properties.filter((one) => one.of_alias !== null);
  return [
    h("p", {}, `${plural(found.event_count, "event")} and ${plural(found.id_count, "id")} become theirs, who have ${plural(found.events_before, "event")}:`),
    h("ul.plain", {}, found.ids.slice(0, FEW_IDS).map((id) => h("li", {}, h("code.break", {}, id))), more > 0 && h("li.quiet", {}, `and ${plural(more, "more id")}`)),
    differing.length > 0 ? traits(differing) : h("p.quiet", {}, "No trait changes."),
  ];
}

const traits = (found) => h("div.scroll", { tabindex: "0", role: "region", "aria-label": "Traits" }, h("table.table.tight", {},
  h("thead", {}, h("tr", {}, ["Trait", "Theirs", "Of the other", "Then"].map((text) => h("th", { scope: "col" }, text)))),
  h("tbody", {}, found.map((one) => h("tr", {}, h("th", { scope: "row" }, one.name), [one.of_person, one.of_alias, one.value].map((value) => h("td.cut", {}, value === null ? "—" : textOf(value))))))));
