// Ranges of days: "7d", "6m", "month", or "2026-05-01..2026-05-31" (both ends inside). dateRange({ value, onchange }) lets one be
// chosen; rangeOf(value) -> { from, to } as the query API takes them, daysOf() is the way back; previousRange(value) is the one before.

import { timezone } from "./api.js";
import { h } from "./dom.js";
import { plural } from "./format.js";

export const DEFAULT_RANGE = "30d";
const PRESETS = {
  "1d": "Today", "7d": "Last 7 days", "30d": "Last 30 days", "90d": "Last 90 days",
  "6m": "Last 6 months", "12m": "Last 12 months", month: "This month",
};
const RELATIVE = /^([1-9]\d{0,2})([dm])$/;
const CUSTOM = /^(\d{4}-\d\d-\d\d)\.\.(\d{4}-\d\d-\d\d)$/;

// Days are texts, counted in UTC: what the project's clocks show is the API's business.
const dayMs = 86_400_000;
const asText = (time) => new Date(time).toISOString().slice(0, 10);
const time = (day) => Date.parse(`${day}T00:00:00Z`);
const plusDays = (day, count) => asText(time(day) + count * dayMs);

// The same day of another month, or its last where it has fewer.
function plusMonths(day, count) {
  const [year, month, date] = day.split("-").map(Number);
  const last = new Date(Date.UTC(year, month + count, 0)).getUTCDate();
  return asText(Date.UTC(year, month - 1 + count, Math.min(date, last)));
}

// The day that begins when `count` intervals (day, week, month) after the beginning of one are over.
export const afterIntervals = (day, interval, count) => (interval === "month" ? plusMonths(day, count) : plusDays(day, count * (interval === "week" ? 7 : 1)));

export const today = () =>
  new Intl.DateTimeFormat("en-CA", { timeZone: timezone, year: "numeric", month: "2-digit", day: "2-digit" }).format(new Date());

export const isRelative = (value) => value === "month" || RELATIVE.test(value);

export const isRange = (value) => {
  if (isRelative(value)) return true;
  const found = CUSTOM.exec(value);
  return Boolean(found) && time(found[1]) <= time(found[2]);
};

// The days from `from` to before `to`, as the project's clocks show them.
export function rangeOf(value, now = today()) {
  const tomorrow = plusDays(now, 1);
  const custom = isRange(value) && CUSTOM.exec(value);
  if (custom) return { from: custom[1], to: plusDays(custom[2], 1) };
  if (value === "month") return { from: `${now.slice(0, 8)}01`, to: tomorrow };
  const [, count, unit] = RELATIVE.exec(value) ?? RELATIVE.exec(DEFAULT_RANGE);
  return { from: unit === "d" ? plusDays(tomorrow, -count) : plusMonths(tomorrow, -count), to: tomorrow };
}

// As long, and just before; of months that have begun as many days of the ones before.
export function previousRange(value, now = today()) {
  const { from, to } = rangeOf(value, now);
  const [, count, unit] = RELATIVE.exec(value) ?? [];
  const months = value === "month" ? 1 : unit === "m" ? Number(count) : 0;
  if (months) return { from: plusMonths(from, -months), to: value === "month" ? plusDays(plusMonths(plusDays(to, -1), -1), 1) : from };
  return { from: plusDays(from, -daysIn(value, now)), to: from };
}

export const daysIn = (value, now = today()) => {
  const { from, to } = rangeOf(value, now);
  return Math.round((time(to) - time(from)) / dayMs);
};

// The interval that suits a range.
export const intervalFor = (value) => {
  const days = daysIn(value);
  return days <= 2 ? "hour" : days <= 92 ? "day" : days <= 190 ? "week" : "month";
};

export function rangeText(value) {
  const [, count, unit] = RELATIVE.exec(value) ?? [];
  return PRESETS[value] ?? (unit ? `Last ${plural(Number(count), unit === "d" ? "day" : "month")}` : value.replace("..", " to "));
}

const MIDNIGHT = /^[^T ]+(?:[T ]00:00(?::00(?:\.0+)?)?(?:Z|[+-].*)?)?$/;

// The days that `from` and `to` of a query touch, null where it has none of them.
export function daysOf({ from, to }, now = today()) {
  if (!from && !to) return null;
  const last = !to ? now : MIDNIGHT.test(to) ? plusDays(to.slice(0, 10), -1) : to.slice(0, 10);
  return `${from ? from.slice(0, 10) : plusDays(last, -29)}..${last}`;
}

// `none`: what no range at all ("") is called, where that may be chosen.
export function dateRange({ value, onchange, none = "" }) {
  const custom = !isRelative(value) && isRange(value);
  const shown = isRange(value) ? value : none ? "" : DEFAULT_RANGE;
  const { from, to } = rangeOf(shown);
  const offered = { ...(none && { "": none }), ...PRESETS, ...(shown && !custom && { [shown]: rangeText(shown) }) };
  const select = h("select", { "aria-label": "Range", onchange: () => {
    days.hidden = select.value !== "custom";
    if (days.hidden) onchange(select.value);
    else first.focus();
  } }, Object.entries(offered).map(([name, text]) => h("option", { value: name, selected: name === shown }, text)),
  h("option", { value: "custom", selected: custom }, "Custom…"));
  // A day that is picked counts at once. One that is typed is a day before it is whole: it counts when its field is left, and
  // the next one has the focus.
  let typing = false;
  const typed = () => typing && chosen();
  const field = (label, day) => h("input", {
    type: "date", "aria-label": label, value: day, required: true, min: "1970-01-01", max: "2299-12-31",
    onkeydown: (event) => (event.key === "Enter" ? typed() : (typing = true)),
    onchange: () => typing || chosen(),
    onblur: () => setTimeout(typed),
  });
  const [first, last] = [field("First day", from), field("Last day", plusDays(to, -1))];
  const days = h("span.days", { hidden: !custom }, first, h("span", { "aria-hidden": "true" }, "–"), last);
  let told = shown;
  function chosen() {
    typing = false;
    const range = `${first.value}..${last.value}`;
    const wrong = first.value && last.value && !isRange(range);
    last.setCustomValidity(wrong ? "The last day lies before the first." : "");
    if (wrong) return last.reportValidity();
    if (range === told || !isRange(range) || ![first, last].every((one) => one.validity.valid)) return;
    told = range;
    onchange(range);
  }
  return h("span.date-range", {}, select, days);
}
