// The lexicon's properties and traits, and how what is said of a name is shown.

import { mayEdit } from "./api.js";
import { h } from "./dom.js";
import { displayed } from "./lexicon_names.js";
import { editName, forgetName } from "./name_editor.js";
import { timeAgo } from "./time.js";

export const heading = (text, kind = "th") => h(kind, { scope: "col" }, text);

// The name that is sent, where pages call it otherwise; tags, and whether it is verified or hidden.
export const said = (kind, name, found, { tagged }) => found && h("span.said", {},
  displayed(kind, name) !== name && h("code.quiet.small", {}, name),
  found.verified_by && h("span.tag.good", { title: `Verified by ${found.verified_by}` }, "verified"),
  found.hidden && h("span.tag.warn", {}, "hidden"),
  found.tags.map((tag) => h("button.tag", { type: "button", "aria-label": `Only with the tag ${tag}`, onclick: () => tagged(tag) }, tag)));

export const about = (found) => found && [
  found.description && h("p.description", {}, found.description),
  found.verified_by && h("p.quiet.small", {}, "Verified by ", found.verified_by, " ", timeAgo(found.verified_at), "."),
];

const samples = (values) => (values.length ? values.map((value) => [h("code.sample", {}, typeof value === "string" ? value : JSON.stringify(value)), " "]) : h("span.quiet", {}, "none that is short"));
const types = (all) => all.map((type) => [h("span.tag", {}, type), " "]);

export const propertyTable = (found, kind) => h("table.table.described", {},
  h("thead", {}, h("tr", {}, heading(kind), heading("Types"), heading("Samples"))),
  h("tbody", {}, found.map((one) => h("tr", {}, h("th", { scope: "row" }, h("code.break", {}, one.name)), h("td", {}, types(one.types)), h("td", {}, samples(one.samples))))));

// A list of properties or traits, with what is said of them, which may be changed.
export const namedTable = (found, kind, known, tools) => h("div.scroll", { tabindex: "0", role: "region", "aria-label": kind === "trait" ? "Traits" : "Properties" }, h("table.table.described", {},
  h("thead", {}, h("tr", {}, heading(kind === "trait" ? "Trait" : "Property"), heading("Types"), heading("Samples"), kind === "property" && heading("Last seen"), mayEdit && heading("Change"))),
  h("tbody", {}, found.map((one) => h("tr", {},
    h("th", { scope: "row" }, h("code.break", {}, displayed(kind, one.name)), said(kind, one.name, known.get(one.name), tools), about(known.get(one.name))),
    h("td", {}, types(one.types)), h("td", {}, samples(one.samples.slice(0, 5))),
    kind === "property" && h("td.tight", {}, one.last_seen && timeAgo(one.last_seen)),
    mayEdit && h("td", {}, editor(kind, one.name, known.get(one.name), tools)))))));

// Properties that are worked out from others.
export const computedTable = (found, tools) => h("div.scroll.merged", { tabindex: "0", role: "region", "aria-label": "Properties from expressions" }, h("table.table", {},
  h("thead", {}, h("tr", {}, heading("From an expression"), heading("Expression"), mayEdit && heading("Change"))),
  h("tbody", {}, found.map((one) => h("tr", {},
    h("th", { scope: "row" }, h("span.break", {}, displayed("property", one.name)), said("property", one.name, one, tools), about(one)),
    h("td", {}, h("code.break", {}, one.expression)),
    mayEdit && h("td", {}, changes(one, tools)))))));

const button = (text, name, act, tools) => h("button.button.small", { type: "button", "aria-label": `${text} ${name}`, onclick: async () => (await act()) && tools.changed() }, text);

export const editor = (kind, name, found, tools) => mayEdit && button(found ? "Change" : "Describe", name, () => editName(kind, name, found), tools);

// What may be done to a virtual name.
export const changes = (one, tools) => h("span.row", {}, editor(one.kind, one.name, one, tools), button("Delete", one.name, () => forgetName(one), tools));
