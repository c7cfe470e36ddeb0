// What the answers of several surfaces have in common.

import { rangeText } from "./date_range.js";
import { h } from "./dom.js";
import { number } from "./format.js";

// Values of a breakdown that stand alone where nobody says how many
export const usualLimit = 10;

export const tidyBreakdown = (breakdown) => (typeof breakdown?.property === "string" ? breakdown : null);

export const askedBreakdown = (breakdown) => (breakdown ? { limit: usualLimit, ...breakdown } : undefined);

// The name of a breakdown's group
export const groupLabel = (group) => (group === null ? "(none)" : group === "$other" ? "(other)" : group || "(blank)");

export const linkedNumber = (value, href, format = number) => (href ? h("a", { href }, format(value)) : format(value));

export const nothingHappened = (state) => h("p.empty", {}, `Nothing of that happened in this range (${rangeText(state.range).toLowerCase()}). Take a longer one, or take a filter away.`);
