// Numbers and times for people.

import { timezone } from "./api.js";

const intl = (options) => new Intl.NumberFormat(undefined, options);
const whole = intl({ maximumFractionDigits: 0 });
const short = intl({ notation: "compact", maximumFractionDigits: 1 });
const few = intl({ maximumFractionDigits: 2 });
const small = intl({ maximumSignificantDigits: 3 });
const share = intl({ style: "percent", maximumFractionDigits: 1 });
const smallShare = intl({ style: "percent", maximumSignificantDigits: 2 });
const signed = intl({ style: "percent", maximumFractionDigits: 1, signDisplay: "exceptZero" });
const smallSigned = intl({ style: "percent", maximumSignificantDigits: 2, signDisplay: "exceptZero" });
// As the project's clocks show them, which pages name below.
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", timeZone: timezone });
const day = new Intl.DateTimeFormat(undefined, { weekday: "short", year: "numeric", month: "short", day: "numeric", timeZone: timezone });
const both = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium", timeZone: timezone });
// Where clocks are put back they show an hour twice: these say which it is.
const exactly = { hour: "2-digit", minute: "2-digit", second: "2-digit", timeZone: timezone, timeZoneName: "shortOffset" };
const clockTwice = new Intl.DateTimeFormat(undefined, exactly);
const bothTwice = new Intl.DateTimeFormat(undefined, { year: "numeric", month: "short", day: "numeric", ...exactly });
const since = new Intl.RelativeTimeFormat(undefined, { numeric: "auto", style: "short" });

// "—": there is none. What is small keeps three digits: 0.0025 is not 0.
export const number = (value) => (value === null ? "—" : (Number.isInteger(value) ? whole : Math.abs(value) < 1 ? small : few).format(value));
export const compact = (value) => short.format(value);
export const percent = (value) => (value && Math.abs(value) < 0.001 ? smallShare : share).format(value);

// Numbers of a unit: formatOf("€")(12.5) is €12.50. Symbols and codes of currencies stand where people write them, all else behind.
const CURRENCIES = { "€": "EUR", $: "USD", "£": "GBP", "¥": "JPY", "₹": "INR", "₩": "KRW" };
const currencyOf = (unit) => CURRENCIES[unit] ?? (/^[A-Z]{3}$/.test(unit) ? unit : null);
const behind = (unit, text) => (unit === "%" ? `${text}%` : `${text}\u00a0${unit}`);

export function formatOf(unit) {
  if (!unit) return number;
  const currency = currencyOf(unit);
  const money = (value) => intl({ style: "currency", currency, currencyDisplay: "narrowSymbol", ...(value && Math.abs(value) < 0.01 ? { maximumSignificantDigits: 2 } : { trailingZeroDisplay: "stripIfInteger" }) }).format(value);
  return (value) => (value === null ? "—" : currency ? money(value) : behind(unit, number(value)));
}

// The same for an axis whose numbers are `step` apart: short, and told from each other.
export const axisOf = (unit = "") => (step) => {
  const digits = Math.max(0, Math.min(20, 1 - Math.floor(Math.log10(step))));
  const style = step >= 1 ? { notation: "compact", maximumFractionDigits: 1 } : { maximumFractionDigits: digits };
  const currency = currencyOf(unit);
  const format = intl(currency ? { ...style, style: "currency", currency, currencyDisplay: "narrowSymbol", minimumFractionDigits: 0 } : style);
  return (value) => (unit && !currency ? behind(unit, format.format(value)) : format.format(value));
};
export const plural = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;

export const timeOfDay = (text) => (isTwice(text, timezone) ? clockTwice : clock).format(new Date(text));
export const dayOf = (text) => day.format(new Date(text));
export const moment = (text) => (isTwice(text, timezone) ? bothTwice : both).format(new Date(text));

const UNITS = [["year", 31557600], ["month", 2629800], ["week", 604800], ["day", 86400], ["hour", 3600], ["minute", 60]];

