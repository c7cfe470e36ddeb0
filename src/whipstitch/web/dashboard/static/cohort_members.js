// The members of a cohort: memberList(cohort, list, changed) shows them in `list`; of a cohort by ids they are added and removed.

import { del, failed, get, mayEdit, post, reason } from "./api.js";
import { say } from "./app.js";
import { fill, h } from "./dom.js";
import { number } from "./format.js";
import { knownPeople, personCell } from "./known_people.js";
import { timeAgo } from "./time.js";
import { trait } from "./traits.js";

const PAGE = 50;

// Gives { load, more, adder }, the last two being elements; `changed(cohort)` hears of what was added or removed.
export function memberList(cohort, list, changed) {
  const path = `cohorts/${encodeURIComponent(cohort.id)}/members`;
  let cursor = null;
  const more = h("p.center", {}, h("button.button", { type: "button", hidden: true, onclick: () => load(cursor) }, "Show more"));
  const [button] = more.children;
  const removable = cohort.kind === "static" && mayEdit;

  async function load(after = null) {
    button.disabled = true;
    try {
      const { members, next_cursor } = await get(path, { limit: PAGE, cursor: after });
      const known = new Map((await knownPeople(members)).map((one) => [one.distinct_id, one]));
      const rows = members.map((one) => row(one, known.get(one)));
      cursor = next_cursor;
      button.hidden = !cursor;
      button.disabled = false;
      if (after) return list.querySelector("tbody").append(...rows);
      return fill(list, rows.length ? table(rows) : h("p.empty", {}, "Nobody is in this cohort."));
    } catch (error) {
      button.hidden = true;
      if (after) return list.append(failed(error, () => load(after)));
      return fill(list, failed(error, () => load()));
    }
  }

  const heading = (text, kind = "th") => h(kind, { scope: "col" }, text);
  const table = (rows) => h("div.scroll", { tabindex: "0", role: "region", "aria-label": "Members" }, h("table.table", {},
    h("thead", {}, h("tr", {}, heading("Person"), heading("E-mail"), heading("Events", "th.num"), heading("Last seen"), removable && heading(h("span.sr", {}, "Actions")))),
    h("tbody", {}, rows)));

  function row(member, person) {
    const take = removable && h("td.end", {}, h("button.button.small", { type: "button", "aria-label": `Remove ${member}`, onclick: (event) => change(del, [member], event.currentTarget) }, "Remove"));
    if (!person) return h("tr", {}, h("td", {}, h("span.cut.mono", {}, member)), h("td.quiet", { colspan: 3 }, "nothing is known of this id yet"), take);
    return h("tr", {}, personCell(person), h("td.cut", {}, trait(person, "email") ?? "—"), h("td.num", {}, number(person.event_count)), h("td", {}, timeAgo(person.last_seen)), take);
  }

  async function change(how, members, control) {
    control.disabled = true;
    try {
      changed((await how(path, { members })).cohort);
      await load();
      return true;
    } catch (error) {
      say(reason(error));
      return false;
    } finally {
      control.disabled = false;
    }
  }

  const ids = h("input", { name: "ids", autocomplete: "off", spellcheck: "false", placeholder: "ids, with commas or spaces between", "aria-label": "Ids to add", required: true });
  const adder = h("form.row.adder", { onsubmit: async (event) => {
    event.preventDefault();
    const members = idsIn(ids.value);
    if (members.length && (await change(post, members, event.submitter))) ids.value = "";
  } }, ids, h("button.button", { type: "submit" }, "Add"));

  return { load, more, adder };
}

// An id may have spaces in it where there is one a line.
export const idsIn = (text) => [...new Set(text.split(/[\n\r]/).length > 1 ? text.split(/[\n\r]+/) : text.split(/[,;\s]+/))].map((one) => one.trim().replace(/[,;]$/, "")).filter(Boolean);
