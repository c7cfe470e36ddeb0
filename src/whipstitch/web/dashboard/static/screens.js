// Screens: which there are, each with its picture.

import { address, failed, get, latest, page, withParameters } from "./api.js";
import { DEFAULT_RANGE, isRange, rangeOf, settled } from "./date_range.js";
import { byId, clone, fill, h, skeleton } from "./dom.js";
import { plural } from "./format.js";
import { rangeField } from "./range_field.js";
import { timeAgo } from "./time.js";

const PAGE = 48;

const list = byId("screens");
const more = byId("more");
const form = byId("filters");
let cursor = null;

function state() {
  const asked = new URLSearchParams(location.search);
  const range = asked.get("range") ?? "";
  return { search: asked.get("search") ?? "", range: isRange(range) ? range : DEFAULT_RANGE };
}

const told = ({ search, range }) => ({ search, range: range === DEFAULT_RANGE ? "" : range });

function go(patch) {
  history.pushState(null, "", withParameters(location.pathname, told({ ...state(), ...patch })));
  begin();
}

function begin() {
  const now = state();
  form.elements.search.value = now.search;
  fill(byId("range"), rangeField({ value: now.range, onchange: (range) => go({ range }) }));
  load();
}

const load = latest(async (signal, after = null) => {
  const now = state();
  more.disabled = true;
  if (!after) fill(list, skeleton(12));
  try {
    await settled(now.range);
    const found = await get("screens", { ...rangeOf(now.range), search: now.search, limit: PAGE, cursor: after }, { signal });
    cursor = found.next_cursor;
    more.hidden = !cursor;
    more.disabled = false;
    const cards = found.screens.map((one) => card(one, now));
    if (after) list.querySelector("ul").append(...cards);
    else if (cards.length) fill(list, h("ul.screen-cards", {}, cards));
    else fill(list, now.search ? h("p.empty", {}, "No screen has that in its name.") : clone("nothing"));
  } catch (error) {
    if (error.name === "AbortError") throw error;
    more.hidden = true;
    if (after) list.append(failed(error, () => load(after)));
    else fill(list, failed(error, () => load()));
  }
});

function card(screen, { range }) {
  const [newest] = screen.snapshots;
  const versions = [...new Set(screen.snapshots.map((one) => one.app_version).filter(Boolean))];
  const image = newest && { screen: screen.screen, app_version: newest.app_version, os: newest.os };
  return h("li.card.screen-card", {},
    h("div.thumb", {}, newest
      ? h("img", { src: address("screens/image", image), alt: "", loading: "lazy", decoding: "async" })
      : h("span.quiet.small", {}, "No picture yet")),
    h("div", {},
      h("h2", {}, h("a.break", { href: page("screen", { screen: screen.screen, range: told({ range }).range }) }, screen.screen)),
      h("p", {}, `${plural(screen.taps, "tap")} · ${plural(screen.views, "view")}`),
      h("p.quiet.small", {}, screen.last_seen ? ["Last seen ", timeAgo(screen.last_seen)] : "Not seen in this range"),
      newest && h("p.quiet.small", {}, `${plural(screen.snapshots.length, "snapshot")}`, versions.length > 0 && `, newest of ${versions[0]}`)));
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  go({ search: form.elements.search.value.trim() });
});
addEventListener("popstate", begin);
more.addEventListener("click", () => load(cursor));
begin();