export function ago(text, now = Date.now()) {
  const seconds = (new Date(text).getTime() - now) / 1000;
  const [unit, size] = UNITS.find(([, least]) => Math.abs(seconds) >= least) ?? ["second", 1];
  return since.format(Math.round(seconds / size), unit);
}

// The start of an interval (hour, day, week, month) of an answer, as the clocks of `timeZone` show it. Where they are put back
// within a day they show the same twice: then it says which.
export function intervalLabel(text, interval, timeZone) {
  const shown = { hour: { hour: "2-digit", minute: "2-digit" }, month: { year: "numeric" } }[interval] ?? {};
  const days = interval === "month" ? {} : { day: "numeric" };
  const at = (time, more) => new Intl.DateTimeFormat(undefined, { month: "short", ...days, ...shown, timeZone, ...more }).format(time);
  return at(Date.parse(text), interval === "hour" && isTwice(text, timeZone) ? { timeZoneName: "shortOffset" } : {});
}

// The same for programs: 2026-11, 2026-11-25, 2026-11-25 14:00, 2026-10-25 02:00+01:00.
export function intervalIso(text, interval, timeZone) {
  const [date, time] = clockShows(Date.parse(text), timeZone).split(" ");
  const offset = interval === "hour" && isTwice(text, timeZone) ? offsetOf(text, timeZone) : "";
  return { hour: `${date} ${time}${offset}`, month: date.slice(0, 7) }[interval] ?? date;
}

const clocks = new Map();
function clockShows(time, timeZone) {
  if (!clocks.has(timeZone)) clocks.set(timeZone, new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "short", timeZone }));
  return clocks.get(timeZone).format(time);
}
// Clocks are put back by an hour, somewhere by half of one.
function isTwice(at, timeZone) {
  const time = new Date(at).getTime();
  return [-60, -30, 30, 60].some((minutes) => clockShows(time + minutes * 60_000, timeZone) === clockShows(time, timeZone));
}
const offsetOf = (text, timeZone) =>
  new Intl.DateTimeFormat("en", { timeZone, timeZoneName: "longOffset" }).formatToParts(new Date(text)).find((one) => one.type === "timeZoneName").value.slice(3) || "+00:00";

// The days from `from` to before `to`: "12 – 18 Nov 2026"; where they are times of day, these, too, as the project's clocks show them.
const timed = (timeZone) => new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short", timeZone });
const days = new Intl.DateTimeFormat(undefined, { year: "numeric", month: "short", day: "numeric", timeZone: "UTC" });
export function daysText({ from, to }) {
  if (!`${from}${to}`.includes("T")) return days.formatRange(new Date(from), Date.parse(to) - 86_400_000);
  if (to.endsWith("Z")) return timed(timezone).formatRange(new Date(from), new Date(to));
  // What has no offset is counted as if in UTC.
  const [start, end] = [from, to].map((text) => new Date(text.includes("T") ? `${text}Z` : text));
  return timed("UTC").formatRange(start, end);
}

// How much more or less it is than before: +12.5%, and from −100 to −50 +50%; "—" where there was nothing.
export function change(now, before) {
  if (!before || now === null) return "—";
  const by = (now - before) / Math.abs(before);
  return (by && Math.abs(by) < 0.001 ? smallSigned : signed).format(by);
}

export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "—";
  const [unit, size] = UNITS.find(([, least]) => seconds >= least) ?? ["second", 1];
  return new Intl.NumberFormat(undefined, { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: 1 }).format(seconds / size);
}

// A span of time to the second, as visits last: 48s, 3m 05s, 1h 02m.
export function span(seconds) {
  if (seconds === null || seconds === undefined) return "—";
  const rounded = Math.round(seconds);
  const two = (count) => String(count).padStart(2, "0");
  if (rounded < 60) return `${rounded}s`;
  return rounded < 3600 ? `${Math.floor(rounded / 60)}m ${two(rounded % 60)}s` : `${Math.floor(rounded / 3600)}h ${two(Math.floor((rounded % 3600) / 60))}m`;
}
