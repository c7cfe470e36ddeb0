// Settings, Send events: whether an event has arrived.

import { get, page } from "./api.js";
import { byId, fill, h } from "./dom.js";
import { ago } from "./format.js";
import { eventLabel } from "./lexicon_source.js";

const UNTIL_FIRST_MS = 1000;
const AFTER_MS = 5000;

const state = byId("arrival");
let waited = false; // whether this page was there before the first one

async function look() {
  let pause = UNTIL_FIRST_MS;
  try {
    const [latest] = document.hidden ? [] : (await get("events", { limit: 1 })).events;
    if (latest) {
      pause = AFTER_MS;
      const said = waited ? "The first event arrived: " : "Events arrive. The latest: ";
      fill(state, said, h("b", {}, eventLabel(latest.event_name)), `, ${ago(latest.timestamp)}. `, h("a", { href: page("events") }, "See them live"));
      state.className = "done";
    } else if (!document.hidden) {
      waited = true;
      fill(state, "Waiting for the first event …");
    }
  } catch (error) {
    pause = AFTER_MS;
    fill(state, error.message);
    state.className = "quiet";
  }
  setTimeout(look, pause);
}

look();
