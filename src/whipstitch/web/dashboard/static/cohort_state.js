// How a cohort is told: its kind, and how its last refresh went.

import { h } from "./dom.js";

export const KINDS = { dynamic: "Dynamic, by rule", static: "Static, by ids" };

const STATES = { ready: ["good", "ready"], new: ["warn", "new"], refreshing: ["warn", "refreshing"], failed: ["bad", "failed"] };

export const isBusy = (one) => one.state === "new" || one.state === "refreshing";

export function stateTag(one) {
  const [tone, text] = STATES[one.state] ?? ["warn", one.state];
  return h(`span.tag.${tone}`, { title: one.problem ?? null }, text);
}
