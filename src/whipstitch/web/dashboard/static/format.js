// Numbers and times for people.

const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 1 });
const few = new Intl.NumberFormat(undefined, { maximumFractionDigits: 2 });
const share = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 1 });
const signed = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 1, signDisplay: "exceptZero" });
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { weekday: "short", year: "numeric", month: "short", day: "numeric" });
const both = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const since = new Intl.RelativeTimeFormat(undefined, { numeric: "auto", style: "short" });

// "—": there is none.
export const number = (value) => (value === null ? "—" : (Number.isInteger(value) ? whole : few).format(value));
export const compact = (value) => short.format(value);
export const percent = (value) => share.format(value);
export const plural = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;

export const timeOfDay = (text) => clock.format(new Date(text));
export const dayOf = (text) => day.format(new Date(text));
export const moment = (text) => both.format(new Date(text));

const UNITS = [["year", 31557600], ["month", 2629800], ["week", 604800], ["day", 86400], ["hour", 3600], ["minute", 60]];

export function ago(text, now = Date.now()) {
  const seconds = (new Date(text).getTime() - now) / 1000;
  const [unit, size] = UNITS.find(([, least]) => Math.abs(seconds) >= least) ?? ["second", 1];
  return since.format(Math.round(seconds / size), unit);
}

// The start of an interval (hour, day, week, month) of an answer, as the clocks of `timeZone` show it.
export function intervalLabel(text, interval, timeZone) {
  const shown = { hour: { hour: "2-digit", minute: "2-digit" }, month: { year: "numeric" } }[interval] ?? {};
  const days = interval === "month" ? {} : { day: "numeric" };
  return new Intl.DateTimeFormat(undefined, { month: "short", ...days, ...shown, timeZone }).format(new Date(text));
}

// The same for programs: 2026-11, 2026-11-25, 2026-11-25 14:00.
export function intervalIso(text, interval, timeZone) {
  const [date, time] = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "short", timeZone }).format(new Date(text)).split(" ");
  return { hour: `${date} ${time}`, month: date.slice(0, 7) }[interval] ?? date;
}

// The days from `from` to before `to`: "12 – 18 Nov 2026"
const days = new Intl.DateTimeFormat(undefined, { year: "numeric", month: "short", day: "numeric", timeZone: "UTC" });
export const daysText = ({ from, to }) => days.formatRange(new Date(from), Date.parse(to) - 86_400_000);

// How much more or less it is than before: +12.5%; "—" where there was nothing.
export const change = (now, before) => (before && now !== null ? signed.format(now / before - 1) : "—");

export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "—";
  const [unit, size] = UNITS.find(([, least]) => seconds >= least) ?? ["second", 1];
  return new Intl.NumberFormat(undefined, { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: 1 }).format(seconds / size);
}
