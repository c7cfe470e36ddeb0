// People: the list, by search.

import { failed, get, latest, page } from "./api.js";
import { byId, clone, fill, h, skeleton } from "./dom.js";
import { ago, moment, number } from "./format.js";
import { nameOf, trait } from "./traits.js";

const list = byId("people");
const more = byId("more");
const form = byId("filters");
let cursor = null;

const search = () => new URLSearchParams(location.search).get("search") ?? "";

const load = latest(async (signal, after = null) => {
  more.disabled = true;
  if (!after) fill(list, skeleton(12));
  try {
    const found = await get("people", { search: search(), limit: 50, cursor: after }, { signal });
    cursor = found.next_cursor;
    more.hidden = !cursor;
    more.disabled = false;
    show(found.people, !after);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    fill(list, failed(error, () => load()));
  }
});

function show(people, first) {
  const rows = people.map(row);
  if (!first) return list.querySelector("tbody").append(...rows);
  if (!rows.length) return fill(list, search() ? h("p.empty", {}, "Nobody has that in an id, a name or an e-mail address.") : clone("nothing"));
  const head = ["Person", "E-mail", "Ids", "Events", "First seen", "Last seen"];
  const headings = head.map((text, index) => h(index === 2 || index === 3 ? "th.num" : "th", { scope: "col" }, text));
  return fill(list, h("div.scroll", { tabindex: "0", role: "region", "aria-label": "People" },
    h("table.table", {}, h("thead", {}, h("tr", {}, headings)), h("tbody", {}, rows))));
}

function row(person) {
  const time = (text) => (text ? h("time", { datetime: text, title: moment(text) }, ago(text)) : "—");
  const known = nameOf(person);
  return h("tr", {},
    h("td", {}, h("a.cut", { href: page("person", { id: person.distinct_id }) }, known),
      known !== person.distinct_id && h("span.cut.mono.quiet.small", {}, person.distinct_id)),
    h("td.cut", {}, trait(person, "email") ?? "—"),
    h("td.num", {}, number(person.aliases.length + 1)),
    h("td.num", {}, number(person.event_count)),
    h("td", {}, time(person.first_seen)), h("td", {}, time(person.last_seen)));
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = form.elements.search.value.trim();
  history.pushState(null, "", text ? `?${new URLSearchParams({ search: text })}` : location.pathname);
  load();
});
addEventListener("popstate", () => {
  form.elements.search.value = search();
  load();
});
more.addEventListener("click", () => load(cursor));

form.elements.search.value = search();
load();
