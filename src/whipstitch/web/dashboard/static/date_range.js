// Ranges of time, as addresses and saved questions have them: the last "24h", "30d", "4w", "6m"; "yesterday", "week", "last_week"
// (month, quarter, year), "all"; "2026-05-01..2026-05-31" (both days inside), "2026-05-01T08:30..2026-05-01T18:00" (up to the
// second time), "2026-05-01.." (since then). rangeOf(value) -> { from, to } as the query API takes them, daysOf() is the way back;
// previousRange(value) is the one before.

import { post, timezone } from "./api.js";
import { intervalIso, plural } from "./format.js";

export const DEFAULT_RANGE = "30d";
export const LAST_UNITS = { h: "hour", d: "day", w: "week", m: "month" };
const TEXTS = {
  "1d": "Today", yesterday: "Yesterday", week: "This week", last_week: "Last week", month: "This month", last_month: "Last month",
  quarter: "This quarter", last_quarter: "Last quarter", year: "This year", last_year: "Last year", all: "All time",
};
const LAST = /^([1-9]\d{0,2})([hdwm])$/;
const CALENDAR = /^(last_)?(week|month|quarter|year)$/;
const MOMENT = String.raw`\d{4}-\d\d-\d\d(?:T\d\d:\d\d)?`;
const CUSTOM = new RegExp(`^(${MOMENT})\\.\\.(${MOMENT})?$`);
const MONTHS = { month: 1, quarter: 3, year: 12 };
// No event can have an earlier time.
const EARLIEST = "1900-01-01";

// Days, and times without an offset, are texts, counted as if in UTC: what the project's clocks show is the API's business.
const dayMs = 86_400_000;
const hourMs = 3_600_000;
const isDay = (text) => text.length === 10;
const time = (text) => Date.parse(isDay(text) ? `${text}T00:00:00Z` : text.endsWith("Z") ? text : `${text}Z`);
const asText = (ms) => new Date(ms).toISOString().slice(0, ms % dayMs ? 16 : 10);
const plusDays = (day, count) => asText(time(day) + count * dayMs);

// The same day of another month, or its last where it has fewer.
function plusMonths(day, count) {
  const [year, month, date] = day.split("-").map(Number);
  const last = new Date(Date.UTC(year, month + count, 0)).getUTCDate();
  return asText(Date.UTC(year, month - 1 + count, Math.min(date, last)));
}

const plus = (day, unit, count) => (unit === "week" ? plusDays(day, 7 * count) : plusMonths(day, MONTHS[unit] * count));

// The first day of the week, month, quarter or year that a day lies in.
function begun(unit, day) {
  if (unit === "week") return plusDays(day, -((new Date(time(day)).getUTCDay() + 6) % 7));
  const months = Number(day.slice(5, 7)) - 1;
  return plusMonths(`${day.slice(0, 8)}01`, -(months % MONTHS[unit]));
}

// The day that begins when `count` intervals (day, week, month) after the beginning of one are over.
export const afterIntervals = (day, interval, count) => (interval === "month" ? plusMonths(day, count) : plusDays(day, count * (interval === "week" ? 7 : 1)));

const clock = new Intl.DateTimeFormat("sv-SE", { timeZone: timezone, dateStyle: "short", timeStyle: "short" });
const shownAt = (moment) => clock.format(moment).replace(" ", "T");
export const today = () => shownAt(new Date()).slice(0, 10);

// Whether it means other days tomorrow.
export const isRelative = (value) => Object.hasOwn(TEXTS, value) || LAST.test(value) || (isRange(value) && value.endsWith(".."));

export const isRange = (value) => {
  if (Object.hasOwn(TEXTS, value) || LAST.test(value)) return true;
  const [, from, to = from] = CUSTOM.exec(value) ?? [];
  if (!from) return false;
  return time(from) < time(to) + (isDay(to) || value.endsWith("..") ? dayMs : 0);
};

// What "all" goes back to, once it is known: the month of the first event.
let first = null;

