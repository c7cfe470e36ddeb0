// The state of Web and Sessions: a range and filters, the same on both pages, in the address. A row of Web filters by what a
// session is: { property, operator, value, on: "session" }, as the query API takes it; what else stands in an address stays.

import { withParameters } from "./api.js";
import { DEFAULT_RANGE, isRange } from "./date_range.js";
import { h } from "./dom.js";
import { tidyFilters } from "./event_list.js";
import { filterText } from "./filter_editor.js";
import { decode, encode } from "./rison.js";

export const NAMES = {
  page: "Page", entry_page: "Entry page", exit_page: "Exit page", channel: "Channel", referrer: "Referrer",
  utm_source: "utm_source", utm_medium: "utm_medium", utm_campaign: "utm_campaign", country: "Country", device: "Device", browser: "Browser", os: "System",
};

const regions = new Intl.DisplayNames(undefined, { type: "region" });

// How a value of a session is written for people.
export function valueText(name, value) {
  if (value === null) return name === "referrer" ? "Direct, or not told" : "(not set)";
  if (name !== "country" || !/^[A-Z]{2}$/.test(value)) return value;
  return regions.of(value) ?? value;
}

export function stateOf(search) {
  const asked = new URLSearchParams(search);
  const range = asked.get("range") ?? "";
  return { range: isRange(range) ? range : DEFAULT_RANGE, filters: tidyFilters(decode(asked.get("filters") ?? "")) ?? [] };
}

export const parametersOf = ({ range, filters }) => ({ range: range === DEFAULT_RANGE ? "" : range, filters: filters.length ? encode(filters) : "" });

const isOf = (filter, name) => filter.on === "session" && filter.property === name;

// The filters with one by a row's value; a value of the same name goes.
export const filteredBy = (filters, name, value) => [
  ...filters.filter((one) => !isOf(one, name)),
  { property: name, ...(value === null ? { operator: "is_not_set" } : { operator: "is", value }), on: "session" },
];

export const isChosen = (filters, name, value) =>
  filters.some((one) => isOf(one, name) && (value === null ? one.operator === "is_not_set" : one.operator === "is" && one.value === value));

// The filters as buttons that take them away: change(filters).
export function chips(filters, change) {
  if (!filters.length) return null;
  const chip = (one, index) => {
    const text = h("span.cut", {}, sessionText(one) ?? "…");
    if (sessionText(one) === null) filterText(one).then((told) => (text.textContent = told), () => (text.textContent = "A filter"));
    return h("li", {}, h("button.token", { type: "button", title: "Take it away", onclick: () => change(filters.filter((_, at) => at !== index)) }, text, h("span", { "aria-hidden": "true" }, "×"), h("span.sr", {}, "take it away")));
  };
  return h("ul.chips", { "aria-label": "Filters" }, filters.map(chip), filters.length > 1 && h("li", {}, h("button.link.small", { type: "button", onclick: () => change([]) }, "Take all away")));
}

function sessionText({ property, operator, value, on }) {
  if (on !== "session" || !["is", "is_not_set"].includes(operator) || Array.isArray(value)) return null;
  return `${NAMES[property] ?? property}: ${valueText(property, operator === "is" ? String(value) : null)}`;
}

export const here = (state, more = {}) => withParameters(location.pathname, { ...parametersOf(state), ...more });
