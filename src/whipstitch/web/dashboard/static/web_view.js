// Web: the question's state, its query and how a tile of a board shows the answer; the page (web.js) shows all of it.

import { page } from "./api.js";
import { intervalFor } from "./date_range.js";
import { fill, h } from "./dom.js";
import { tidyFilters } from "./event_list.js";
import { nothingHappened } from "./answer_parts.js";
import { firstSeen } from "./lexicon_source.js";
import { parametersOf } from "./question_state.js";
import { countryMap, figures, MEASURES, overTime, valuesTable } from "./web_parts.js";

export const MAP = "map";
// The panels of the page: which values each can list.
export const PANELS = {
  pages: { title: "Pages", of: { page: "Pages", entry_page: "Entries", exit_page: "Exits" } },
  sources: { title: "Sources", of: { channel: "Channels", referrer: "Referrers" } },
  campaigns: { title: "Campaigns", of: { utm_campaign: "Campaigns", utm_source: "Sources", utm_medium: "Media" } },
  countries: { title: "Countries", of: { country: "List", [MAP]: "Map" } },
  devices: { title: "Devices", of: { device: "Devices", browser: "Browsers", os: "Systems" } },
};
export const dimensionOf = (name) => (name === MAP ? "country" : name);
export const DIMENSIONS = Object.values(PANELS).flatMap(({ of }) => Object.keys(of)).filter((name) => name !== MAP);
const usual = Object.fromEntries(Object.entries(PANELS).map(([key, { of }]) => [key, Object.keys(of)[0]]));
const [LISTED, MAPPED] = [10, 200];

export const view = {
  surface: "web",
  // `tile`: the panel that boards show; blank: the figures, and one of them over time.
  defaults: { compare: true, filters: [], measure: "visitors", tile: "", ...usual },

  tidy: (state) => ({
    ...state,
    compare: true,
    filters: tidyFilters(state.filters) ?? [],
    measure: Object.hasOwn(MEASURES, state.measure) ? state.measure : "visitors",
    tile: Object.hasOwn(PANELS, state.tile) ? state.tile : "",
    ...Object.fromEntries(Object.entries(PANELS).map(([key, { of }]) => [key, Object.hasOwn(of, state[key]) ? state[key] : usual[key]])),
  }),

  read({ breakdown, breakdowns = [], filters = [] }) {
    const name = breakdown ?? breakdowns[0];
    const [key] = Object.entries(PANELS).find(([, { of }]) => Object.hasOwn(of, name ?? "")) ?? [];
    return { filters, ...(key ? { tile: key, [key]: name } : {}) };
  },

  query(state) {
    const shown = state.tile && state[state.tile];
    return { filters: state.filters, interval: intervalFor(state.range), ...(shown ? { breakdown: dimensionOf(shown), limit: shown === MAP ? MAPPED : LISTED } : {}) };
  },

  parts: (query) => [query],
  joined: async ([answer]) => ({ ...answer, firstSeen: await firstSeen().catch(() => ({})) }),

  draw(element, found) {
    const { state, answer } = found;
    if (!answer.sessions) {
      fill(element, nothingHappened(state));
      return null;
    }
    const drawing = h("div.chart");
    const shown = state.tile && state[state.tile];
    const hrefOf = (filters) => page("web", parametersOf(view, { ...state, filters }));
    if (shown === MAP) {
      fill(element, drawing);
      element.append(countryMap(drawing, found, answer.rows, hrefOf) ?? "");
    } else if (shown) fill(element, valuesTable(found, shown, answer.rows, hrefOf));
    else {
      fill(element, figures(found), drawing);
      overTime(drawing, found);
    }
    return null;
  },
};
