// Flows: the question's state, its query and how the answer is shown; the page and boards use it (question.js).

import { linkedNumber, nothingHappened } from "./answer_parts.js";
import { page } from "./api.js";
import { fill, h } from "./dom.js";
import { tidyFilters } from "./event_list.js";
import { change, number, percent, plural } from "./format.js";
import { peopleLink } from "./people_behind.js";
import { parametersOf } from "./question_state.js";
import { sankey } from "./sankey.js";

export const DIRECTIONS = { after: "What follows it", before: "What leads to it" };
export const DEEPEST = 10;
export const WIDEST = 50;
const whole = (value, most, usual) => (Number.isInteger(value) && value >= 1 && value <= most ? value : usual);

export const view = {
  surface: "flows",
  defaults: { event_name: "", direction: "after", depth: 3, limit: 6, filters: [] },

  tidy: (state) => ({
    ...state,
    direction: DIRECTIONS[state.direction] ? state.direction : "after",
    depth: whole(state.depth, DEEPEST, 3),
    limit: whole(state.limit, WIDEST, 6),
    filters: tidyFilters(state.filters) ?? [],
  }),

  // What a query leaves out is the API's usual, not the page's.
  read: (query) => ({ depth: 4, limit: 10, ...query }),

  query: ({ event_name, direction, depth, limit, filters }) => (event_name ? { event_name, direction, depth, limit, filters: tidyFilters(filters) } : null),

  missing: () => "Choose an event: what people do after it, or before, is drawn here.",

  draw(element, found) {
    if (!found.answer.nodes.length) {
      fill(element, nothingHappened(found.state));
      return null;
    }
    const { nodes, rows } = pathsOf(found);
    const place = h("div.chart.flow");
    fill(element, summary(nodes, found), place, table(rows, found));
    const backwards = found.query.direction === "before";
    sankey(place, { nodes, links: rows.filter((one) => one.source), backwards, caption: `Paths ${backwards ? "to" : "from"} ${found.query.event_name}`, about: (node) => about(node, found) });
    return {
      corner: "step", labels: rows.map((one) => one.step),
      series: ["from", "to", "count", "share", ...(found.before ? ["past"] : [])].map((name) => ({ name: { count: "paths", past: "paths (before)" }[name] ?? name, values: rows.map((one) => one[name]) })),
    };
  },
};

const nameOf = (one) => (one.event_name === "$other" ? "Other events" : one.event_name);

// The nodes as sankey() takes them, and a row a link, or a node where paths end: { step, from, to, count, share, past, href }.
function pathsOf({ answer, before, query }) {
  const backwards = query.direction === "before";
  const outermost = backwards ? -query.depth : query.depth;
  const known = new Map(answer.nodes.map((one) => [one.id, one]));
  const nodes = answer.nodes.map((one) => {
    const gone = answer.links.filter((link) => (backwards ? link.target : link.source) === one.id).reduce((sum, link) => sum + link.count, 0);
    const lost = one.step === outermost ? 0 : Math.max(0, one.count - gone);
    return {
      ...one, name: nameOf(one), lost, past: before?.nodes.find((other) => other.id === one.id)?.count ?? 0,
      note: lost ? `${percent(lost / one.count)} ${backwards ? "begin" : "end"}` : "",
      href: peopleLink("flows", query, { node: one.id }, `${nameOf(one)}, ${stepText(one.step, query)}`),
    };
  });
  const links = answer.links.map((link) => {
    const [source, target] = [known.get(link.source), known.get(link.target)];
    const title = `${nameOf(source)} → ${nameOf(target)}`;
    return {
      ...link, title, step: target.step, from: nameOf(source), to: nameOf(target),
      share: rounded(link.count / (backwards ? target : source).count),
      past: before?.links.find((one) => one.source === link.source && one.target === link.target)?.count ?? 0,
      href: peopleLink("flows", query, { link: [link.source, link.target] }, `${title}, ${stepText((backwards ? source : target).step, query)}`),
    };
  });
  const ends = nodes.filter((one) => one.lost).map((one) => ({
    step: backwards ? one.step : one.step + 1, from: backwards ? "(begin)" : one.name, to: backwards ? one.name : "(end)", count: one.lost, share: rounded(one.lost / one.count), past: null, href: null,
  }));
  const near = (row) => Math.abs(backwards ? row.step - 1 : row.step);
  return { nodes, rows: [...links, ...ends].sort((a, b) => near(a) - near(b) || b.count - a.count) };
}

const rounded = (share) => Math.round(share * 10_000) / 10_000;

const stepText = (step, { event_name }) => (step === 0 ? "where the paths begin" : `${plural(Math.abs(step), "step")} ${step > 0 ? "after" : "before"} ${event_name}`);

function summary(nodes, { query, before }) {
  const start = nodes.find((one) => one.step === 0);
  const visits = `${start.count === 1 ? "visit" : "visits"} with ${query.event_name}`;
  return h("p.answer-sum.break", {}, h("strong", {}, number(start.count)), h("span.quiet", {}, ` ${visits}`, start.lost > 0 && `; ${start.note} with it`, before && `; before: ${number(start.past)}, ${change(start.count, start.past)}`));
}

// What the card of a node says
function about(node, { state, query, before }) {
  const along = (direction) => page("flows", parametersOf(view, { ...state, event_name: node.event_name, direction }));
  const { direction } = query;
  const start = node.step === 0;
  return [
    h("p.break", {}, h("strong", {}, node.name)),
    h("p.quiet.small", {}, plural(node.count, "path"), node.note && `, ${node.note} here`, before && `; before: ${number(node.past)}`),
    h("ul.plain", {},
      h("li", {}, h("a", { href: node.href }, "See the people")),
      node.event_name !== "$other" && [
        !(start && direction === "after") && h("li", {}, h("a", { href: along("after") }, start ? "See what follows it" : "Go on from here")),
        !(start && direction === "before") && h("li", {}, h("a", { href: along("before") }, start ? "See what leads to it" : "See what leads here")),
      ]),
  ];
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
