// Not stored: what was refused, dropped or noted, over time and by reason.

import { failed, get, latest, timezone, withParameters } from "./api.js";
import { barChart } from "./charts.js";
import { DEFAULT_RANGE, intervalFor, isRange, rangeOf, settled } from "./date_range.js";
import { byId, fill, h, skeleton } from "./dom.js";
import { intervalLabel } from "./format.js";
import { rangeField } from "./range_field.js";
import { rejection } from "./rejection.js";

const DRAWN = 8;

const content = byId("rejections");

function range() {
  const asked = new URLSearchParams(location.search).get("range") ?? "";
  return isRange(asked) ? asked : DEFAULT_RANGE;
}

function begin() {
  fill(byId("range"), rangeField({ value: range(), onchange: (chosen) => {
    history.pushState(null, "", withParameters(location.pathname, { range: chosen === DEFAULT_RANGE ? "" : chosen }));
    begin();
  } }));
  load();
}

const load = latest(async (signal) => {
  fill(content, skeleton(8));
  const asked = range();
  try {
    await settled(asked);
    const interval = intervalFor(asked);
    const found = await get("rejections", { ...rangeOf(asked), interval }, { signal });
    fill(content, found.rejections.length ? told(found, interval) : h("p.empty", {}, "Everything that was sent in these days was stored as it was sent."));
  } catch (error) {
    if (error.name === "AbortError") throw error;
    fill(content, failed(error, () => load()));
  }
});

function told({ intervals, rejections }, interval) {
  const picture = h("div.chart");
  const labels = intervals.map((one) => intervalLabel(one, interval, timezone));
  barChart(picture, { labels, series: drawn(rejections), caption: "Requests and operations that were not stored, or not as sent" });
  return [picture, h("section.card", {}, h("h2", {}, "By reason"), h("ul.plain.stack", {}, rejections.map((one) => rejection({ ...one, count: one.total }))))];
}

// The most frequent reasons, each with all endpoints, and the others as one.
function drawn(rejections) {
  const byReason = new Map();
  for (const { reason, values } of rejections) {
    const name = byReason.size < DRAWN || byReason.has(reason) ? reason : "others";
    byReason.set(name, values.map((value, index) => value + (byReason.get(name)?.[index] ?? 0)));
  }
  return [...byReason].map(([name, values]) => ({ name, values }));
}

addEventListener("popstate", begin);
begin();
