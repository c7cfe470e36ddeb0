// A cohort: who is in it and why; made, changed and deleted here. Without an id: a new one.

import { ApiError, del, failed, get, mayEdit, page, post, put, reason } from "./api.js";
import { question, say } from "./app.js";
import { definitionEditor, definitionText, usedBy } from "./cohort_definition.js";
import { isBusy, KINDS, stateTag } from "./cohort_state.js";
import { byId, fill, h, skeleton } from "./dom.js";
import { number, plural } from "./format.js";
import { knownPeople, personCell } from "./known_people.js";
import { timeAgo } from "./time.js";
import { trait } from "./traits.js";

const PAGE = 50;
const MOST_IDS = 10_000;
const SOON_MS = 2000;

const parameters = new URLSearchParams(location.search);
const id = parameters.get("id") ?? "";
const path = `cohorts/${encodeURIComponent(id)}`;
const place = byId("cohort");

function titled(name) {
  byId("name").textContent = name;
  document.title = `${name} · Whipstitch`;
}

async function begin() {
  if (!id) return mayEdit ? edit(null) : fill(place, h("p.empty", {}, "Making a cohort takes the role editor."));
  fill(place, skeleton(10));
  let cohort;
  try {
    ({ cohort } = await get(path));
  } catch (error) {
    const gone = error instanceof ApiError && error.status === 404;
    return fill(place, gone ? h("p.empty", {}, "There is no such cohort in this environment. ", h("a", { href: page("cohorts") }, "All cohorts")) : failed(error, begin));
  }
  return parameters.has("edit") && mayEdit ? edit(cohort) : view(cohort);
}

// Looked at

async function view(cohort) {
  titled(cohort.name);
  const facts = h("div");
  const rule = h("div");
  const uses = h("div");
  const list = h("div", { "aria-busy": "true" }, skeleton(6));
  const members = memberList(cohort, list, (now) => tell(now));
  fill(byId("actions"),
    cohort.kind === "dynamic" && mayEdit && h("button.button", { type: "button", onclick: refresh }, "Refresh"),
    mayEdit && [h("a.button", { href: page("cohort", { id, edit: 1 }) }, "Edit"), h("button.button.danger", { type: "button", onclick: () => remove(cohort) }, "Delete")]);
  fill(place, h("div.columns.narrow-left", {},
    h("div.stack", {}, facts, h("section.card", {}, h("h2", {}, "Who is in it"), rule), uses),
    h("div", {},
      h("div.heading", {}, h("h2", {}, "Members"), h("div.actions", {}, h("a", { href: page("people", { cohort: id }) }, "Show in People"))),
      cohort.kind === "static" && mayEdit && members.adder, list, members.more)));

  function tell(now) {
    fill(facts, now.problem && h("p.notice", { role: "alert" }, `The last refresh failed: ${now.problem}`), factsOf(now));
  }

  async function refresh(event) {
    const button = event.currentTarget;
    button.disabled = true;
    try {
      const { cohort: now } = await post(`${path}/refresh`, {});
      tell(now);
      if (isBusy(now)) await settled();
      else members.load();
      say(now.state === "failed" ? "The refresh failed." : `Refreshed: ${plural(now.size, "person", "people")}.`);
    } catch (error) {
      say(reason(error));
    }
    button.disabled = false;
  }

  // Until nothing is refreshing any more
  async function settled() {
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, SOON_MS));
      const { cohort: now } = await get(path);
      tell(now);
      if (!isBusy(now)) return members.load();
    }
  }

  tell(cohort);
  members.load();
  if (isBusy(cohort)) settled().catch((error) => say(reason(error)));
  try {
    const [text, { cohorts }] = await Promise.all([cohort.definition && definitionText(cohort.definition), get("cohorts")]);
    fill(rule, text || h("p", {}, "The people whose ids were named, or who were behind a number when it was saved."));
    const others = usedBy(id, cohorts);
    fill(uses, others.length > 0 && h("section.card", {}, h("h2", {}, "Used by"), h("ul.plain", {}, others.map((one) => h("li", {}, h("a.break", { href: page("cohort", { id: one.id }) }, one.name))))));
  } catch (error) {
    fill(rule, failed(error, begin));
  }
}

function factsOf(cohort) {
  const fact = (label, value) => h("div", {}, h("dt", {}, label), h("dd", {}, value));
  return h("section.card", { "aria-label": "Facts" }, h("dl.facts", {},
    fact("People", h("a", { href: page("people", { cohort: id }) }, number(cohort.size))),
    fact("Kind", KINDS[cohort.kind]),
    fact("State", stateTag(cohort)),
    cohort.kind === "dynamic" && fact("Refreshed", timeAgo(cohort.refreshed_at)),
    fact("Changed", timeAgo(cohort.changed_at)),
    fact("Made", timeAgo(cohort.created_at))));
}

