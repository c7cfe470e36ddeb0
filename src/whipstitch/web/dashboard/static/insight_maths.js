// What a series of insights counts, and how people read it.

import { eventLabel } from "./lexicon_source.js";

// `counts`: of events, people or values, so that there are people behind it; `adds`: parts make a whole; `of`: of a property, and of
// the numbers that it has if `numbers`.
export const MATHS = {
  total: { text: "Total events", counts: true, adds: true },
  unique: { text: "People (DAU by day)", said: "people", counts: true },
  sum: { text: "Sum of", said: "sum of", adds: true, of: true, numbers: true },
  avg: { text: "Average of", said: "average of", of: true, numbers: true },
  min: { text: "Minimum of", said: "minimum of", of: true, numbers: true },
  max: { text: "Maximum of", said: "maximum of", of: true, numbers: true },
  p50: { text: "Median of", said: "median of", of: true, numbers: true },
  p90: { text: "90th percentile of", said: "90th percentile of", of: true, numbers: true },
  p95: { text: "95th percentile of", said: "95th percentile of", of: true, numbers: true },
  p99: { text: "99th percentile of", said: "99th percentile of", of: true, numbers: true },
  distinct: { text: "Different values of", said: "different values of", counts: true, of: true },
};
const OVER_PEOPLE = { avg: "average", median: "median", p90: "90th percentile", min: "minimum", max: "maximum" };

export const letter = (index) => String.fromCharCode(65 + index);

// Whether there may be none: of no numbers there is no average, extreme or percentile, and of nobody nothing per person.
export const mayBeNone = ({ math, per_person: over }) => Boolean(over) || (!MATHS[math].counts && !MATHS[math].adds);

// Whether the parts of it make a whole, and whether its whole is called a total.
export const addsUp = ({ math, per_person: over }) => !over && Boolean(MATHS[math].adds);
export const isTotal = ({ math, per_person: over }) => !over && Boolean(MATHS[math].adds || MATHS[math].counts);

// A series of a query, in words: its own name, if it has one.
export function seriesText({ name, event_name: event, math, property, per_person: over, rolling_days: days }) {
  const { said } = MATHS[math];
  return name || [eventLabel(event), said && [said, property].filter(Boolean).join(" "), days && `in ${days} days`, over && `${OVER_PEOPLE[over]} per person`].filter(Boolean).join(" · ");
}
