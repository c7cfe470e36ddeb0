// The people behind a number: peopleLink("funnels", query, { step: 2, outcome: "dropped" }, "Dropped out before …", "12") is the
// address of the People page that lists them; `query` is the body that was sent to /api/v1/funnels, the last the number as it is
// shown. askedOf(search) reads it back. sourceLink(people_of, title): the same of the question that a cohort keeps.

import { page } from "./api.js";
import { decode, encode } from "./rison.js";

const SURFACES = ["insights", "funnels", "retention", "flows", "stickiness", "lifecycle", "experiments", "heatmaps", "web"];

export const peopleLink = (surface, query, peopleOf, title, number) =>
  page("people", { title, number, of: surface, question: encode({ ...query, people_of: peopleOf }) });

export function sourceLink({ surface, query }, title) {
  if (surface !== "people") return page("people", { title, of: surface, question: encode(query) });
  const { search, cohort, definition } = query;
  return page("people", { search, cohort, define: definition && encode(definition) });
}

// { surface, query, title, number } of an address, null where it asks about nobody's number.
export function askedOf(search) {
  const parameters = new URLSearchParams(search);
  const surface = parameters.get("of");
  const query = decode(parameters.get("question") ?? "");
  if (!SURFACES.includes(surface) || typeof query?.people_of !== "object") return null;
  return { surface, query, title: parameters.get("title") || "The people behind a number", number: parameters.get("number") ?? "" };
}
