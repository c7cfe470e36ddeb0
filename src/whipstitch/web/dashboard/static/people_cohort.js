// Makes a cohort of the people of a list: await keep(state) is the cohort, null where nobody wanted it.

import { post } from "./api.js";
import { dialog } from "./dialog.js";
import { h } from "./dom.js";
import { cohortOf } from "./people_state.js";

const KINDS = {
  dynamic: "Whoever meets these conditions, kept up to date (dynamic)",
  static: "Those who are in the list now (static)",
};

export async function keep(state) {
  const { people_of: people, definition } = cohortOf(state);
  let kind = definition ? "dynamic" : "static";
  let cohort = null;
  const name = h("input", { value: state.asked?.title.slice(0, 200) ?? "", required: true, maxlength: 200, autocomplete: "off", onfocus: () => name.select() });
  const choice = h("fieldset", {}, h("legend", {}, "Who is in it"), h("div.row.kinds", {}, Object.entries(KINDS).map(([value, text]) =>
    h("label", {}, h("input", { type: "radio", name: "kind", value, checked: value === kind, onchange: () => (kind = value) }), ` ${text}`))));
  const told = "All people of this list, as they are now, become a static cohort, which keeps the question that they are the answer to. It can be used as a filter anywhere.";
  await dialog({
    title: "Save as cohort", answer: "Save",
    content: () => [h("label", {}, "Name", name), definition ? choice : h("p", {}, told)],
    act: async () => {
      const who = kind === "dynamic" ? { definition } : { people_of: people };
      ({ cohort } = await post("cohorts", { name: name.value.trim(), kind, ...who }));
    },
  });
  return cohort;
}
