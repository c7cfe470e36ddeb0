// Flows: the question's state, its query and how the answer is shown; the page and boards use it (question.js).

import { linkedNumber, nothingHappened } from "./answer_parts.js";
import { page } from "./api.js";
import { fill, h, s } from "./dom.js";
import { tidyFilters } from "./event_list.js";
import { change, number, percent, plural } from "./format.js";
import { eventLabel } from "./lexicon_source.js";
import { peopleLink } from "./people_behind.js";
import { parametersOf } from "./question_state.js";
import { sankey } from "./sankey.js";

export const DIRECTIONS = { after: "What follows it", before: "What leads to it", both: "Both", first: "From the first of a visit", last: "Back from the last of a visit" };
export const STEPS = { event: { one: "Event", many: "events" }, screen: { one: "Screen", many: "screens" }, page: { one: "Page", many: "pages" } };
// Whether paths begin with one that is named.
export const begins = ({ direction }) => direction !== "first" && direction !== "last";
const MOST_EXCLUDED = 100;
export const DEEPEST = 10;
export const WIDEST = 50;
const whole = (value, most, usual) => (Number.isInteger(value) && value >= 1 && value <= most ? value : usual);

export const view = {
  surface: "flows",
  defaults: { event_name: "", direction: "after", by: "event", exclude: [], through: [], depth: 3, limit: 6, filters: [] },

  tidy: (state) => ({
    ...state,
    direction: DIRECTIONS[state.direction] ? state.direction : "after",
    by: STEPS[state.by] ? state.by : "event",
    exclude: Array.isArray(state.exclude) ? state.exclude.filter((one) => typeof one === "string" && one !== "").slice(0, MOST_EXCLUDED) : [],
    through: Array.isArray(state.through) ? state.through.filter((one) => Number.isInteger(one?.step) && typeof one.event_name === "string").slice(0, DEEPEST) : [],
    depth: whole(state.depth, DEEPEST, 3),
    limit: whole(state.limit, WIDEST, 6),
    filters: tidyFilters(state.filters) ?? [],
  }),

  // What a query leaves out is the API's usual, not the page's.
  read: ({ event_name, direction = "after", ...query }) => ({
    depth: 4, limit: 10, ...query, event_name: event_name ?? "", direction: event_name === null ? { after: "first", before: "last" }[direction] : direction,
  }),

  query(state) {
    const { event_name, direction, by, exclude, through, depth, limit, filters } = state;
    if (begins(state) && !event_name) return null;
    return {
      event_name: begins(state) ? event_name : null, direction: { first: "after", last: "before" }[direction] ?? direction, by: by === "event" ? undefined : by,
      exclude: exclude.length ? exclude : undefined,
      // Fewer steps may be asked for than there were.
      through: through.length ? through.filter((one) => Math.abs(one.step) <= depth) : undefined,
      depth, limit, filters: tidyFilters(filters),
    };
  },

  missing: ({ by }) => `Choose ${by === "event" ? "an event" : `a ${by}`}: what people do after it, or before, is drawn here.`,

  draw(element, found) {
    if (!found.answer.nodes.length) {
      fill(element, nothingHappened(found.state));
      return null;
    }
    const { nodes, rows } = pathsOf(found);
    const place = h("div.chart.flow");
    fill(element, summary(nodes, found), place, list(nodes, found), table(rows, found));
    const { direction } = found.query;
    sankey(place, { nodes, links: rows.filter((one) => one.source), backwards: direction !== "after", caption: `Paths ${{ after: "from", before: "to", both: "through" }[direction]} ${startOf(found.query)}`, about: (node) => about(node, found) });
    return {
      corner: "step", labels: rows.map((one) => one.step),
      series: ["from", "to", "count", "share", ...(found.before ? ["past"] : [])].map((name) => ({ name: { count: "paths", past: "paths (before)" }[name] ?? name, values: rows.map((one) => one[name]) })),
    };
  },
};

// An event may be called as the rest is; its node says so then.
const isRest = (one) => one.event_name === "$other" && !one.is_value;
const stepName = ({ event_name }, { by = "event" }) => (by === "event" ? eventLabel(event_name) : event_name);
const nameOf = (one, query) => (isRest(one) ? `Other ${STEPS[query.by ?? "event"].many}` : stepName(one, query));
const startOf = (query) => (query.event_name !== null ? stepName(query, query) : query.direction === "before" ? "the last of a visit" : "the first of a visit");

