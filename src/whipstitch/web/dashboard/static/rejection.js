// One thing that was not stored, or not as it was sent: rejection({ outcome, reason, endpoint, count, last, hint, key_end? }) is an
// item of a list.

import { h } from "./dom.js";
import { number } from "./format.js";
import { timeAgo } from "./time.js";

const SAID = { discarded: "Discarded", rejected: "Rejected", "set aside": "Set aside", noted: "Noted" };
const MILD = ["discarded", "noted"];

export const rejection = (one) => h("li.trouble-item", {},
  h("p", {}, h(`span.tag.${MILD.includes(one.outcome) ? "warn" : "bad"}`, {}, SAID[one.outcome]), " ", h("strong", {}, one.reason), " ", h("span.quiet", {}, `× ${number(one.count)}`)),
  h("p.quiet", {}, `/${one.endpoint}`, one.key_end && [" · key …", h("code", {}, one.key_end)], " · ", timeAgo(one.last)),
  one.hint && h("p", {}, one.hint));
