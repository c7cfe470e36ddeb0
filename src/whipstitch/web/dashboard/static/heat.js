// A heatmap drawn over a picture: heat({ cells, columns, rows, top, height, ratio, label }) is an element that fills its parent.
// `cells` are as /api/v1/heatmaps has them; the picture shows the contents from `top` on, for `height` (in screens); `ratio` is
// its height by its width.

import { fill, h, s } from "./dom.js";
import { number, plural } from "./format.js";

// Few pixels: the browser makes it as large as the picture, and smooth.
const WIDTH = 200;
const HIGHEST = 4000;
const SPREAD = 0.02;
const FAINTEST = 0.02;
const STEPS = 256;
// Where on the scale the colours --heat-0 … stand.
const STOPS = [0, 0.35, 0.7, 1];

const colours = () => STOPS.map((_, index) => getComputedStyle(document.documentElement).getPropertyValue(`--heat-${index}`).trim());

export function heat({ cells, columns, rows, top, height, ratio, label }) {
  const canvas = h("canvas.heat", { width: WIDTH, height: Math.max(1, Math.min(HIGHEST, Math.round(WIDTH * ratio))), role: "img", "aria-label": label });
  const x = (cell) => ((cell.column + 0.5) / columns) * canvas.width;
  const y = (cell) => (((cell.row + 0.5) / rows - top) / height) * canvas.height;
  paint(canvas, cells.map((cell) => ({ x: x(cell), y: y(cell), taps: cell.taps })));
  const places = new Map(cells.map((cell) => [`${cell.column}:${cell.row}`, cell]));
  const tip = h("p.chart-tip", { hidden: true, "aria-hidden": "true" });
  const element = h("div.heat-layer", {}, canvas, tip);
  element.addEventListener("pointermove", (event) => {
    const box = element.getBoundingClientRect();
    const [across, down] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    const cell = places.get(`${Math.floor(across * columns)}:${Math.floor((top + down * height) * rows)}`);
    tip.hidden = !cell;
    if (!cell) return;
    fill(tip, h("strong", {}, plural(cell.taps, "tap")), h("span.quiet", {}, plural(cell.people, "person", "people")));
    tip.style.left = `${Math.max(0, Math.min(box.width - tip.offsetWidth, event.clientX - box.left + 12))}px`;
    tip.style.top = `${event.clientY - box.top + 16}px`;
  });
  element.addEventListener("pointerleave", () => (tip.hidden = true));
  return element;
}

// Each tap warms what lies around it. The root makes seldom tapped places visible beside often tapped ones.
function paint(canvas, spots) {
  const { width, height } = canvas;
  const reach = Math.ceil(3 * SPREAD * width);
  const warmth = new Float32Array(width * height);
  for (const { x, y, taps } of spots) {
    const [left, right] = [Math.max(0, Math.floor(x) - reach), Math.min(width - 1, Math.floor(x) + reach)];
    const [above, below] = [Math.max(0, Math.floor(y) - reach), Math.min(height - 1, Math.floor(y) + reach)];
    for (let row = above; row <= below; row++) {
      for (let column = left; column <= right; column++) {
        const distance = ((column + 0.5 - x) ** 2 + (row + 0.5 - y) ** 2) / (SPREAD * width) ** 2;
        warmth[row * width + column] += taps * Math.exp(-distance / 2);
      }
    }
  }
  const most = warmth.reduce((one, other) => Math.max(one, other), 0) || 1;
  const ramp = palette();
  const pen = canvas.getContext("2d");
  const sheet = pen.createImageData(width, height);
  warmth.forEach((warm, at) => {
    const share = Math.sqrt(warm / most);
    if (share < FAINTEST) return;
    const colour = 4 * Math.min(STEPS - 1, Math.floor(share * STEPS));
    sheet.data.set(ramp.subarray(colour, colour + 3), 4 * at);
    sheet.data[4 * at + 3] = 215 * Math.min(1, 2.5 * (share - FAINTEST));
  });
  pen.putImageData(sheet, 0, 0);
}

function palette() {
  const pen = h("canvas", { width: STEPS, height: 1 }).getContext("2d");
  const scale = pen.createLinearGradient(0, 0, STEPS, 0);
  colours().forEach((colour, index) => scale.addColorStop(STOPS[index], colour));
  pen.fillStyle = scale;
  pen.fillRect(0, 0, STEPS, 1);
  return pen.getImageData(0, 0, STEPS, 1).data;
}

// What the colours mean.
export function heatLegend(cells) {
  const most = Math.max(1, ...cells.map((one) => one.taps));
  const bar = s("svg.heat-legend", { viewBox: "0 0 120 10", "aria-hidden": "true", preserveAspectRatio: "none" },
    s("defs", {}, s("linearGradient", { id: "heat-scale" }, STOPS.map((offset, index) => s(`stop.heat-${index}`, { offset })))),
    s("rect", { width: 120, height: 10, rx: 3, fill: "url(#heat-scale)" }));
  return h("p.legend.heat-key", {}, h("span", {}, "1 tap"), bar, h("span", {}, `${number(most)} in one place`));
}
