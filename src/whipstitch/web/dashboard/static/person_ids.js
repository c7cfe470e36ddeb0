// The ids of a person as a tree, why each of them is theirs, and what was refused: showIds(person, again). Stitches are undone here,
// and people merged (person_merge.js); then again().

import { del, get, mayEdit } from "./api.js";
import { question, say } from "./app.js";
import { byId, fill, h } from "./dom.js";
import { ago, moment } from "./format.js";
import { merge, REASONS } from "./person_merge.js";

const VIAS = { alias: "POST /api/v1/alias", batch: "POST /api/v1/batch", import: "an import", merge: "a merge" };

let start = null;

export function showIds(person, again) {
  start = again;
  const root = h("li", {}, h("code.break", {}, person.distinct_id), " ", h("span.tag", {}, "person"), branch(person.aliases));
  fill(byId("ids"), h("ul.tree", {}, root),
    !person.aliases.length && h("p.quiet", {}, "No other id leads here. An alias joins what was sent under two ids."),
    mayEdit && h("p", {}, h("button.button", { type: "button", onclick: () => merge(person) }, "Merge with another person…")),
    refusals);
  showRefused(person.distinct_id);
}

// Aliases from or to their ids that changed nothing.
const refusals = h("div");
async function showRefused(id) {
  fill(refusals);
  const found = await get("aliases", { distinct_id: id }).then(({ aliases }) => aliases.filter((one) => one.state === "refused"), () => []);
  fill(refusals, found.length > 0 && [h("h3", {}, "Refused"), h("ul.plain", {}, found.map((one) =>
    h("li", {}, h("p.break", {}, h("code", {}, one.alias_id), " → ", h("code", {}, one.distinct_id)),
      h("p.quiet.small", {}, `${REASONS[one.reason] ?? one.reason} · `, said(one)))))]);
}

// When it was said, by what it came and by whom.
const said = (one) => [h("time", { datetime: one.created_at, title: ago(one.created_at) }, moment(one.created_at)),
  one.via ? ` by ${VIAS[one.via] ?? `the road for ${one.via}`}${one.client ? `, ${one.client}` : ""}` : ", by a request that is not known"];

const branch = (aliases) => aliases.length > 0 && h("ul", {}, aliases.map(alias));

function alias(one) {
  const told = one.state === "pending" ? "Counted as this person already; the rows are rewritten within minutes." : "All rows carry the person's id.";
  return h("li", {},
    h("code.break", {}, one.alias_id), " ",
    h(one.state === "pending" ? "span.tag.warn" : "span.tag.good", { title: told }, one.state),
    h("p.quiet.small", {}, "said ", said(one),
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
