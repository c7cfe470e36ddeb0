// The client: what the script does when a page has loaded it.

import { clicked } from "./clicks";
import * as events from "./events";
import { clicks, cookieless, key, links } from "./options";
import * as pages from "./pages";
import * as queue from "./queue";
import { forget } from "./visitor";

type Act<T extends unknown[]> = (...given: T) => void;
type Call = [string, ...unknown[]];

// Whatever goes wrong here must not go wrong in the page.
const safe =
  <T extends unknown[], R>(act: (...given: T) => R) =>
  (...given: T): R | undefined => {
    try {
      return act(...given);
    } catch {
      return undefined;
    }
  };

const client: Record<string, Act<never> | ((...given: never) => unknown)> = {};
const { track, identify, people, reset, optOut, optIn, id } = events;
const acts = { track, identify, people, reset, optOut, optIn, id, flush: queue.flush, page: () => pages.view(true) };
for (const [name, act] of Object.entries(acts))
  client[name] = safe(act as (...given: unknown[]) => unknown);
const call = (one: Call) => (client[one?.[0]] as Act<unknown[]> | undefined)?.(...one.slice(1));
client.push = (...calls: Call[]) => calls.forEach(safe(call));

const page = window as unknown as { whipstitch?: unknown };
const before = page.whipstitch;
// Loaded twice, the first one goes on.
if (key && !(before as { track?: unknown } | undefined)?.track) {
  page.whipstitch = client;
  if (cookieless) forget("user", "anon", "visit"); // of the time before
  // First what the page said while this was loading: it may have been to opt out.
  if (Array.isArray(before)) (before as Call[]).forEach(safe(call));
  safe(pages.watch)(safe);
  if (clicks || links) for (const name of ["click", "auxclick"]) addEventListener(name, safe(clicked) as EventListener, true);
  addEventListener("online", safe(queue.online));
  document.addEventListener(
    "visibilitychange",
    safe(() => {
      pages.visibility();
      if (document.visibilityState === "hidden") queue.leave();
    }),
  );
  addEventListener(
    "pagehide",
    safe(() => {
      pages.left();
      queue.leave();
    }),
  );
  // Taken out of the browser's memory, the page is seen anew.
  addEventListener("pageshow", safe((event: PageTransitionEvent) => event.persisted && pages.view(true)));
  queue.schedule(1_000);
}
