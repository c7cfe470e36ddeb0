// A cohort: who is in it and why; made, changed and deleted here. Without an id: a new one.

import { ApiError, del, failed, get, mayEdit, page, post, put, reason } from "./api.js";
import { question, say } from "./app.js";
import { definitionText, usedBy } from "./cohort_definition.js";
import { cohortForm } from "./cohort_form.js";
import { memberList } from "./cohort_members.js";
import { isBusy, KINDS, stateTag } from "./cohort_state.js";
import { byId, fill, h, skeleton } from "./dom.js";
import { number, plural } from "./format.js";
import { sourceLink } from "./people_behind.js";
import { timeAgo } from "./time.js";

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

function edit(cohort) {
  titled(cohort ? `Edit ${cohort.name}` : "New cohort");
  fill(byId("actions"));
  fill(place, cohortForm(cohort));
  if (!cohort) place.querySelector("input").focus();
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
      await new Promise((resolve) => {
        setTimeout(resolve, SOON_MS);
      });
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
    fill(rule, text || (cohort.people_of ? answered(cohort) : h("p", {}, "The people whose ids were named.")));
    const others = usedBy(id, cohorts);
    fill(uses, others.length > 0 && h("section.card", {}, h("h2", {}, "Used by"), h("ul.plain", {}, others.map((one) => h("li", {}, h("a.break", { href: page("cohort", { id: one.id }) }, one.name))))));
  } catch (error) {
    fill(rule, failed(error, begin));
  }
}

// Of a static one: the question whose people it has.
function answered(cohort) {
  const again = h("button.button", { type: "button", onclick: async () => {
    again.disabled = true;
    try {
      const { cohort: now } = await put(path, { name: cohort.name, kind: "static", people_of: cohort.people_of });
      say(`It has the people of now: ${plural(now.size, "person", "people")}.`);
      await view(now);
    } catch (error) {
      again.disabled = false;
      say(reason(error));
    }
  } }, "Take those of now");
  return [h("p", {}, "The people who were behind ", h("a", { href: sourceLink(cohort.people_of, cohort.name) }, "a question"), " ", timeAgo(cohort.refreshed_at), ", and whoever was added or removed since."), mayEdit && again];
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

begin();
