// Views of pages, of ordinary and of single-page sites, and how a page was left.

import { clean, pathname } from "./addresses";
import { hash, pageviews } from "./options";
import { record, track } from "./events";

let seen = "";
let path = "";
let visibleMs = 0; // until `shown`
let shown = 0; // since when the page is visible; 0: it is not
let depth = 0;

const now = () => performance.now();

function measure(): void {
  const { scrollHeight } = document.documentElement;
  depth = Math.max(depth, Math.min(1, (scrollY + innerHeight) / scrollHeight) || 0);
}

export function visibility(): void {
  if (shown) visibleMs += now() - shown;
  shown = document.visibilityState === "visible" ? now() : 0;
}

// Tells of the page that is on show, once; `again`: also where it was told of.
export function view(again?: unknown): void {
  const url = clean(new URL(location.href));
  if (url === seen && again !== true) return;
  left();
  seen = url;
  path = pathname();
  visibleMs = depth = 0;
  shown = 0;
  visibility();
  track("$pageview", { title: document.title });
}

export function left(): void {
  if (!seen) return;
  visibility();
  measure();
  const about = {
    $current_url: seen,
    $pathname: path,
    $prev_pageview_pathname: path,
    $prev_pageview_duration: Math.round(visibleMs) / 1000,
    $prev_pageview_max_scroll_percentage: Math.round(depth * 100) / 100,
  };
  record("$pageleave", about, true);
  seen = "";
}

export function watch(safe: <T extends unknown[]>(act: (...given: T) => void) => (...given: T) => void): void {
  if (!pageviews) return;
  const changed = safe(view);
  for (const name of ["pushState", "replaceState"] as const) {
    const original = history[name];
    history[name] = function (...given) {
      original.apply(this, given);
      changed();
    };
  }
  addEventListener("popstate", changed);
  if (hash) addEventListener("hashchange", changed);
  addEventListener("scroll", safe(measure), { passive: true, capture: true });
  const page = document as Document & { prerendering?: boolean };
  if (page.prerendering) page.addEventListener("prerenderingchange", changed, { once: true });
  else view();
}