// To be awaited before a range is asked for that may be "all".
export async function settled(range) {
  if (range !== "all" || first) return;
  try {
    const { intervals, series: [{ values }] } = await post("insights", { events: [{ event_name: null }], from: EARLIEST, interval: "month" });
    const index = values.findIndex(Boolean);
    first = index < 0 ? today() : `${intervalIso(intervals[index], "month", timezone)}-01`;
  } catch {
    // The question itself says what is wrong.
  }
}

// From `from` to before `to`, as the project's clocks show them.
export function rangeOf(value, now = today()) {
  const tomorrow = plusDays(now, 1);
  const [, since, until] = (isRange(value) && CUSTOM.exec(value)) || [];
  if (since) return { from: since, to: !until ? tomorrow : isDay(until) ? plusDays(until, 1) : until };
  if (value === "all") return { from: first ?? EARLIEST, to: tomorrow };
  if (value === "yesterday") return { from: plusDays(now, -1), to: now };
  const [, last, calendar] = CALENDAR.exec(value) ?? [];
  if (calendar) {
    const start = begun(calendar, now);
    return last ? { from: plus(start, calendar, -1), to: start } : { from: start, to: tomorrow };
  }
  const [, count, unit] = LAST.exec(value) ?? LAST.exec(DEFAULT_RANGE);
  if (unit === "h") {
    const end = (Math.floor(Date.now() / hourMs) + 1) * hourMs;
    return { from: new Date(end - count * hourMs).toISOString(), to: new Date(end).toISOString() };
  }
  return { from: unit === "m" ? plusMonths(tomorrow, -count) : plusDays(tomorrow, -count * (unit === "w" ? 7 : 1)), to: tomorrow };
}

// As long, and just before; of weeks, months … that have begun as many days of the ones before. null where nothing is before.
export function previousRange(value, now = today()) {
  if (value === "all") return null;
  const { from, to } = rangeOf(value, now);
  const [, last, calendar] = CALENDAR.exec(value) ?? [];
  if (calendar) return { from: plus(from, calendar, -1), to: last ? from : plusDays(plus(now, calendar, -1), 1) };
  const [, count, unit] = LAST.exec(value) ?? [];
  if (unit === "m") return { from: plusMonths(from, -count), to: from };
  const start = time(from) * 2 - time(to);
  return { from: from.endsWith("Z") ? new Date(start).toISOString() : asText(start), to: from };
}

// How many days the week, month … that has begun lies behind the one before; null of other ranges.
export function daysBack(value, now = today()) {
  const [, last, calendar] = CALENDAR.exec(value) ?? [];
  return !calendar || last ? null : (time(rangeOf(value, now).from) - time(previousRange(value, now).from)) / dayMs;
}

export const daysIn = (value, now = today()) => {
  const { from, to } = rangeOf(value, now);
  return Math.ceil((time(to) - time(from)) / dayMs);
};

// The interval that suits a range.
export const intervalFor = (value) => {
  const days = daysIn(value);
  return days <= 2 ? "hour" : days <= 92 ? "day" : days <= 190 ? "week" : "month";
};

export function rangeText(value) {
  const [, count, unit] = LAST.exec(value) ?? [];
  if (Object.hasOwn(TEXTS, value)) return TEXTS[value];
  if (unit) return `Last ${plural(Number(count), LAST_UNITS[unit])}`;
  const [since, until] = value.replaceAll("T", " ").split("..");
  return until ? `${since} to ${until}` : `Since ${since}`;
}

const MIDNIGHT = /^[^T ]+(?:[T ]00:00(?::00(?:\.0+)?)?(?:Z|[+-].*)?)?$/;
const OFFSET = /[T ].*(?:Z|[+-]\d\d:?\d\d)$/;

// A time of a query to the minute, as the project's clocks show it; at midnight a day.
const local = (text) => (MIDNIGHT.test(text) ? text.slice(0, 10) : OFFSET.test(text) ? shownAt(new Date(text)) : text.slice(0, 16).replace(" ", "T"));

// The range that `from` and `to` of a query mean, null where it has none of them.
export function daysOf({ from, to }) {
  if (!from && !to) return null;
  if (!to) return `${local(from)}..`;
  const end = local(to);
  const last = isDay(end) ? plusDays(end, -1) : end;
  const start = from ? local(from) : asText(time(end) - 30 * dayMs);
  return `${start}..${last}`;
}
