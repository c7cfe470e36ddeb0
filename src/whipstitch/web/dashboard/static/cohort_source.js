// The cohorts of the environment, asked for once a page: await cohorts() -> [{ id, name, size, … }];
// await cohortOptions(text) for comboboxes; await cohortName(id), the id itself where there is none.

import { get } from "./api.js";
import { matching } from "./combobox.js";
import { compact } from "./format.js";

let asked = null;

export function cohorts() {
  if (!asked) {
    asked = get("cohorts").then((answer) => answer.cohorts);
    asked.catch(() => (asked = null));
  }
  return asked;
}

export const cohortOptions = async (text) =>
  matching((await cohorts()).map((one) => ({ value: one.id, label: one.name, note: compact(one.size) })), text);

export const cohortName = async (id) => (await cohorts()).find((one) => one.id === id)?.name ?? id;