async function remove(cohort) {
  const done = await question({ title: `Delete “${cohort.name}”?`, text: "The people in it stay. Questions that use it as a filter can no longer be answered.", answer: "Delete", act: () => del(path) });
  if (done) location.assign(page("cohorts"));
}

// Who is in it: { load, more, adder }; `changed(cohort)` hears of it.
function memberList(cohort, list, changed) {
  let cursor = null;
  const more = h("p.center", {}, h("button.button", { type: "button", hidden: true, onclick: () => load(cursor) }, "Show more"));
  const [button] = more.children;
  const removable = cohort.kind === "static" && mayEdit;

  async function load(after = null) {
    button.disabled = true;
    try {
      const { members, next_cursor } = await get(`${path}/members`, { limit: PAGE, cursor: after });
      const known = new Map((await knownPeople(members)).map((one) => [one.distinct_id, one]));
      const rows = members.map((one) => row(one, known.get(one)));
      cursor = next_cursor;
      button.hidden = !cursor;
      button.disabled = false;
      if (after) return list.querySelector("tbody").append(...rows);
      return fill(list, rows.length ? table(rows) : h("p.empty", {}, isBusy(cohort) ? "The first refresh is under way." : "Nobody is in this cohort."));
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
      changed((await how(`${path}/members`, { members })).cohort);
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
const idsIn = (text) => [...new Set(text.split(/[\n\r]/).length > 1 ? text.split(/[\n\r]+/) : text.split(/[,;\s]+/))].map((one) => one.trim().replace(/[,;]$/, "")).filter(Boolean);

// Made or changed

function edit(cohort) {
  titled(cohort ? `Edit ${cohort.name}` : "New cohort");
  fill(byId("actions"));
  let kind = cohort?.kind ?? "dynamic";
  let definition = cohort?.definition ?? null;
  const name = h("input", { required: true, maxlength: 200, autocomplete: "off", value: cohort?.name ?? "" });
  const ids = h("textarea", { rows: 10, spellcheck: "false", placeholder: "one id a line", oninput: counted });
  const count = h("p.quiet.small", { role: "status" });
  const rule = h("fieldset.card", {}, h("legend.sr", {}, "Rule"), definitionEditor(definition, (now) => (definition = now)));
  const named = h("fieldset.card", {}, h("legend.sr", {}, "Ids"), h("label", {}, cohort ? "Ids that replace all members (blank: they stay)" : "Ids of people, any of theirs", ids), count);
  const problem = h("p.error", { role: "alert", hidden: true });
  const save = h("button.button.primary", { type: "submit" }, cohort ? "Save" : "Make it");

  function counted() {
    const found = idsIn(ids.value).length;
    count.textContent = found > MOST_IDS ? `${number(found)} ids: at most ${number(MOST_IDS)} at once; add the others afterwards.` : found ? plural(found, "id") : "";
  }

  function choose(chosen) {
    kind = chosen;
    rule.hidden = kind !== "dynamic";
    named.hidden = kind !== "static";
  }

  const kinds = h("fieldset", {}, h("legend", {}, "Kind"), h("div.row.kinds", {}, Object.entries(KINDS).map(([value, text]) =>
    h("label", {}, h("input", { type: "radio", name: "kind", value, checked: value === kind, onchange: () => choose(value) }), ` ${text}`))));

  async function send(event) {
    event.preventDefault();
    // What was typed last counts, too.
    document.activeElement?.blur();
    problem.hidden = true;
    const members = idsIn(ids.value);
    if (kind === "dynamic" && !definition) return refuse("Say who is in it: add something that they did, or that they are.");
    if (members.length > MOST_IDS) return refuse(count.textContent);
    save.disabled = true;
    const body = { name: name.value.trim(), kind, ...(kind === "dynamic" ? { definition } : members.length || !cohort ? { members } : {}) };
    try {
      const made = (await (cohort ? put(path, body) : post("cohorts", body))).cohort;
      location.assign(page("cohort", { id: made.id }));
    } catch (error) {
      save.disabled = false;
      refuse(reason(error));
    }
  }

  function refuse(text) {
    problem.textContent = text;
    problem.hidden = false;
  }

  choose(kind);
  fill(place, h("form.stack.cohort-form", { onsubmit: send },
    h("label", {}, "Name", name), !cohort && kinds, rule, named, problem,
    h("div.row", {}, save, h("a.button", { href: cohort ? page("cohort", { id }) : page("cohorts") }, "Cancel"))));
  if (!cohort) name.focus();
}

begin();
