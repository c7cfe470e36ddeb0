// A person: traits, ids, timeline; undo of a stitch, erasure.

import { ApiError, del, failed, get, mayEdit, page } from "./api.js";
import { question, say } from "./app.js";
import { byId, fill, h } from "./dom.js";
import { eventRow } from "./event_row.js";
import { ago, dayOf, moment, number, plural, timeOfDay } from "./format.js";
import { tree } from "./json.js";
import { timeAgo } from "./time.js";
import { nameOf } from "./traits.js";

const asked = new URLSearchParams(location.search).get("id") ?? "";
let person = null;

async function load() {
  try {
    person = (await get("person", { id: asked })).person;
  } catch (error) {
    const gone = error instanceof ApiError && error.status === 404;
    const note = gone ? h("p.empty", {}, "Nobody has the id ", h("code", {}, asked), ".") : failed(error, load);
    for (const id of ["facts", "traits", "ids", "timeline"]) fill(byId(id));
    byId("danger").hidden = true;
    fill(byId("timeline"), note);
    return false;
  }
  byId("name").textContent = nameOf(person);
  document.title = `${nameOf(person)} · Whipstitch`;
  facts();
  fill(byId("traits"), Object.keys(person.properties).length ? tree(person.properties) : h("p.quiet", {}, "None were sent yet."));
  ids();
  byId("danger").hidden = !mayEdit;
  return true;
}

function facts() {
  fill(byId("facts"), h("dl.facts", {},
    h("div", {}, h("dt", {}, "Id"), h("dd.mono.break", {}, person.distinct_id)),
    h("div", {}, h("dt", {}, "Events"), h("dd", {}, number(person.event_count))),
    h("div", {}, h("dt", {}, "First seen"), h("dd", {}, timeAgo(person.first_seen))),
    h("div", {}, h("dt", {}, "Last seen"), h("dd", {}, timeAgo(person.last_seen)))));
}

// The ids as a tree

function ids() {
  const root = h("li", {}, h("code.break", {}, person.distinct_id), " ", h("span.tag", {}, "person"), branch(person.aliases));
  fill(byId("ids"), h("ul.tree", {}, root),
    !person.aliases.length && h("p.quiet", {}, "No other id leads here. An alias joins what was sent under two ids."));
}

const branch = (aliases) => aliases.length > 0 && h("ul", {}, aliases.map(alias));

function alias(one) {
  const told = one.state === "pending" ? "Counted as this person already; the rows are rewritten within minutes." : "All rows carry the person's id.";
  return h("li", {},
    h("code.break", {}, one.alias_id), " ",
    h(one.state === "pending" ? "span.tag.warn" : "span.tag.good", { title: told }, one.state),
    h("p.quiet.small", {}, "since ", h("time", { datetime: one.created_at, title: ago(one.created_at) }, moment(one.created_at)),
      mayEdit && [" ", h("button.link", { type: "button", "aria-label": `Undo ${one.alias_id}`, onclick: () => undo(one.alias_id) }, "Undo")]),
    branch(one.aliases));
}

async function undo(id) {
  const sure = await question({
    title: `Is ${id} somebody else?`,
    text: `What came in under this id, and under ids that lead to it, belongs to it again. Reads say so at once. If the client sends the alias again, it counts again.`,
    answer: "Undo the stitch",
  });
  if (!sure) return;
  try {
    await del("aliases", undefined, { parameters: { alias_id: id } });
    say(`${id} is a person of their own again.`);
    await start();
  } catch (error) {
    say(error.message);
  }
}

byId("erase").addEventListener("click", async () => {
  const sure = await question({
    title: "Erase this person?",
    text: `${plural(person.event_count, "event")}, all traits and all ids go, for good. What is sent under these ids later makes a new person.`,
    answer: "Erase for good",
    typed: person.distinct_id,
  });
  if (!sure) return;
  byId("erase").disabled = true;
  try {
    await del("person", undefined, { parameters: { id: person.distinct_id } });
    location.assign(page("people"));
  } catch (error) {
    byId("erase").disabled = false;
    say(error.message);
  }
});

// The timeline, newest first, by day and session

const timeline = byId("timeline");
const more = byId("more");
let cursor = null;
let lastDay = "";
let lastSession = null;
let rows = null;

async function events(after = null) {
  more.disabled = true;
  try {
    const found = await get("events", { distinct_id: person.distinct_id, limit: 100, cursor: after });
    if (!after) {
      fill(timeline, found.events.length ? null : h("p.empty", {}, "No event yet: only traits or aliases were sent."));
      lastDay = "";
      lastSession = null;
    }
    found.events.forEach(add);
    cursor = found.next_cursor;
    more.hidden = !cursor;
    more.disabled = false;
  } catch (error) {
    more.hidden = true;
    timeline.append(failed(error, () => events(after)));
  }
}

function add(event) {
  const day = dayOf(event.timestamp);
  if (day !== lastDay) {
    timeline.append(h("h3.day", {}, day));
    lastDay = day;
    lastSession = null;
  }
  if (event.session_id !== lastSession) {
    lastSession = event.session_id;
    rows = h("div.list");
    const title = event.session_id ? ["Session ", h("code.break", {}, event.session_id)] : ["Without a session"];
    timeline.append(h("section.session", {}, h("p.session-title", {}, title, h("span.quiet", {}, ` · until ${timeOfDay(event.timestamp)}`), event.anon_id && h("span.quiet", {}, " · sent as ", h("code.break", {}, event.anon_id))), rows));
  }
  rows.append(eventRow(event, { person: false }));
}

more.addEventListener("click", () => events(cursor));

async function start() {
  if (await load()) await events();
}

start();
