// What the answers of several surfaces have in common.

import { rangeText } from "./date_range.js";
import { h } from "./dom.js";
import { number } from "./format.js";

// Values of a breakdown that stand alone where nobody says how many
export const usualLimit = 10;

export const tidyBreakdown = (breakdown) => (typeof breakdown?.property === "string" ? breakdown : null);

export const askedBreakdown = (breakdown) => (breakdown ? { limit: usualLimit, ...breakdown } : undefined);

// The rest of the values, and all groups together. A value may be called so, too; its line says so then.
export const REST = "$other";
export const ALL = "$all";
const NAMES = { [REST]: "(other)", [ALL]: "(all)" };

// The name of a breakdown's group; values that read like the name of another are in quotes.
export function groupLabel(group, isValue = false) {
  if (group === null) return "(not set)";
  if (Object.hasOwn(NAMES, group)) return isValue ? `"${group}"` : NAMES[group];
  return ["(not set)", "(other)", "(all)", "(blank)"].includes(group) ? `"${group}"` : group || "(blank)";
}

// What tells the people behind a line which group it is.
export const groupAsked = (group, isValue = false) => ({ breakdown: group, ...(group === REST ? { is_value: Boolean(isValue) } : {}) });

export const linkedNumber = (value, href, format = number) => (href ? h("a", { href }, format(value)) : format(value));

export const nothingHappened = (state) => h("p.empty", {}, `Nothing of that happened in this range (${rangeText(state.range).toLowerCase()}). Take a longer one, or take a filter away.`);
