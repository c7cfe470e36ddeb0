// An event in a list: a line that opens to all that is known of it. Names are as the lexicon calls them, once they are loaded.

import { page } from "./api.js";
import { h } from "./dom.js";
import { eventValue } from "./event_value.js";
import { ago, moment, timeOfDay } from "./format.js";
import { textOf, tree } from "./json.js";
import { displayed } from "./lexicon_names.js";

// `person`: whether the line names who it was; `shown`: properties that it has, too.
export function eventRow(event, { person = true, shown = [] } = {}) {
  const where = [event.city, event.country].filter(Boolean).join(", ");
  const line = h("summary", {},
    h("time.num", { datetime: event.timestamp, title: `${moment(event.timestamp)} (${ago(event.timestamp)})` }, timeOfDay(event.timestamp)),
    h("span.event-name.cut", { title: event.event_name }, displayed("event", event.event_name)),
    person && h("span.cut.mono", {}, event.distinct_id),
    h("span.cut.quiet.where", {}, [event.os, where].filter(Boolean).join(" · ")),
    values(event, shown));
  const details = h("details.event", {}, line);
  details.addEventListener("toggle", () => {
    if (details.open && details.childElementCount === 1) details.append(body(event));
  });
  return details;
}

function values(event, shown) {
  const found = shown.map((name) => [name, eventValue(event, name)]).filter(([, value]) => value !== undefined && value !== null);
  return found.length > 0 && h("span.shown", {}, found.map(([name, value]) => h("span.cut", { title: textOf(value) }, h("span.quiet", {}, `${displayed("property", name)} `), textOf(value))));
}

function body(event) {
  const { properties, default_properties: defaults, ...rest } = event;
  const known = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== "" && value !== null));
  const has = (value) => value && Object.keys(value).length > 0;
  return h("div.event-body", {},
    h("p", {}, h("a", { href: page("person", { id: event.distinct_id }) }, `Open ${event.distinct_id}`)),
    h("h3", {}, "Properties"), has(properties) ? tree(properties) : h("p.quiet", {}, "None were sent."),
    has(defaults) && [h("h3", {}, "Default properties"), tree(defaults)],
    h("h3", {}, "Event"), tree(known));
}
