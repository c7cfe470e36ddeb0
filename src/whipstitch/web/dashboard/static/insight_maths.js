// What a series of insights counts, and how people read it.

import { eventLabel } from "./lexicon_source.js";

// `counts`: of events or people, so that there are people behind it; `adds`: parts make a whole.
export const MATHS = {
  total: { text: "Total events", counts: true, adds: true },
  unique: { text: "People", said: "people", counts: true },
  sum: { text: "Sum of", said: "sum of", adds: true },
  avg: { text: "Average of", said: "average of" },
  min: { text: "Minimum of", said: "minimum of" },
  max: { text: "Maximum of", said: "maximum of" },
  p50: { text: "Median of", said: "median of" },
  p95: { text: "95th percentile of", said: "95th percentile of" },
};

export const letter = (index) => String.fromCharCode(65 + index);

// An average, an extreme or a percentile: of no numbers there is none.
export const isOfNumbers = ({ math }) => !MATHS[math].counts && !MATHS[math].adds;

export function eventText(one) {
  const { said } = MATHS[one.math];
  return [eventLabel(one.event_name), said && [said, one.property].filter(Boolean).join(" ")].filter(Boolean).join(" · ");
}
