// The lexicon's events: eventTable(rows) of row(event, …), the table of merged ones, and what is loaded after the list: details(rows, …).

import { failed, get, mayEdit, page, post, timezone } from "./api.js";
import { sparkline } from "./charts.js";
import { intervalFor, rangeOf } from "./date_range.js";
import { fill, h, skeleton } from "./dom.js";
import { intervalLabel, number, plural } from "./format.js";
import { view } from "./insights_view.js";
import { about, changes, editor, heading, propertyTable, said as saidOf } from "./lexicon_properties.js";
import { displayed } from "./lexicon_names.js";
import { defaultsOf, parametersOf } from "./question_state.js";
import { timeAgo } from "./time.js";

const COLUMNS = 5;
let toggles = 0;

export const eventTable = (rows) => h("div.scroll.lexicon", { tabindex: "0", role: "region", "aria-label": "Events" }, h("table.table", {},
  h("thead", {}, h("tr", {}, heading("Event"), heading("Volume"), heading("Events", "th.num"), heading("Last seen"), heading("Look at"))),
  rows.map((one) => one.element)));

function links(name, range) {
  const insights = page("insights", parametersOf(view, { ...defaultsOf(view), events: [{ event_name: name }], ...(range ? { range } : {}) }));
  return h("span.links", {},
    h("a", { href: page("events", { event_name: name }), "aria-label": `${name} live` }, "Live"),
    h("a", { href: insights, "aria-label": `${name} in Insights` }, "Insights"));
}

// { event, element, volume, body }: two rows of the table, of which the second is opened.
export function row(event, range, said, tools) {
  const id = `properties-${++toggles}`;
  const volume = h("td.volume");
  const body = h("td", { colspan: COLUMNS }, skeleton(3));
  const opened = h("tr.properties", { id, hidden: true }, body);
  const name = event.event_name;
  const toggle = h("button.toggle", { type: "button", "aria-expanded": "false", "aria-controls": id, onclick: () => {
    opened.hidden = !opened.hidden;
    toggle.setAttribute("aria-expanded", String(!opened.hidden));
  } }, h("span.cut", { title: name }, displayed("event", name)));
  const line = h("tr", {}, h("td", {}, toggle, saidOf("event", name, said, tools)), volume, h("td.num", {}, number(event.count)), h("td", {}, timeAgo(event.last_seen)), h("td", {}, links(name, range)));
  const edit = editor("event", name, said, tools);
  return { event, said, edit, volume, body, element: h("tbody", {}, line, opened) };
}

export const mergedTable = (merged, tools) => h("div.scroll.merged", { tabindex: "0", role: "region", "aria-label": "Merged events" }, h("table.table", {},
  h("thead", {}, h("tr", {}, heading("Merged event"), heading("Stands for"), heading("Look at"), mayEdit && heading("Change"))),
  h("tbody", {}, merged.map((one) => h("tr", {},
    h("th", { scope: "row" }, h("span.break", {}, displayed("event", one.name)), saidOf("event", one.name, one, tools), one.description && h("p.quiet.small", {}, one.description)),
    h("td", {}, one.any_of.map((member) => [h("code.sample", {}, member.event_name), member.filters?.length ? ` with ${plural(member.filters.length, "filter")} ` : " "])),
    h("td", {}, links(one.name)),
    mayEdit && h("td", {}, changes(one, tools)))))));

// What takes longer than the list, which stays where it fails.
export async function details(rows, range, asked, signal, list) {
  try {
    await Promise.all([volumes(rows, range, signal), described(rows, asked, signal)]);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    for (const { body } of rows) if (body.querySelector(".skeleton")) fill(body, h("p.quiet", {}, "Not loaded."));
    const notice = failed(error, () => {
      notice.remove();
      return details(rows, range, asked, signal, list);
    });
    list.append(notice);
  }
}

// The volumes of all rows, by one question.
async function volumes(rows, range, signal) {
  const names = rows.map((one) => one.event.event_name);
  const interval = intervalFor(range);
  const filters = [{ property: "$event_name", operator: "is", value: names }];
  const breakdown = { property: "$event_name", limit: names.length };
  const answer = await post("insights", { events: [{ event_name: null }], ...rangeOf(range), interval, filters, breakdown }, { signal });
  const found = new Map(answer.series.map((one) => [one.breakdown, one.values]));
  const labels = answer.intervals.map((one) => intervalLabel(one, interval, timezone));
  for (const { event, volume } of rows) {
    const values = found.get(event.event_name) ?? [];
    const most = values.indexOf(Math.max(...values));
    const told = values.length ? `By ${interval}: at most ${number(values[most])}, ${labels[most]}` : "None";
    fill(volume, sparkline(values, told));
    volume.title = told;
  }
}

async function described(rows, asked, signal) {
  const { events } = await get("lexicon", asked, { signal });
  const found = new Map(events.map((one) => [one.event_name, one]));
  for (const { event, said, edit, body } of rows) {
    const { properties = [], more_properties, first_seen } = found.get(event.event_name) ?? event;
    const shown = more_properties ? "The most frequent ones of more properties. " : `${plural(properties.length, "property", "properties")}. `;
    fill(body, about(said), edit, h("p.quiet.small", {}, properties.length ? shown : "No properties. ", "In this range since ", timeAgo(first_seen), "."),
      properties.length > 0 && propertyTable(properties, "Property"));
  }
}
