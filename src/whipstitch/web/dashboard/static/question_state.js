// The state of a page that asks a question: in an address, as a query, saved, and answered. What a surface is like is said by its
// view, static/SURFACE_view.js; question pages (question.js) and boards share them.

import { post } from "./api.js";
import { DEFAULT_RANGE, daysOf, isRange, isRelative, previousRange, rangeOf } from "./date_range.js";
import { decode, encode } from "./rison.js";

// A view:
// - surface: "funnels" is asked at /api/v1/funnels.
// - defaults: the state where the address says nothing, flat: { steps: [], order: "ordered", … }. `range` and `compare` are
//   added. Texts stand in the address as they are, true as 1, all else as Rison.
// - tidy(state): the state with everything in its place; an address may hold anything.
// - query(state): the body, without from and to; null where something is still missing, which missing(state) says.
// - draw(element, { state, answer, before, query, queryBefore }): shows it; gives back { labels, series, corner?, kept? }: the first
//   three for the CSV, and a patch of what the state keeps of the picture, which are fields that `unasked` lists.
//   `query` is what was sent, for peopleLink(); `before` is the answer of the period before, null where it is not compared.
// - read(query): the state that a saved query says, where its fields are not those of the state.
// - parts(query), joined(answers, query): where several questions make the answer.
// - unequalled: true where there is nothing to compare (no switch is shown).
// - compares: true where the query itself says what is compared with, and the page's own controls do.

export const defaultsOf = (view) => ({ range: DEFAULT_RANGE, compare: false, ...view.defaults });

// The state that an address says.
export function stateOf(view, search) {
  const parameters = new URLSearchParams(search);
  const state = Object.fromEntries(Object.entries(defaultsOf(view)).map(([name, usual]) => {
    const text = parameters.get(name);
    if (text === null) return [name, usual];
    if (typeof usual === "string") return [name, text];
    if (typeof usual === "boolean") return [name, text === "1"];
    return [name, decode(text) ?? usual];
  }));
  if (!isRange(state.range)) state.range = DEFAULT_RANGE;
  return view.tidy ? view.tidy(state) : state;
}

// What of a state an address has to say, for withParameters(), page().
export function parametersOf(view, state) {
  const usual = defaultsOf(view);
  const told = Object.entries(state).filter(([name, value]) => name in usual && encode(value) !== encode(usual[name]));
  return Object.fromEntries(told.map(([name, value]) => [name, typeof value === "string" ? value : typeof value === "boolean" ? Number(value) : encode(value)]));
}

// What is saved of a state, as the query API takes it: { surface, query, range, view }. A relative range is kept as one, and then
// the query has no from and to; `view` is what the query does not say.
export function questionOf(view, state) {
  const relative = isRelative(state.range);
  const asked = { surface: view.surface, query: { ...view.query(state), ...(relative ? {} : rangeOf(state.range)) }, range: relative ? state.range : null };
  const said = savedState(view, { ...asked, view: {} });
  const rest = Object.entries(state).filter(([name, value]) => name in said && name !== "range" && !same(value, said[name]));
  return { ...asked, view: Object.fromEntries(rest) };
}

// The state of a saved question. Of one that another client saved, the query says it all.
export function savedState(view, { query, range, view: shown }) {
  const usual = defaultsOf(view);
  const fits = ([name, value]) => name in usual && (!["string", "boolean"].includes(typeof usual[name]) || typeof value === typeof usual[name]);
  const known = (values) => Object.fromEntries(Object.entries(values).filter(fits));
  const state = { ...usual, ...known(view.read?.(query) ?? query), ...known(shown), range: range ?? daysOf(query) ?? DEFAULT_RANGE };
  return view.tidy ? view.tidy(state) : state;
}

export const sameState = (view, one, other) => Object.keys(defaultsOf(view)).every((name) => view.unasked?.includes(name) || same(one[name], other[name]));

// In whatever order the keys of objects are.
const same = (one, other) => encode(sorted(one)) === encode(sorted(other));
const sorted = (value) => {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)).map(([name, one]) => [name, sorted(one)]));
};

// The answer to a state, and to the period before: what draw() takes beside the state.
export async function ask(view, state, options = {}) {
  const body = view.query(state);
  const query = { ...body, ...rangeOf(state.range) };
  const past = state.compare && !view.unequalled && !view.compares ? previousRange(state.range) : null;
  const queryBefore = past && { ...body, ...past };
  const answered = async (one) => {
    if (!view.parts) return post(view.surface, one, options);
    return view.joined(await Promise.all(view.parts(one).map((part) => post(view.surface, part, options))), one);
  };
  const [answer, before] = await Promise.all([query, queryBefore].map((one) => one && answered(one)));
  return { state, answer, before, query, queryBefore };
}
