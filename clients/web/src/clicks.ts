// Links that lead away, downloads, and where people click. Never what is written on the page or in
// its fields.

import { clean, pathname } from "./addresses";
import { track } from "./events";
import { clicks, links } from "./options";

const FILE =
  /\.(pdf|docx?|xlsx?|pptx?|odt|ods|csv|txt|rtf|epub|zip|rar|7z|gz|tgz|xz|tar|dmg|pkg|exe|msi|deb|rpm|apk|iso|jar|mp3|wav|ogg|flac|mp4|mov|avi|mkv|webm)$/i;

export function clicked(event: MouseEvent): void {
  if (event.button > 1) return;
  if (clicks && event.type === "click")
    track("$click", {
      $screen_name: pathname(),
      $x: Math.round(event.clientX),
      $y: Math.round(event.clientY),
      $viewport_width: innerWidth,
      $viewport_height: innerHeight,
      $scroll_y: Math.round(scrollY),
    });
  const target = event.composedPath()[0];
  const link = links && target instanceof Element && target.closest<HTMLAnchorElement>("a[href]");
  if (!link) return;
  const url = new URL(link.href, location.href);
  if (!/^https?:$/.test(url.protocol)) return;
  if (link.hasAttribute("download") || FILE.test(url.pathname)) track("$file_download", { url: clean(url) });
  else if (url.host !== location.host) track("$outbound_link", { url: clean(url), domain: url.host });
}
