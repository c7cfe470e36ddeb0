// Text with a small markup as elements: # and ## headings, - and 1. lists, **bold**, [links](https://…). Everything else is text.

import { h } from "./dom.js";

const HEADING = /^(#{1,2})\s+(.+)$/;
const ITEM = /^(?:[-*]|(\d{1,3})\.)\s+(.+)$/;
const INLINE = /\*\*(.+?)\*\*|\[([^\]]+)\]\(([^()\s]+)\)/g;

export function markup(text) {
  const blocks = [];
  let open = null; // the paragraph or list that the next line may belong to
  for (const line of text.split("\n").map((one) => one.trim())) {
    const [, marks, title] = HEADING.exec(line) ?? [];
    const [item, count, words] = ITEM.exec(line) ?? [];
    const kind = !line ? "" : marks ? "heading" : item ? (count ? "ol" : "ul") : "p";
    if (kind === "heading") blocks.push(h(marks.length === 1 ? "h2" : "h3", {}, inline(title)));
    if (kind === "ol" || kind === "ul") {
      if (open?.localName !== kind) blocks.push((open = h(kind, count ? { start: Number(count) } : {})));
      open.append(h("li", {}, inline(words)));
    } else if (kind === "p") {
      if (open?.localName === "p") open.append(h("br"), ...inline(line));
      else blocks.push((open = h("p", {}, inline(line))));
    } else open = null;
  }
  return blocks;
}

function inline(text) {
  const parts = [];
  let end = 0;
  for (const found of text.matchAll(INLINE)) {
    const [whole, bold, label, target] = found;
    parts.push(text.slice(end, found.index), bold ? h("strong", {}, inline(bold)) : link(label, target, whole));
    end = found.index + whole.length;
  }
  return [...parts, text.slice(end)].flat();
}

// Only to web pages; what else is written as a link stays text.
function link(label, target, whole) {
  if (!URL.canParse(target, location.href)) return whole;
  const url = new URL(target, location.href);
  if (!["http:", "https:"].includes(url.protocol)) return whole;
  const isHere = url.origin === location.origin;
  return h("a", { href: url.href, ...(isHere ? {} : { rel: "noopener noreferrer", target: "_blank" }) }, label);
}
