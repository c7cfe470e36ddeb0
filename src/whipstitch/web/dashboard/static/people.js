// People: the list, by search; of a cohort; or those behind a number of a question (people_behind.js).

import { failed, get, latest, mayEdit, page, post } from "./api.js";
import { askText, say } from "./app.js";
import { byId, clone, fill, h, skeleton } from "./dom.js";
import { number, plural } from "./format.js";
import { knownPeople, personCell } from "./known_people.js";
import { askedOf } from "./people_behind.js";
import { timeAgo } from "./time.js";
import { trait } from "./traits.js";

const PAGE = 50;

const list = byId("people");
const more = byId("more");
const form = byId("filters");
const keep = byId("keep");
const count = byId("count");
let cursor = null;
let saved = null;

const parameter = (name) => new URLSearchParams(location.search).get(name) ?? "";

const load = latest(async (signal, after = null) => {
  more.disabled = true;
  if (!after) fill(list, skeleton(12));
  try {
    const asked = askedOf(location.search);
    const found = asked
      ? await behind(asked, after, signal)
      : await get("people", { search: parameter("search"), cohort: parameter("cohort"), limit: PAGE, cursor: after }, { signal });
    cursor = found.next_cursor;
    more.hidden = !cursor;
    more.disabled = false;
    show(found.people, !after);
    tell(asked);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    fill(list, failed(error, () => load()));
    count.textContent = "";
  }
});

// How many of those behind a number are shown
function tell(asked) {
  const shown = list.querySelectorAll("tbody tr").length;
  count.textContent = asked && shown ? (cursor ? `The first ${number(shown)} people` : plural(shown, "person", "people")) : "";
}

// Ids come from the question, what is known of them from the people.
async function behind({ surface, query }, after, signal) {
  const body = { ...query, people_of: { ...query.people_of, limit: PAGE, cursor: after ?? undefined } };
  const { people: ids, next_cursor } = await post(surface, body, { signal });
  return { people: await knownPeople(ids, { signal }), next_cursor };
}

function show(people, first) {
  const rows = people.map(row);
  if (!first) return list.querySelector("tbody").append(...rows);
  if (!rows.length) return fill(list, empty());
  const titles = ["Person", "E-mail", "Ids", "Events", "First seen", "Last seen"];
  const headings = titles.map((text, index) => h(index === 2 || index === 3 ? "th.num" : "th", { scope: "col" }, text));
  return fill(list, h("div.scroll", { tabindex: "0", role: "region", "aria-label": "People" },
    h("table.table", {}, h("thead", {}, h("tr", {}, headings)), h("tbody", {}, rows))));
}

function empty() {
  if (parameter("search")) return h("p.empty", {}, "Nobody has that in an id, a name or an e-mail address.");
  if (askedOf(location.search)) return h("p.empty", {}, "Nobody is behind this number any more.");
  return parameter("cohort") ? h("p.empty", {}, "Nobody is in this cohort.") : clone("nothing");
}

function row(person) {
  return h("tr", {},
    personCell(person),
    h("td.cut", {}, trait(person, "email") ?? "—"),
    h("td.num", {}, number(person.aliases.length + 1)),
    h("td.num", {}, number(person.event_count)),
    h("td", {}, timeAgo(person.first_seen)), h("td", {}, timeAgo(person.last_seen)));
}

keep.addEventListener("click", async () => {
  const { surface, query, title } = askedOf(location.search);
  let cohort = null;
  await askText({
    title: "Save as cohort", label: "Name", value: title.slice(0, 200), answer: "Save",
    text: "All people of this list, as they are now, become a cohort. It can be used as a filter anywhere.",
    act: async (name) => ({ cohort } = await post("cohorts", { name, kind: "static", people_of: { surface, query } })),
  });
  if (!cohort) return;
  say(`Saved, with ${plural(cohort.size, "person", "people")}.`);
  saved = h("a.button", { href: page("people", { cohort: cohort.id }) }, "Open the cohort");
  keep.hidden = true;
  keep.after(saved);
  saved.focus();
});

async function head() {
  const asked = askedOf(location.search);
  const narrowed = Boolean(asked) || Boolean(parameter("cohort"));
  form.hidden = Boolean(asked);
  byId("everybody").hidden = !narrowed;
  keep.hidden = !asked || !mayEdit;
  saved?.remove();
  form.elements.search.value = parameter("search");
  const heading = byId("heading");
  heading.textContent = asked?.title ?? "People";
  if (asked || !narrowed) return;
  try {
    heading.textContent = `People in ${(await get(`cohorts/${encodeURIComponent(parameter("cohort"))}`)).cohort.name}`;
  } catch {
    // The list says what is wrong.
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  history.pushState(null, "", page("people", { search: form.elements.search.value.trim(), cohort: parameter("cohort") }));
  load();
});
addEventListener("popstate", () => {
  head();
  load();
});
more.addEventListener("click", () => load(cursor));

head();
load();
