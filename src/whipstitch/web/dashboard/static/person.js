// A person: traits, ids (person_ids.js), timeline (person_timeline.js), erasure.

import { ApiError, del, failed, get, mayEdit, page } from "./api.js";
import { question, say } from "./app.js";
import { byId, fill, h } from "./dom.js";
import { number, plural } from "./format.js";
import { tree } from "./json.js";
import { showIds } from "./person_ids.js";
import { showTimeline } from "./person_timeline.js";
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
  showIds(person, start);
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

async function start() {
  if (await load()) await showTimeline(person.distinct_id);
}

start();
