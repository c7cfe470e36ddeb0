// Sessions: a list, each of which opens to its events. The range and the filters are those of Web.

import { failed, get, latest, page } from "./api.js";
import { rangeOf, settled } from "./date_range.js";
import { byId, clone, fill, h, skeleton } from "./dom.js";
import { eventRow } from "./event_row.js";
import { dayOf, moment, plural, span, timeOfDay } from "./format.js";
import { rangeField } from "./range_field.js";
import { chips, filteredBy, here, stateOf, valueText } from "./session_filters.js";

const PAGE = 50;
const EVENTS = 100;

const list = byId("sessions");
const more = byId("more");
const form = byId("filters");
let state = read();
let cursor = null;
let lastDay = "";

function read() {
  return { ...stateOf(location.search), person: new URLSearchParams(location.search).get("person") ?? "" };
}

function go(patch) {
  state = { ...state, ...patch };
  history.pushState(null, "", here(state, { person: state.person }));
  begin();
}

function begin() {
  form.elements.person.value = state.person;
  fill(byId("range"), rangeField({ value: state.range, onchange: (range) => go({ range }) }));
  fill(byId("chips"), chips(state.filters, (filters) => go({ filters })));
  load();
}

const load = latest(async (signal, after = null) => {
  more.disabled = true;
  if (!after) fill(list, skeleton(12));
  try {
    await settled(state.range);
    const filters = state.filters.length ? JSON.stringify(state.filters) : "";
    const found = await get("sessions", { ...rangeOf(state.range), filters, distinct_id: state.person, limit: PAGE, cursor: after }, { signal });
    if (!after) {
      fill(list);
      lastDay = "";
    }
    found.sessions.forEach(add);
    if (!after && !found.sessions.length) fill(list, state.filters.length || state.person ? h("p.empty", {}, "No session is like that in this range.") : clone("nothing"));
    cursor = found.next_cursor;
    more.hidden = !cursor;
    more.disabled = false;
  } catch (error) {
    if (error.name === "AbortError") throw error;
    more.hidden = true;
    if (after) list.append(failed(error, () => load(after)));
    else fill(list, failed(error, () => load()));
  }
});

function add(session) {
  const day = dayOf(session.start);
  if (day !== lastDay) list.append(h("h2.day", {}, day), h("div.list"));
  lastDay = day;
  list.lastElementChild.append(row(session));
}

function row(session) {
  const way = session.entry_page === null ? "No view"
    : session.entry_page === session.exit_page || session.exit_page === null ? session.entry_page : `${session.entry_page} → ${session.exit_page}`;
  const source = session.referrer ?? session.utm_source;
  const place = [valueText("country", session.country ?? ""), session.device, session.browser].filter(Boolean).join(" · ");
  const line = h("summary", {},
    h("time.num", { datetime: session.start, title: moment(session.start) }, timeOfDay(session.start)),
    h("span.event-name.cut", { title: way }, way),
    h("span.cut.mono", {}, session.distinct_id),
    h("span.cut.quiet", {}, [session.channel, source].filter(Boolean).join(" · ")),
    h("span.cut.quiet", {}, place || "—"),
    h("span.num", {}, `${plural(session.views, "view")} · ${span(session.seconds)} `, session.bounced && h("span.tag", {}, "bounce")));
  const details = h("details.event.visit", {}, line);
  details.addEventListener("toggle", () => {
    if (details.open && details.childElementCount === 1) details.append(timeline(session));
  });
  return details;
}

// Newest first, as everywhere. Of a session without an id, other sessions' events lie between.
function timeline(session) {
  const rows = h("div.list", { "aria-busy": "true" }, skeleton(Math.min(session.events, 6)));
  const next = h("button.button.small", { type: "button", hidden: true }, "Show earlier events");
  const body = h("div.event-body.session", {},
    h("p.row", {}, h("a", { href: page("person", { id: session.distinct_id }) }, `Open ${session.distinct_id}`),
      session.channel && h("button.link.small", { type: "button", onclick: () => go({ filters: filteredBy(state.filters, "channel", session.channel) }) }, `Only ${session.channel}`),
      session.entry_page !== null && h("button.link.small", { type: "button", onclick: () => go({ filters: filteredBy(state.filters, "entry_page", session.entry_page) }) }, `Only what began on ${session.entry_page}`)),
    facts(session), rows, next);
  let from = null;
  async function earlier() {
    next.disabled = true;
    try {
      const to = new Date(Date.parse(session.end) + 1).toISOString();
      const found = await get("events", { distinct_id: session.distinct_id, session_id: session.session_id, from: session.start, to, limit: EVENTS, cursor: from });
      if (!from) fill(rows);
      rows.append(...found.events.filter((one) => one.session_id === session.session_id).map((one) => eventRow(one, { person: false })));
      from = found.next_cursor;
      next.hidden = !from;
      next.disabled = false;
    } catch (error) {
      rows.removeAttribute("aria-busy");
      next.hidden = true;
      rows.append(failed(error, earlier));
    }
  }
  next.addEventListener("click", earlier);
  earlier();
  return body;
}

function facts(session) {
  const told = {
    Session: session.session_id || "told by 30 minutes without an event", Until: moment(session.end), Referrer: session.referrer,
    utm_source: session.utm_source, utm_medium: session.utm_medium, utm_campaign: session.utm_campaign, System: session.os,
  };
  return h("dl.facts", {}, Object.entries(told).filter(([, value]) => value).map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd.break", {}, value))));
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  go({ person: form.elements.person.value.trim() });
});
addEventListener("popstate", () => {
  state = read();
  begin();
});
more.addEventListener("click", () => load(cursor));
begin();
