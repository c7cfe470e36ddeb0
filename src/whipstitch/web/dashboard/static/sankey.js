// How many go from where to where, as bands between columns: sankey(element, { nodes: [{ id, name, step, count, lost, note,
// backwards }], links: [{ source, target, count, href, title }], backwards, caption, about(node) }). `step` orders the columns, from
// left to right; `lost` is what goes no further, or comes from nowhere where the node is told backwards; where some are, the picture
// is, too. A node is a button that opens a card with about(node).

import { canvas, clipped, colour, framed, linked } from "./chart_frame.js";
import { h, s } from "./dom.js";
import { number } from "./format.js";

const TALL = 280;
const THICK = 10;
const GAP = 10;
const LABEL = 36;
const COLUMN = 150;
const LETTER = 6.8;
const STUB = 16;

export function sankey(element, { nodes, links, backwards = false, caption, about }) {
  const columns = [...Map.groupBy(nodes, (one) => one.step)].sort(([a], [b]) => a - b).map(([, column]) => column.toSorted((a, b) => b.count - a.count));
  const most = Math.max(1, ...columns.map((column) => column.reduce((sum, one) => sum + one.count, 0)));
  const unit = TALL / most;
  const thickness = (count) => Math.max(1, count * unit);
  const height = Math.max(...columns.map((column) => column.reduce((sum, one) => sum + Math.max(LABEL, thickness(one.count)) + GAP, 0)));

  framed(element, { labels: [], series: [{ name: caption }], caption, legend: false, links: true, numbers: false }, (room) => {
    closeCard(element);
    const width = Math.max(room, columns.length * COLUMN);
    const step = (width - COLUMN + STUB) / Math.max(1, columns.length - 1);
    const places = new Map();
    columns.forEach((column, index) => {
      let top = 0;
      for (const one of column) {
        places.set(one.id, { x: index * step + (backwards ? STUB : 0), top, out: top, in: top });
        top += Math.max(LABEL, thickness(one.count)) + GAP;
      }
    });

    // Bands leave and arrive in the order of where they go and come from, so that few cross.
    const bands = links.filter((one) => places.has(one.source) && places.has(one.target)).map((one) => ({ ...one, from: places.get(one.source), to: places.get(one.target) }));
    for (const one of bands.toSorted((a, b) => a.to.top - b.to.top)) {
      one.y0 = one.from.out;
      one.from.out += one.count * unit;
    }
    for (const one of bands.toSorted((a, b) => a.from.top - b.from.top)) {
      one.y1 = one.to.in;
      one.to.in += one.count * unit;
    }
    const ribbons = bands.map(({ from, to, y0, y1, count, href, title }) => {
      const [x0, x1, size] = [from.x + THICK, to.x, thickness(count)];
      const middle = (x0 + x1) / 2;
      const d = `M${x0} ${y0}C${middle} ${y0} ${middle} ${y1} ${x1} ${y1}V${y1 + size}C${middle} ${y1 + size} ${middle} ${y0 + size} ${x0} ${y0 + size}Z`;
      const band = linked(s("path.ribbon-link", { d }, s("title", {}, `${title}: ${number(count)}`)), href, `${title}: ${number(count)}`);
      // By keyboard the table leads there.
      if (href) band.setAttribute("tabindex", "-1");
      return band;
    });

    const stubs = nodes.filter((one) => one.lost > 0).map((one) => {
      const at = places.get(one.id);
      const size = thickness(one.lost);
      const [x, y] = one.backwards ? [at.x, at.in] : [at.x + THICK, at.out];
      const away = one.backwards ? -STUB : STUB;
      return s("path.ribbon-lost", { d: `M${x} ${y}H${x + away * 0.5}L${x + away} ${y + size / 2}L${x + away * 0.5} ${y + size}H${x}Z` }, s("title", {}, one.note));
    });

    const boxes = columns.flat().map((one) => {
      const at = places.get(one.id);
      const x = at.x + THICK + STUB / 2 + 4;
      const free = (one.step === columns.at(-1)[0].step ? COLUMN : step) - THICK - STUB;
      const fits = Math.floor(free / LETTER);
      const node = s("g.node", { tabindex: 0, role: "button", "aria-expanded": "false", "aria-label": `${one.name}: ${number(one.count)}` },
        s("rect.node-room", { x: at.x, y: at.top, width: free + THICK, height: Math.max(LABEL, thickness(one.count)) }),
        s(`rect.bar.series-fill.${colour(0)}`, { x: at.x, y: at.top, width: THICK, height: thickness(one.count), rx: 2 }),
        s("text.label.halo", { x, y: at.top + 13 }, clipped(one.name, fits)),
        s("text.halo", { x, y: at.top + 29 }, clipped([number(one.count), one.note].filter(Boolean).join(" · "), fits)));
      const act = () => openCard(element, node, about(one));
      node.addEventListener("click", act);
      node.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        act();
      });
      return node;
    });

    const svg = canvas(width, height, ribbons, stubs, boxes);
    if (width === room) return svg;
    svg.classList.add("wide");
    const scroller = h("div.scroll-x", { tabindex: "0", role: "region", "aria-label": caption, onscroll: () => closeCard(element) }, svg);
    // What it is about stands at the end.
    if (backwards) requestAnimationFrame(() => (scroller.scrollLeft = width));
    return scroller;
  });
}

const closeCard = (element) => element.querySelector(".node-card")?.close();

function openCard(element, node, content) {
  const was = element.querySelector(".node-card");
  was?.close();
  if (was?.node === node) return;
  const card = h("div.node-card", { role: "group", "aria-label": node.getAttribute("aria-label") }, content);
  card.node = node;
  let open = true;
  card.close = () => {
    if (!open) return; // to take away what has the focus is to leave it
    open = false;
    node.setAttribute("aria-expanded", "false");
    card.remove();
  };
  card.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    card.close();
    node.focus();
  });
  card.addEventListener("focusout", ({ relatedTarget: to }) => {
    if (!card.contains(to) && !node.contains(to)) card.close();
  });
  element.append(card);
  const [at, frame] = [node.getBoundingClientRect(), element.getBoundingClientRect()];
  card.style.left = `${Math.max(0, Math.min(at.left - frame.left, frame.width - card.offsetWidth))}px`;
  card.style.top = `${at.top - frame.top + LABEL}px`;
  node.setAttribute("aria-expanded", "true");
  card.querySelector("a")?.focus();
}
