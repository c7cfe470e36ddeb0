// Chooses a range of time: rangeField({ value, onchange }) is an element; what ranges are, date_range.js says.

import { daysOf, DEFAULT_RANGE, isRange, isRelative, LAST_UNITS, rangeOf, rangeText, settled } from "./date_range.js";
import { h } from "./dom.js";

const GROUPS = {
  "Up to now": ["24h", "7d", "30d", "90d", "6m", "12m"],
  "By the calendar": ["1d", "yesterday", "week", "last_week", "month", "last_month", "quarter", "last_quarter", "year", "last_year"],
};
const OFFERED = Object.values(GROUPS).flat();
const OWN = { last: "Last…", all: "All time", since: "Since…", custom: "Custom…" };
const MOST = 999;

// Which option a range is, where it is none that is offered as it is.
const kindOf = (range) => (!range || range === "all" || OFFERED.includes(range) ? range : !range.includes("..") ? "last" : isRelative(range) ? "since" : "custom");

// `none`: what no range at all ("") is called, where that may be chosen.
export function rangeField({ value, onchange, none = "" }) {
  const shown = isRange(value) ? value : none ? "" : DEFAULT_RANGE;
  let told = shown;
  async function tell(range) {
    if (range === told) return;
    told = range;
    await settled(range);
    if (told === range) onchange(range);
  }

  const option = (name, text = rangeText(name)) => h("option", { value: name, selected: name === kindOf(shown) }, text);
  const select = h("select", { "aria-label": "Range", onchange: () => {
    const own = parts[select.value];
    open(select.value);
    if (own) own.querySelector("input").select();
    else tell(select.value);
  } }, none && option("", none), Object.entries(GROUPS).map(([label, names]) => h("optgroup", { label }, names.map((name) => option(name)))),
  h("optgroup", { label: "Other" }, Object.entries(OWN).map(([name, text]) => option(name, text))));

  const parts = { last: lastField(shown, tell), since: momentFields(shown, tell, false), custom: momentFields(shown, tell, true) };
  const open = (kind) => Object.entries(parts).forEach(([name, part]) => (part.hidden = name !== kind));
  open(kindOf(shown));
  return h("span.date-range", {}, select, Object.values(parts));
}

// So many hours, days, weeks or months up to now.
function lastField(shown, tell) {
  const [, count, unit] = /^(\d+)(\w)$/.exec(shown) ?? [null, 14, "d"];
  const many = h("input.count", { type: "number", "aria-label": "How many", min: 1, max: MOST, step: 1, required: true, value: count, onchange: chosen });
  const of = h("select", { "aria-label": "Unit of time", onchange: chosen }, Object.entries(LAST_UNITS).map(([name, text]) => h("option", { value: name, selected: name === unit }, `${text}s`)));
  function chosen() {
    if (many.reportValidity()) tell(`${Number(many.value)}${of.value}`);
  }
  return h("span.days", {}, many, of);
}

// A first day and, where it `ends`, a last one; or times of day, up to the second one.
function momentFields(shown, tell, ends) {
  const custom = /\.\.\d/.test(shown) ? shown : daysOf(rangeOf(shown));
  let [since, until] = custom.split("..");
  let timed = custom.includes("T");
  // What is picked counts at once. What is typed is a day before it is whole: it counts when its field is left, and the next one
  // has the focus.
  let typing = false;
  const typed = () => typing && chosen();
  const field = (label) => h("input", {
    "aria-label": label, required: true,
    onkeydown: (event) => (event.key === "Enter" ? typed() : (typing = true)),
    onchange: () => typing || chosen(),
    onblur: () => setTimeout(typed),
  });
  const fields = ends ? [field("First day"), field("Last day")] : [field("Since")];
  const times = h("button.button.small", { type: "button", title: "With times of day", onclick: () => {
    timed = !timed;
    const [first, last] = fields.map((one) => one.value);
    [since, until] = timed ? [`${first}T00:00`, ends && dayAfter(last)] : [first.slice(0, 10), ends && lastDay(last)];
    draw();
    chosen();
  } }, "Times");

  function draw() {
    times.setAttribute("aria-pressed", String(timed));
    const typeOf = timed ? { type: "datetime-local", min: "1970-01-01T00:00", max: "2299-12-31T23:59" } : { type: "date", min: "1970-01-01", max: "2299-12-31" };
    fields.forEach((one, index) => {
      Object.entries(typeOf).forEach(([name, text]) => one.setAttribute(name, text));
      const text = index ? until : since;
      one.value = timed && text.length === 10 ? (index ? dayAfter(text) : `${text}T00:00`) : text;
    });
  }

  function chosen() {
    typing = false;
    const [from, last] = fields;
    const range = `${from.value}..${ends ? last.value : ""}`;
    const wrong = fields.every((one) => one.value) && !isRange(range);
    fields.at(-1).setCustomValidity(wrong && ends ? (timed ? "It ends before it begins." : "The last day lies before the first.") : "");
    if (wrong && ends) return last.reportValidity();
    if (isRange(range) && fields.every((one) => one.validity.valid)) tell(range);
  }

  draw();
  return h("span.days", {}, fields[0], ends && [h("span", { "aria-hidden": "true" }, "–"), fields[1]], times);
}

// Between a last day and the time at which it ends.
const lastDay = (moment) => daysOf({ from: moment, to: moment }).split("..")[1].slice(0, 10);
const dayAfter = (day) => `${rangeOf(`${day}..${day}`).to}T00:00`;
