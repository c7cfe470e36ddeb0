// Who visits, and on which visit. A visit ends after 30 minutes without an event, or where the
// address names another campaign.

import { clean, pick } from "./addresses";
import { cookieless, ignoreDnt } from "./options";
import { get, names, remove, set } from "./storage";

export type Properties = Record<string, unknown>;

const IDLE_MS = 30 * 60_000;
const CAMPAIGN =
  /^(utm_(source|medium|campaign|term|content|id)|gclid|gclsrc|gbraid|wbraid|gad_source|dclid|fbclid|msclkid|ttclid|twclid|li_fat_id|yclid|igshid|mc_cid|rdt_cid|epik|ScCid|irclid)$/;

// 32 hexadecimal digits. `randomUUID` is missing on pages without HTTPS.
export const random = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => (byte + 256).toString(16).slice(1)).join("");

// Whether nothing may be sent nor stored. Who opted in has decided against what the browser says.
export function silent(): boolean {
  const out = get("out");
  const { doNotTrack, globalPrivacyControl } = navigator as Navigator & { globalPrivacyControl?: boolean };
  return out ? out > "0" : !ignoreDnt && (doNotTrack === "1" || !!globalPrivacyControl);
}

// The referrer says where a visit came from, until the page has told of it once.
let referrer = document.referrer;

interface Visit {
  last?: number;
  campaign?: string;
  properties?: Properties;
}

function stored(): Visit {
  try {
    return JSON.parse(get("visit")!) ?? {};
  } catch {
    return {};
  }
}

// The id of the session, and what is known of the visit. Begins another where that one is over;
// `last`: not for what ends it.
export function visit(last?: boolean): Properties {
  const campaign = pick(location.search, CAMPAIGN);
  const known = stored();
  if (last && known.properties) return known.properties;
  const now = Date.now();
  const named = JSON.stringify(campaign);
  if (!(now - known.last! < IDLE_MS) || (named !== "{}" && named !== known.campaign)) {
    const from = referrer && new URL(referrer);
    const direct = !from || from.host === location.host;
    known.campaign = named;
    known.properties = {
      $referrer: direct ? "$direct" : clean(from),
      $referring_domain: direct ? "$direct" : from.host,
      ...campaign,
      ...(cookieless ? {} : { $session_id: random() }),
    };
  }
  referrer = "";
  known.last = now;
  set("visit", JSON.stringify(known));
  return known.properties!;
}

// The user's id, else the anonymous one. `first` hears of an anonymous id that is new.
export function visitorId(first?: (id: string) => void): string {
  const user = get("user");
  if (user) return user;
  if (cookieless) return "$cookieless"; // the server puts a hash of the day in its place
  let id = get("anon");
  if (!id) {
    id = `anon_${random()}`;
    set("anon", id);
    first?.(id);
  }
  return id;
}

// Forgets all that is stored but whether the visitor opted out. `start`: only what begins so.
export function forget(...starts: string[]): void {
  for (const start of starts) names(start).forEach(remove);
}
