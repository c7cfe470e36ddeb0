// The state of People, which its address says: whom the list has, by what it is sorted, which columns it shows.
// { search, cohort, definition, asked, sort, descending, columns }; `asked` is the number whose people these are (people_behind.js).

import { page } from "./api.js";
import { askedOf } from "./people_behind.js";
import { decode, encode } from "./rison.js";

export const USUAL_COLUMNS = ["properties.email", "ids", "event_count", "first_seen", "last_seen"];
const BUILT_IN = ["ids", "event_count", "first_seen", "last_seen"];
const MOST_COLUMNS = 15;
const USUAL_SORT = "-last_seen";

export function stateOf(address) {
  const parameters = new URLSearchParams(address);
  const sort = parameters.get("sort") ?? USUAL_SORT;
  const columns = decode(parameters.get("columns") ?? "");
  const asked = askedOf(address);
  return {
    asked,
    search: asked ? "" : (parameters.get("search") ?? ""),
    cohort: asked ? "" : (parameters.get("cohort") ?? ""),
    definition: asked ? null : tidyDefinition(decode(parameters.get("define") ?? "")),
    sort: isColumn(sort.replace(/^-/, "")) ? sort.replace(/^-/, "") : "last_seen",
    descending: sort.startsWith("-"),
    columns: Array.isArray(columns) ? columns.filter(isColumn).slice(0, MOST_COLUMNS) : USUAL_COLUMNS,
  };
}

// The address of a state. Of the people behind a number it goes on saying which.
export function addressOf({ search, cohort, definition, sort, descending, columns }) {
  const parameters = new URLSearchParams(location.search);
  const number = Object.fromEntries(["title", "number", "of", "question"].map((name) => [name, parameters.get(name)]));
  const order = `${descending ? "-" : ""}${sort}`;
  return page("people", {
    ...number, search, cohort, define: definition && encode(definition), sort: order === USUAL_SORT ? "" : order,
    columns: encode(columns) === encode(USUAL_COLUMNS) ? "" : encode(columns),
  });
}

// What the query API is asked, without a page.
export const questionOf = ({ search, cohort, definition, asked, sort, descending }) => ({
  search, cohort, sort, order: descending ? "desc" : "asc",
  definition: definition ? JSON.stringify(definition) : "",
  people_of: asked ? JSON.stringify({ surface: asked.surface, query: asked.query }) : "",
});

// These people as a question to make a static cohort of, and the definition of a dynamic one; null where no definition says it.
export function cohortOf({ search, cohort, definition, asked }) {
  if (asked) return { people_of: { surface: asked.surface, query: asked.query }, definition: null };
  const query = { ...(search && { search }), ...(cohort && { cohort }), ...(definition && { definition }) };
  const inside = cohort ? [{ cohort, operator: "in" }] : [];
  const every = definition?.any?.length === 1 ? definition.any : (definition?.all ?? []);
  const said = definition?.any && definition.any !== every ? (cohort ? null : definition) : { all: [...every, ...inside] };
  return { people_of: { surface: "people", query }, definition: search || (!definition && !cohort) ? null : said };
}

const isColumn = (name) => BUILT_IN.includes(name) || (typeof name === "string" && /^properties\.(?!$)/s.test(name));

function tidyDefinition(given) {
  const name = given?.any ? "any" : "all";
  const conditions = Array.isArray(given?.[name]) ? given[name].filter(isCondition) : [];
  return conditions.length ? { [name]: conditions } : null;
}

const isCondition = (one) =>
  one && typeof one === "object" && ["property", "cohort", "did", "did_not"].some((name) => typeof one[name] === "string" || (one[name] === null && name.startsWith("did")));
