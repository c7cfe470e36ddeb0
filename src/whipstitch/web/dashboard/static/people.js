// People: the list, of everybody or of whom filters, a search or a number of a question mean (people_state.js).

import { address, failed, get, latest, mayEdit, page } from "./api.js";
import { say } from "./app.js";
import { definitionEditor } from "./cohort_definition.js";
import { isBusy } from "./cohort_state.js";
import { byId, clone, fill, h, skeleton } from "./dom.js";
import { plural } from "./format.js";
import { personCell } from "./known_people.js";
import { namesLoaded } from "./lexicon_names.js";
import { keep as makeCohort } from "./people_cohort.js";
import { cellOf, columnOptions, isNumber, isTrait, titleOf } from "./people_columns.js";
import { addressOf, questionOf, stateOf } from "./people_state.js";
import { tokens } from "./tokens.js";

const PAGE = 50;
const NAME = "properties.name"; // what the first column is sorted by

const list = byId("people");
const more = byId("more");
const form = byId("filters");
const keep = byId("keep");
const count = byId("count");
let state = stateOf(location.search);
let people = []; // those that are shown
let cursor = null;
let saved = null;
let focused = null; // the heading that was pressed: the list is drawn anew

function go(patch) {
  state = { ...state, ...patch };
  history.pushState(null, "", addressOf(state));
  head();
  load();
}

const load = latest(async (signal, after = null) => {
  more.disabled = true;
  if (!after) {
    fill(list, skeleton(12));
    tellCount();
  }
  try {
    const [found] = await Promise.all([get("people", { ...questionOf(state), limit: PAGE, cursor: after }, { signal }), namesLoaded()]);
    cursor = found.next_cursor;
    more.hidden = !cursor;
    more.disabled = false;
    people = after ? [...people, ...found.people] : found.people;
    show(after ? found.people : null);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    more.hidden = true;
    if (after) list.append(failed(error, () => load(after)));
    else fill(list, failed(error, () => load()));
  }
});

// Beside the list, which need not wait for it.
const tellCount = latest(async (signal) => {
  count.textContent = "";
  try {
    count.textContent = plural((await get("people", { ...questionOf(state), limit: 1, with_count: true }, { signal })).count, "person", "people");
  } catch (error) {
    if (error.name === "AbortError") throw error;
    // The list says what is wrong.
  }
});

// Those who `came` are added, else all are drawn.
function show(came = null) {
  const rows = (came ?? people).map((one) => h("tr", {}, personCell(one), state.columns.map((column) => cellOf(one, column))));
  if (came) return list.querySelector("tbody").append(...rows);
  if (!rows.length) return fill(list, empty());
  const headings = [heading(NAME, "Person"), ...state.columns.map((column) => heading(column, titleOf(column)))];
  fill(list, h("div.scroll", { tabindex: "0", role: "region", "aria-label": "People" },
    h("table.table", {}, h("thead", {}, h("tr", {}, headings)), h("tbody", {}, rows))));
  if (focused) list.querySelector(`[data-column="${CSS.escape(focused)}"]`)?.focus();
  focused = null;
}

function heading(column, text) {
  const chosen = state.sort === column;
  const sort = () => {
    focused = column;
    go({ sort: column, descending: chosen ? !state.descending : !isTrait(column) });
  };
  return h(isNumber(column) ? "th.num" : "th", { scope: "col", "aria-sort": chosen ? (state.descending ? "descending" : "ascending") : null },
    h("button.sort", { type: "button", "data-column": column, onclick: sort }, h("span.cut", {}, text), h("span", { "aria-hidden": "true" }, chosen ? (state.descending ? "↓" : "↑") : "")));
}

function empty() {
  if (state.asked) return h("p.empty", {}, "Nobody is behind this number any more.");
  if (state.definition) return h("p.empty", {}, "Nobody is like that.");
  if (state.search) return h("p.empty", {}, "Nobody has that in an id, a name or an e-mail address.");
  return state.cohort ? h("p.empty", {}, "Nobody is in this cohort.") : clone("nothing");
}

keep.addEventListener("click", async () => {
  const cohort = await makeCohort(state);
  if (!cohort) return;
  say(isBusy(cohort) ? "Saved. Its people are being looked for." : `Saved, with ${plural(cohort.size, "person", "people")}.`);
  saved = h("a.button", { href: page("people", { cohort: cohort.id }) }, "Open the cohort");
  keep.hidden = true;
  keep.after(saved);
  saved.focus();
});

// What stands above the list

async function head() {
  const { asked, cohort, definition, search } = state;
  const narrowed = Boolean(asked || cohort || definition || search);
  byId("everybody").hidden = !narrowed;
  keep.hidden = !narrowed || !mayEdit;
  saved?.remove();
  form.hidden = Boolean(asked);
  form.elements.search.value = search;
  byId("asked").querySelector("summary").textContent = asked ? "Columns" : "Filters and columns";
  byId("csv").href = address("people.csv", { ...questionOf(state), columns: ["distinct_id", ...new Set([NAME, ...state.columns])] });
  byId("clicked").hidden = !asked?.number;
  byId("clicked").textContent = asked?.number ? `The number clicked: ${asked.number}. These are the people behind it.` : "";
  const title = byId("heading");
  title.textContent = asked?.title ?? "People";
  if (asked || !cohort) return;
  try {
    title.textContent = `People in ${(await get(`cohorts/${encodeURIComponent(cohort)}`)).cohort.name}`;
  } catch {
    // The list says what is wrong.
  }
}

function chooseColumns(columns) {
  state = { ...state, columns };
  history.pushState(null, "", addressOf(state));
  head();
  if (list.querySelector("table")) show();
}

// The editors keep what is half filled in: they are drawn when the address is another one.
function editors() {
  const shown = tokens({ label: "Columns", values: state.columns, placeholder: "column", shown: titleOf, waits: true, options: columnOptions, onchange: chooseColumns });
  fill(byId("columns"), shown);
  fill(byId("editor"), !state.asked && definitionEditor(state.definition, (definition) => go({ definition })));
  if (state.definition) byId("asked").open = true;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  go({ search: form.elements.search.value.trim() });
});
addEventListener("popstate", begin);
more.addEventListener("click", () => load(cursor));

function begin() {
  state = stateOf(location.search);
  head();
  namesLoaded().then(editors);
  load();
}

begin();
