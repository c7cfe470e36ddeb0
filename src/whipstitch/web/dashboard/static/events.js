// Live: events as they land.

import { address, ApiError, failed, get, latest, own } from "./api.js";
import { byId, clone, fill, h } from "./dom.js";
import { eventRow } from "./event_row.js";
import { plural } from "./format.js";
import { parse } from "./json.js";
import { namesLoaded } from "./lexicon_names.js";
import { rejection } from "./rejection.js";

const MOST = 200;
const POLL_MS = 2000;
const TROUBLE_MS = 5000;

const list = byId("events");
const state = byId("state");
const pauseButton = byId("pause");
const waitingButton = byId("waiting");
const form = byId("filters");

let seen = new Set();
let waiting = [];
let paused = false;
let stream = null;
let timer = null;

const filters = () => Object.fromEntries(new URLSearchParams(location.search));
const wanted = ({ event_name = "", distinct_id = "" }) => ({ event_name, distinct_id });

function land(events) {
  const fresh = events.filter((one) => !seen.has(one.id));
  fresh.forEach((one) => seen.add(one.id));
  if (!fresh.length) return;
  if (paused) {
    waiting = [...fresh, ...waiting].slice(0, MOST);
    waitingButton.hidden = false;
    waitingButton.textContent = `Show ${plural(waiting.length, "new event")}`;
    return;
  }
  show(fresh);
}

function show(fresh) {
  if (!list.querySelector("details")) fill(list);
  list.prepend(...fresh.map((one) => eventRow(one)));
  while (list.childElementCount > MOST) list.lastElementChild.remove();
  if (seen.size > 20 * MOST) seen = new Set([...seen].slice(-2 * MOST));
}

function showWaiting() {
  const fresh = waiting;
  waiting = [];
  waitingButton.hidden = true;
  show(fresh);
}

// An answer to the filters before must not land among what these ask for: `signal` ends it.
const begin = latest(async (signal) => {
  end();
  seen = new Set();
  waiting = [];
  waitingButton.hidden = true;
  try {
    const [events] = await Promise.all([newest(signal), namesLoaded()]);
    fill(list);
    land(events);
    if (!events.length) nothing();
    listen(signal);
  } catch (error) {
    if (signal.aborted) return;
    fill(list, failed(error, begin));
    state.textContent = "Stopped";
  }
});

const newest = async (signal) => (await get("events", { ...wanted(filters()), limit: 50 }, { signal })).events;

function nothing() {
  const filtered = Object.values(wanted(filters())).some(Boolean);
  fill(list, filtered ? h("p.empty", {}, "No such event has landed. It shows up here as soon as one does.") : clone("nothing"));
}

function listen(signal) {
  stream = new EventSource(address("events/stream", wanted(filters())));
  stream.onopen = async () => {
    state.textContent = paused ? "Paused" : "Live";
    // What landed before the stream was there; failing that, the stream is enough.
    await newest(signal).then(land).catch(() => {});
  };
  stream.onmessage = ({ data }) => land([parse(data)]);
  stream.onerror = () => {
    state.textContent = "Reconnecting…";
    if (stream.readyState !== EventSource.CLOSED) return; // the browser tries again
    timer = setTimeout(poll, POLL_MS, signal); // there are too many streams, or a proxy that knows none
  };
}

async function poll(signal) {
  try {
    land(await newest(signal));
    state.textContent = paused ? "Paused" : "Live, every 2 seconds";
  } catch (error) {
    if (signal.aborted) return;
    state.textContent = error instanceof ApiError ? error.message : "Stopped";
  }
  timer = setTimeout(poll, POLL_MS, signal);
}

function end() {
  stream?.close();
  clearTimeout(timer);
}

pauseButton.addEventListener("click", () => {
  paused = !paused;
  pauseButton.setAttribute("aria-pressed", String(paused));
  pauseButton.textContent = paused ? "Go on" : "Pause";
  state.textContent = paused ? "Paused" : "Live";
  if (!paused) showWaiting();
});
waitingButton.addEventListener("click", showWaiting);

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const given = [...new FormData(form)].filter(([, value]) => value.trim());
  const query = new URLSearchParams(given.map(([name, value]) => [name, value.trim()])).toString();
  history.pushState(null, "", query ? `?${query}` : location.pathname);
  begin();
});
const setForm = () => ["event_name", "distinct_id"].forEach((name) => (form.elements[name].value = filters()[name] ?? ""));
addEventListener("popstate", () => {
  setForm();
  begin();
});
addEventListener("pagehide", end);
addEventListener("pageshow", (event) => event.persisted && begin());

// What was not stored

const panel = byId("trouble");

async function trouble() {
  try {
    const found = (await own("trouble")).trouble;
    const now = JSON.stringify(found);
    if (panel.dataset.shown !== now) fill(panel, found.length ? h("ul.plain.stack", {}, found.map(rejection)) : h("p.quiet", {}, "Everything that was sent was taken."));
    panel.dataset.shown = now;
  } catch (error) {
    panel.dataset.shown = "";
    fill(panel, failed(error));
  }
  setTimeout(trouble, TROUBLE_MS);
}

setForm();
begin();
trouble();
