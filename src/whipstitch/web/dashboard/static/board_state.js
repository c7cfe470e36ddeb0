// What a board asks of all its questions: { range, filters, breakdown }; "", [] and null where each has its own. It is kept with the
// board; an address that names some of it says all of it.

import { tidyBreakdown, usualLimit } from "./answer_parts.js";
import { isRange, rangeText } from "./date_range.js";
import { tidyFilters } from "./event_list.js";
import { filterText } from "./filter_editor.js";
import { decode, encode } from "./rison.js";

const NAMES = ["range", "filters", "breakdown"];
const EACH_ITS_OWN = "own";

function tidy({ range, filters, breakdown }) {
  const { property, on = "event", limit = usualLimit, elements } = tidyBreakdown(breakdown) ?? {};
  return {
    range: range && isRange(range) ? range : "",
    filters: tidyFilters(filters) ?? [],
    breakdown: property ? { property, on, limit, ...(elements ? { elements } : {}) } : null,
  };
}

export const keptOf = (board) => tidy(board);

export function stateOf(search, kept) {
  const asked = new URLSearchParams(search);
  if (!NAMES.some((name) => asked.has(name))) return kept;
  return tidy({ range: asked.get("range"), filters: decode(asked.get("filters") ?? ""), breakdown: decode(asked.get("breakdown") ?? "") });
}

export const isSame = (one, other) => NAMES.every((name) => encode(tidy(one)[name]) === encode(tidy(other)[name]));

// What the address has to say beside the board's id.
export function parametersOf(state, kept) {
  if (isSame(state, kept)) return {};
  const { range, filters, breakdown } = tidy(state);
  return { range: range || EACH_ITS_OWN, filters: filters.length ? encode(filters) : "", breakdown: breakdown && encode(breakdown) };
}

// As the query API keeps it.
export const bodyOf = (state) => {
  const { range, ...rest } = tidy(state);
  return { range: range || null, ...rest };
};

export const asks = ({ range, filters, breakdown }) => Boolean(range || filters.length || breakdown);

// A question's state with what its board asks; of a breakdown only what the question's view has.
export function applied(view, state, { range, filters, breakdown }) {
  const broken = breakdown && "breakdowns" in view.defaults ? { breakdowns: [breakdown], breakdown: null } : breakdown && "breakdown" in view.defaults ? { breakdown } : {};
  const gone = Object.fromEntries(["second", "group"].filter((name) => broken.breakdown && name in view.defaults).map((name) => [name, view.defaults[name]]));
  const asked = { ...state, ...(range ? { range } : {}), filters: [...(state.filters ?? []), ...filters], ...broken, ...gone };
  return view.tidy(asked);
}

// How it reads, in parts; await, for the names of cohorts.
export const textsOf = async ({ range, filters, breakdown }) => [
  range && rangeText(range),
  ...(await Promise.all(filters.map((one) => filterText(one).catch(() => "a filter")))),
  breakdown && `by ${breakdown.property}`,
].filter(Boolean);
