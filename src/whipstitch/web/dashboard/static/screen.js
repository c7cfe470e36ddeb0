// A screen: its picture, and where people tap on it.

import { address, failed, get, latest, page, post, withParameters } from "./api.js";
import { DEFAULT_RANGE, isRange, rangeOf, settled } from "./date_range.js";
import { byId, clone, fill, h } from "./dom.js";
import { number, percent, plural } from "./format.js";
import { heat, heatLegend } from "./heat.js";
import { peopleLink } from "./people_behind.js";
import { rangeField } from "./range_field.js";
import { timeAgo } from "./time.js";

const GRID = { columns: 40, rows: 80, depth: 20 };
const TOP = 12;
// Of a screen that nobody has a picture of: a phone's.
const USUAL_RATIO = 844 / 390;
const NOT_KNOWN = "(not known)";

const name = new URLSearchParams(location.search).get("screen") ?? "";
let heatShown = true;

function state() {
  const asked = new URLSearchParams(location.search);
  const text = (key) => asked.get(key) ?? "";
  return { range: isRange(text("range")) ? text("range") : DEFAULT_RANGE, os: text("os"), app_version: text("app_version"), event_name: text("event_name"), snapshot: text("snapshot") };
}

function go(patch) {
  const { range, ...more } = { ...state(), ...patch };
  history.pushState(null, "", withParameters(location.pathname, { screen: name, range: range === DEFAULT_RANGE ? "" : range, ...more }));
  load();
}

const filterOn = (property, value) =>
  value === NOT_KNOWN ? { property, operator: "is_not_set" } : { property, operator: "is", value };

// What is asked: `everything` leaves the choices out, to know what there is to choose from.
function question({ range, os, app_version, event_name }, everything = false) {
  const chosen = everything ? [] : [["$os", os], ["$app_version", app_version]].filter(([, value]) => value);
  return { screen: name, ...rangeOf(range), ...GRID, event_name: (!everything && event_name) || undefined, filters: chosen.map((one) => filterOn(...one)) };
}

const load = latest(async (signal) => {
  const now = state();
  try {
    await settled(now.range);
    const query = question(now);
    const narrowed = query.filters.length > 0 || query.event_name;
    const [{ screens }, all, some] = await Promise.all([
      get("screens", { screen: name, ...rangeOf(now.range) }, { signal }),
      post("heatmaps", question(now, true), { signal }),
      narrowed && post("heatmaps", query, { signal }),
    ]);
    const screen = screens[0] ?? { views: 0, snapshots: [] };
    const found = some || all;
    const snapshot = chosenOf(screen.snapshots, now);
    choices(now, all, screen.snapshots, snapshot);
    fill(byId("figures"), figures(screen, found, query));
    fill(byId("snapshots"), snapshots(screen.snapshots, snapshot));
    fill(byId("top"), found.cells.length ? top(found, query) : all.taps ? h("p.quiet", {}, "Nobody did with these choices.") : clone("no-taps"));
    await picture(snapshot, found, signal);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    alone(failed(error, load));
  }
});

function alone(told) {
  for (const id of ["filters", "figures", "top", "snapshots"]) fill(byId(id));
  fill(byId("picture"), told);
}

// Choices

function choices(now, all, kept, snapshot) {
  const held = document.activeElement?.closest("#filters [name]")?.name;
  const select = (label, key, options) => {
    const field = h("select", { name: key, onchange: () => go({ [key]: field.value }) }, options.map(([value, text]) => h("option", { value, selected: value === now[key] }, text)));
    return h("label", {}, label, field);
  };
  const shares = (found, key) => {
    const options = found.map((one) => one.value ?? NOT_KNOWN);
    const missing = now[key] && !options.includes(now[key]) ? [now[key]] : [];
    return [["", "Any"], ...found.map((one) => [one.value ?? NOT_KNOWN, `${one.value ?? NOT_KNOWN} · ${number(one.taps)}`]), ...missing.map((one) => [one, `${one} · 0`])];
  };
  fill(byId("filters"),
    rangeField({ value: now.range, onchange: (range) => go({ range }) }),
    select("System", "os", shares(all.os, "os")),
    select("App version", "app_version", shares(all.app_versions, "app_version")),
    select("Event", "event_name", shares(all.events, "event_name")),
    kept.length > 1 && select("Picture", "snapshot", kept.map((one) => [keyOf(one), nameOf(one)])),
    h("button.button", { type: "button", "aria-pressed": String(heatShown), onclick: toggleHeat }, "Heat"));
  const picked = byId("filters").elements.snapshot;
  if (picked && snapshot) picked.value = keyOf(snapshot);
  if (held) byId("filters").elements[held]?.focus();
}

function toggleHeat(event) {
  heatShown = !heatShown;
  event.currentTarget.setAttribute("aria-pressed", String(heatShown));
  byId("picture").querySelectorAll(".heat-layer, .heat-key").forEach((one) => (one.hidden = !heatShown));
}

const keyOf = (one) => JSON.stringify([one.app_version, one.os]);
const nameOf = (one) => [one.app_version ?? "any version", one.os ?? "any system"].join(" · ");

