// Ready boards, made of the project's own events: TEMPLATES, guessed(template) and madeOf(template, events, name).

import { del, post } from "./api.js";
import { roomFor } from "./grid.js";
import { eventNames, properties } from "./lexicon_source.js";

const VIEWS = /^\$?(page_?views?|page_viewed|viewed_page|screen_?views?)$/i;
const SIGN_UPS = /sign(ed)?[_ ]?up|regist(er|ration)|account[_ ]created/i;
const GOALS = /purchase[_ ]?completed|order[_ ]completed|checkout[_ ]completed|purchase|subscri|upgrade|paid/i;
const PAGES = ["$pathname", "$current_url", "path", "url", "$screen_name", "page", "screen"];
const SOURCES = ["$referring_domain", "utm_source", "$referrer", "referrer"];
const [WIDE, HALF, THIRD, STRIP] = [{ width: 12, height: 8 }, { width: 6, height: 7 }, { width: 4, height: 7 }, { width: 12, height: 3 }];

const insight = (name, events, more = {}, view = {}) => ({ name, surface: "insights", query: { events, ...more }, view });
const people = (event_name) => ({ event_name, math: "unique" });
const by = (property, limit = 10) => ({ breakdown: { property, limit } });
const back = (event_name) => ({ name: "Who comes back", surface: "retention", query: { start_event: event_name, return_event: event_name, interval: "week", periods: 8, mode: "first_time" } });
const funnel = (name, steps, days) => ({ name, surface: "funnels", query: { steps: steps.map((event_name) => ({ event_name })), window_seconds: days * 86_400 } });

// `events`: which of the project's are asked for, and how they may be called; `tiles(events, has)`: [text or question, size];
// has([names]) is the first of these properties that the first event has.
export const TEMPLATES = {
  web: {
    name: "Web site", about: "Visitors, what they look at, where they come from",
    events: { view: { label: "A page is viewed", like: VIEWS } },
    tiles: ({ view }, has) => [
      [insight("Visitors and views", [people(view), { event_name: view }], {}, { view: "number" }), STRIP],
      [insight("Visitors by day", [people(view)]), HALF],
      [has(PAGES) && insight("Pages", [people(view)], by(has(PAGES)), { view: "ranking" }), HALF],
      [has(SOURCES) && insight("Sources", [people(view)], by(has(SOURCES)), { view: "ranking" }), HALF],
      [has(["$country"]) && insight("Countries", [people(view)], by("$country"), { view: "map" }), HALF],
      [has(["$browser"]) && insight("Browsers", [people(view)], by("$browser", 5), { view: "share" }), HALF],
      [back(view), HALF],
    ],
  },
  growth: {
    name: "Product growth", about: "How many use it, how often, and whether they stay",
    events: { active: { label: "What people who use it do", like: null } },
    tiles: ({ active }) => [
      [insight("Active people of a day, a week, a month", [people(active), { ...people(active), rolling_days: 7 }, { ...people(active), rolling_days: 30 }]), WIDE],
      [{ name: "New, returning, resurrecting, dormant", surface: "lifecycle", query: { event_name: active, interval: "week" }, range: "90d" }, HALF],
      [{ name: "On how many days they come", surface: "stickiness", query: { event_name: active, interval: "day" } }, HALF],
      [{ ...back(active), range: "90d" }, WIDE],
    ],
  },
  signups: {
    name: "Sign-up funnel", about: "From the first look to what counts",
    events: { view: { label: "They look", like: VIEWS }, signup: { label: "They sign up", like: SIGN_UPS }, goal: { label: "They do what counts", like: GOALS } },
    tiles: ({ view, signup, goal }, has) => [
      [funnel("From a look to what counts", [view, signup, goal], 14), { width: 12, height: 11 }],
      [insight("Sign-ups by day", [people(signup)]), HALF],
      [{ ...funnel("Conversion by week", [view, signup], 14), query: { ...funnel("", [view, signup], 14).query, interval: "week" }, range: "90d" }, HALF],
      [has(SOURCES) && insight("Where visitors come from", [people(view)], by(has(SOURCES)), { view: "ranking" }), HALF],
      [insight("What counts, by day", [people(goal)]), HALF],
    ],
  },
  core: {
    name: "One event in depth", about: "How often, by whom, on what, and what follows",
    events: { event: { label: "The event", like: null } },
    tiles: ({ event }, has) => [
      [insight("How often, and by how many", [{ event_name: event }, people(event)]), WIDE],
      [has(["$os"]) && insight("Systems", [people(event)], by("$os", 5), { view: "share" }), THIRD],
      [has(["$country"]) && insight("Countries", [people(event)], by("$country"), { view: "ranking" }), THIRD],
      [{ name: "On how many days", surface: "stickiness", query: { event_name: event, interval: "day" } }, THIRD],
      [{ name: "What follows", surface: "flows", query: { event_name: event, direction: "after", depth: 3, limit: 6 } }, { width: 12, height: 10 }],
    ],
  },
};

// The project's events that are meant, as far as their names tell: the others are the most frequent that clients named.
export async function guessed({ events }) {
  const known = (await eventNames()).map((one) => one.name);
  const rest = known.filter((name) => !name.startsWith("$"));
  const found = {};
  for (const [key, { like }] of Object.entries(events)) {
    const free = (names) => names.filter((name) => !Object.values(found).includes(name));
    found[key] = (like && free(known).find((name) => like.test(name))) ?? free(rest)[0] ?? free(known)[0] ?? known[0] ?? "";
  }
  return found;
}

// Saves the questions and the board, or nothing: the board.
export async function madeOf(template, events, name) {
  const seen = new Set((await properties([Object.values(events)[0]])).map((one) => one.name));
  const parts = template.tiles(events, (names) => names.find((one) => seen.has(one))).filter(([what]) => what);
  const saved = [];
  try {
    const tiles = [];
    for (const [what, size] of parts) {
      const { question } = await post("questions", { range: "30d", ...what });
      saved.push(question.id);
      tiles.push({ question_id: question.id, ...roomFor(tiles, size) });
    }
    return (await post("boards", { name, tiles })).board;
  } catch (error) {
    await Promise.allSettled(saved.map((id) => del(`questions/${id}`)));
    throw error;
  }
}