// The nodes as sankey() takes them, and a row a link, or a node where paths end: { step, from, to, count, share, past, href }.
// Of steps before the start is told where paths come from, of the others where they go.
function pathsOf({ answer, before, query }) {
  const known = new Map(answer.nodes.map((one) => [one.id, one]));
  const isBefore = (step) => step < 0 || (step === 0 && query.direction === "before");
  const nodes = answer.nodes.map((one) => {
    const backwards = isBefore(one.step);
    const gone = answer.links.filter((link) => (backwards ? link.target : link.source) === one.id).reduce((sum, link) => sum + link.count, 0);
    const lost = Math.abs(one.step) === query.depth ? 0 : Math.max(0, one.count - gone);
    return {
      ...one, name: nameOf(one, query), lost, backwards, past: before?.nodes.find((other) => other.id === one.id)?.count ?? 0,
      note: lost ? `${percent(lost / one.count)} ${backwards ? "begin" : "end"}` : "",
      href: peopleLink("flows", query, { node: one.id }, `${nameOf(one, query)}, ${stepText(one.step, query)}`, number(one.count)),
    };
  });
  const links = answer.links.map((link) => {
    const [source, target] = [known.get(link.source), known.get(link.target)];
    const backwards = source.step < 0;
    const [near, far] = backwards ? [target, source] : [source, target];
    const title = `${nameOf(source, query)} → ${nameOf(target, query)}`;
    return {
      ...link, title, step: target.step, away: Math.abs(far.step), from: nameOf(source, query), to: nameOf(target, query),
      share: rounded(link.count / near.count),
      past: before?.links.find((one) => one.source === link.source && one.target === link.target)?.count ?? 0,
      href: peopleLink("flows", query, { link: [link.source, link.target] }, `${title}, ${stepText(far.step, query)}`, number(link.count)),
    };
  });
  const ends = nodes.filter((one) => one.lost).map(({ step, name, lost, count, backwards }) => ({
    step: backwards ? step : step + 1, away: Math.abs(step) + 1, from: backwards ? "(begin)" : name, to: backwards ? name : "(end)", count: lost, share: rounded(lost / count), past: null, href: null,
  }));
  return { nodes, rows: [...links, ...ends].sort((a, b) => a.away - b.away || b.count - a.count) };
}

const rounded = (share) => Math.round(share * 10_000) / 10_000;

const stepText = (step, query) => (step === 0 ? "where the paths begin" : `${plural(Math.abs(step), "step")} ${step > 0 ? "after" : "before"} ${startOf(query)}`);

function summary(nodes, { query, before }) {
  const starts = nodes.filter((one) => one.step === 0);
  const [count, past] = ["count", "past"].map((name) => starts.reduce((sum, one) => sum + one[name], 0));
  const visits = `${count === 1 ? "visit" : "visits"}${query.event_name === null ? "" : ` with ${stepName(query, query)}`}`;
  return h("p.answer-sum.break", {}, h("strong", {}, number(count)), h("span.quiet", {}, ` ${visits}`, starts.length === 1 && starts[0].lost > 0 && `; ${starts[0].note} with it`, before && `; before: ${number(past)}, ${change(count, past)}`));
}

// What the card of a node says
function about(node, { state, query, before }) {
  const other = (patch) => page("flows", parametersOf(view, { ...state, ...patch }));
  const along = (direction) => other({ event_name: node.event_name, direction, through: [] });
  const start = node.step === 0 && query.event_name !== null;
  const isThrough = state.through.some((one) => one.step === node.step);
  const through = [...state.through, { step: node.step, event_name: node.event_name }];
  return [
    h("p.break", {}, h("strong", {}, node.name)),
    h("p.quiet.small", {}, plural(node.count, "path"), node.note && `, ${node.note} here`, before && `; before: ${number(node.past)}`),
    h("ul.plain", {},
      h("li", {}, h("a", { href: node.href }, "See the people")),
      !isRest(node) && [
        !start && !isThrough && h("li", {}, h("a", { href: other({ through, depth: Math.min(DEEPEST, Math.max(state.depth, Math.abs(node.step) + 2)) }) }, "Only paths through here")),
        !(start && query.direction === "after") && h("li", {}, h("a", { href: along("after") }, start ? "See what follows it" : "Go on from here")),
        !(start && query.direction === "before") && h("li", {}, h("a", { href: along("before") }, start ? "See what leads to it" : "See what leads here")),
        !start && query.event_name !== node.event_name && h("li", {}, h("a", { href: other({ exclude: [...state.exclude, node.event_name], through: state.through.filter((one) => one.event_name !== node.event_name) }) }, "Leave it out")),
      ]),
  ];
}

// The same for narrow screens, where a picture of columns would run off: step by step, each node with its share of all paths.
function list(nodes, found) {
  const steps = [...Map.groupBy(nodes, (one) => one.step)].sort(([a], [b]) => a - b);
  const all = nodes.reduce((sum, one) => sum + (one.step === 0 ? one.count : 0), 0);
  return h("ol.flow-list", { "aria-label": "Steps" }, steps.map(([step, some]) => h("li", {}, h("h2", {}, stepText(step, found.query)),
    some.map((one) => h("details", {},
      h("summary", {}, h("span.cut", { title: one.name }, one.name), h("span.num", {}, number(one.count)), h("span.quiet.num", {}, percent(one.count / all)),
        s("svg.flow-bar", { viewBox: "0 0 100 4", preserveAspectRatio: "none", "aria-hidden": "true" }, s("rect", { width: 100, height: 4 }), s("rect.series-fill.series-0", { width: (100 * one.count) / all, height: 4 }))),
      about(one, found))))));
}

function table(rows, { before }) {
  const heads = ["Paths", "Share", ...(before ? ["Before", "Change"] : [])];
  return h("details.chart-table", {}, h("summary", {}, "Numbers"), h("div.scroll", { tabindex: "0", role: "region", "aria-label": "Paths" }, h("table.table", {},
    h("thead", {}, h("tr", {}, h("th.num", { scope: "col" }, "Step"), ["From", "To"].map((text) => h("th", { scope: "col" }, text)), heads.map((text) => h("th.num", { scope: "col" }, text)))),
    h("tbody", {}, rows.map((one) => h("tr", {},
      h("td.num.quiet", {}, one.step), [one.from, one.to].map((text) => h("td.cut", { title: text }, text)),
      h("td.num", {}, linkedNumber(one.count, one.href)), h("td.num", {}, percent(one.share)),
      before && (one.past === null ? [h("td"), h("td")] : [h("td.num.quiet", {}, number(one.past)), h("td.num", {}, change(one.count, one.past))])))))));
}