// The one that was chosen; else one of what the taps are narrowed to; else the newest.
function chosenOf(kept, now) {
  const fits = (one) => (!now.os || one.os === now.os) && (!now.app_version || one.app_version === now.app_version);
  return kept.find((one) => keyOf(one) === now.snapshot) ?? kept.find(fits) ?? kept.find((one) => one.os === now.os) ?? kept[0] ?? null;
}

// The picture, with the heat over it

async function picture(snapshot, found, signal) {
  if (!snapshot && !found.taps) return fill(byId("picture"), clone("no-picture"));
  const { shown, ratio } = await frame(snapshot);
  if (signal.aborted) return;
  const { device_width: wide, device_height: high, scroll_offset_y: scrolled } = snapshot ?? {};
  // A picture may be longer than a screen, and may begin further down.
  const height = wide > 0 && high > 0 ? ratio / (high / wide) : 1;
  const start = high > 0 ? (scrolled ?? 0) / high : 0;
  const seen = found.cells.filter((one) => one.row + 1 > start * found.rows && one.row < (start + height) * found.rows);
  const missed = found.taps - seen.reduce((sum, one) => sum + one.taps, 0);
  const [most] = seen;
  const label = most ? `Heatmap of ${plural(found.taps, "tap")}, the most of them ${placeOf(most, found)}` : "No taps";
  const layer = heat({ ...found, cells: seen, top: start, height, ratio, label });
  const key = seen.length > 0 && heatLegend(seen);
  for (const one of [layer, key]) if (one) one.hidden = !heatShown;
  fill(byId("picture"),
    h(`figure.screenshot${ratio < 1 ? ".wide" : ""}`, {}, h("div.stage", {}, shown, layer), key && h("figcaption", {}, key),
      missed > 0 && h("p.quiet.small", {}, `${plural(missed, "tap")} outside of the picture, where people had scrolled to.`)),
    !snapshot && clone("no-picture"));
}

// An image that cannot be shown leaves an empty screen.
async function frame(snapshot) {
  const blank = (text) => ({ shown: h("div.blank-screen", {}, h("span.quiet.small", {}, text)), ratio: USUAL_RATIO });
  if (!snapshot) return blank("No picture yet");
  const image = h("img", { alt: `${name}, ${nameOf(snapshot)}`, src: imageOf(snapshot) });
  try {
    await image.decode();
    return { shown: image, ratio: image.naturalHeight / image.naturalWidth };
  } catch {
    return blank("The browser cannot show this picture.");
  }
}

const imageOf = (one) => address("screens/image", { screen: name, app_version: one.app_version, os: one.os });

// Beside it

function figures(screen, found, query) {
  const figure = (label, value) => h("div", {}, h("dt", {}, label), h("dd", {}, value));
  const people = found.people ? h("a", { href: peopleLink("heatmaps", query, {}, `Tapped on ${name}`, number(found.people)) }, number(found.people)) : "0";
  return [
    h("dl.figures", {}, figure("Taps", number(found.taps)), figure("People", people), figure(query.filters.length || query.event_name ? "Views, all" : "Views", number(screen.views))),
    found.unplaced > 0 && h("p.quiet.small", {}, `${plural(found.unplaced, "more tap")} without the screen's size, or outside of it.`),
  ];
}

const middle = (index, count) => `${Math.round((100 * (index + 0.5)) / count)}%`;
function placeOf(cell, { columns, rows }) {
  const screens = Math.floor(cell.row / rows);
  return `${middle(cell.column, columns)} from the left, ${middle(cell.row % rows, rows)} from the top${screens ? ` (${plural(screens, "screen")} scrolled)` : ""}`;
}

const top = (found, query) => h("div.scroll", { tabindex: "0", role: "region", "aria-label": "Most tapped" }, h("table.table", {},
  h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Place"), ["Taps", "Share", "People"].map((text) => h("th.num", { scope: "col" }, text)))),
  h("tbody", {}, found.cells.slice(0, TOP).map((cell) => h("tr", {},
    h("th", { scope: "row" }, placeOf(cell, found)),
    h("td.num", {}, number(cell.taps)), h("td.num", {}, percent(cell.taps / found.taps)),
    h("td.num", {}, h("a", { href: peopleLink("heatmaps", query, { column: cell.column, row: cell.row }, `Tapped on ${name}, ${placeOf(cell, found)}`, number(cell.people)) }, number(cell.people))))))));

const pixels = (one) => (one.device_width && one.device_height ? `${number(one.device_width)} × ${number(one.device_height)}` : null);

const snapshots = (kept, shown) => kept.length
  ? h("ul.plain.stack", {}, kept.map((one) => h("li", {},
    h("a.break", { href: imageOf(one), target: "_blank" }, nameOf(one)), one === shown && [" ", h("span.tag.good", {}, "shown")],
    h("p.quiet.small", {}, [pixels(one), `${number(Math.ceil(one.size / 1000))} kB`].filter(Boolean).join(" · "), " · ", timeAgo(one.uploaded_at)))))
  : h("p.quiet", {}, "None was uploaded yet.");

function begin() {
  byId("name").textContent = name || "A screen";
  document.title = `${name} · Whipstitch`;
  if (name) return load();
  alone(h("p.empty", {}, "No screen is named: ", h("a", { href: page("screens") }, "choose one"), "."));
}

byId("filters").addEventListener("submit", (event) => event.preventDefault());
addEventListener("popstate", load);
begin();
