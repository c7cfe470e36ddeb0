// What a site may say: `track`, `identify`, `people`, `reset`, `optOut`, `optIn`.

import { clean, pathname } from "./addresses";
import { cookieless } from "./options";
import { add, onOverflow } from "./queue";
import { get, remove, set } from "./storage";
import { forget, type Properties, silent, visit, visitorId } from "./visitor";

const isObject = (value: unknown): value is Properties =>
  !!value && typeof value === "object" && !Array.isArray(value);

// Text, or a number as text; "" for all that cannot be a name or an id.
const text = (value: unknown): string =>
  typeof value === "string" ? value.trim() : Number.isFinite(value) ? `${value as number}` : "";

// What came first of a visitor stays with the person: where from, and on which page.
function initial(id: string): void {
  const set_once: Properties = {};
  for (const [name, value] of Object.entries({ ...visit(), ...page() }))
    if (name !== "$session_id") set_once[`$initial_${name.replace("$", "")}`] = value;
  add("people", { distinct_id: id, set_once });
}

const page = (): Properties => ({
  $current_url: clean(new URL(location.href)),
  $host: location.host,
  $pathname: pathname(),
});

export const id = (): string => (silent() ? "" : visitorId(initial));

// `about` wins over what the client knows itself. `last`: of an event that begins no session.
export function record(name: unknown, about?: unknown, last?: boolean): void {
  const event_name = text(name);
  if (!event_name || silent()) return;
  const payload = { event_name, distinct_id: id(), lib_version: "web-1" };
  const own = { ...page(), ...visit(last) };
  try {
    add("track", { ...payload, properties: { ...own, ...(isObject(about) ? about : {}) } });
  } catch {
    add("track", { ...payload, properties: own }); // they are no JSON
  }
}

export const track = (name: unknown, about?: unknown): void => record(name, about);

export function people(traits: unknown): void {
  if (isObject(traits) && !silent()) add("people", { distinct_id: id(), properties: traits });
}

export function identify(user: unknown, traits?: unknown): void {
  const distinct_id = text(user);
  if (!distinct_id || silent()) return;
  const known = get("user");
  if (known !== distinct_id) {
    if (known) reset(); // somebody else at this browser
    const alias_id = id();
    set("user", distinct_id);
    if (!cookieless) add("alias", { alias_id, distinct_id });
  }
  people(traits);
}

export function reset(): void {
  forget("user", "anon", "visit");
}

export function optOut(): void {
  reset();
  forget("q", "sent", "wait");
  set("out", "1", true);
}

export function optIn(): void {
  remove("out");
  set("out", "0", true);
}

onOverflow((lost) => track("$queue_overflow", { lost }));
