// Cohorts: the list.

import { failed, get, page } from "./api.js";
import { byId, clone, fill, h } from "./dom.js";
import { number } from "./format.js";
import { isBusy, KINDS, stateTag } from "./cohort_state.js";
import { timeAgo } from "./time.js";

const FEW = 10;
const SOON_MS = 2000;

const list = byId("cohorts");
const form = byId("filters");
let cohorts = [];
let shown = "";

async function load() {
  try {
    cohorts = (await get("cohorts")).cohorts.sort((one, other) => one.name.localeCompare(other.name));
  } catch (error) {
    return fill(list, failed(error, load));
  }
  show();
  if (cohorts.some(isBusy)) setTimeout(load, SOON_MS);
}

function show() {
  form.hidden = cohorts.length < FEW;
  const wanted = form.elements.text.value.trim().toLowerCase();
  const found = cohorts.filter((one) => one.name.toLowerCase().includes(wanted));
  // What stays the same keeps the focus.
  const now = JSON.stringify(found);
  if (now === shown) return;
  shown = now;
  if (!cohorts.length) return fill(list, clone("nothing"));
  if (!found.length) return fill(list, h("p.empty", {}, "No cohort is called so."));
  const heading = (text, kind = "th") => h(kind, { scope: "col" }, text);
  return fill(list, h("div.scroll", { tabindex: "0", role: "region", "aria-label": "Cohorts" }, h("table.table", {},
    h("thead", {}, h("tr", {}, heading("Cohort"), heading("Kind"), heading("People", "th.num"), heading("State"), heading("Refreshed"))),
    h("tbody", {}, found.map(row)))));
}

const row = (one) => h("tr", {},
  h("td", {}, h("a.cut", { href: page("cohort", { id: one.id }), title: one.name }, one.name)),
  h("td.tight", {}, KINDS[one.kind]),
  h("td.num", {}, h("a", { href: page("people", { cohort: one.id }), "aria-label": `${number(one.size)} people in ${one.name}` }, number(one.size))),
  h("td", {}, stateTag(one)),
  h("td", {}, one.kind === "dynamic" ? timeAgo(one.refreshed_at) : h("span.quiet", {}, "—")));

form.addEventListener("submit", (event) => event.preventDefault());
form.elements.text.addEventListener("input", show);
load();
