// What charts with axes share: scales that hold all numbers and zero, the lines and names along both axes.

import { textWidth } from "./chart_frame.js";
import { s } from "./dom.js";

const EDGE = 12;
const [TOP, BOTTOM, REMARK] = [8, 24, 12];
const LEAST_LEFT = 36;
const APART = 14;

export const isKnown = (value) => value !== null && value !== undefined;

// { bottom, top, step }: round numbers around what is to be drawn; counts have no halves.
export function scaleOf(values) {
  const known = values.filter(isKnown);
  const [low, high] = known.reduce(([least, most], one) => [Math.min(least, one), Math.max(most, one)], [0, 0]);
  if (low === high) return { bottom: 0, top: 1, step: 1 };
  const rough = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const round = [1, 2, 2.5, 5, 10].find((one) => one * power >= rough * (1 - 1e-9)) * power;
  const step = known.every(Number.isInteger) ? Math.max(1, round) : round;
  return { bottom: Math.floor(low / step + 1e-9) * step, top: Math.ceil(high / step - 1e-9) * step, step };
}

// Where things are in a picture of that size: { left, right, width, top, bottom, y(value), marks }. `format(value)` names what
// stands along the axis, and gets the room that it needs; so do remarks, above.
export function plotOf(scale, width, height, format, hasRemarks = false) {
  const { bottom: low, top: high, step } = scale;
  const count = Math.round((high - low) / step);
  const marks = Array.from({ length: count + 1 }, (_, index) => low + index * step).map((value) => ({ value, text: format(Math.abs(value) < step / 2 ? 0 : value) }));
  const left = Math.max(LEAST_LEFT, Math.ceil(Math.max(...marks.map((one) => textWidth(one.text)))) + 8);
  const [top, bottom] = [TOP + (hasRemarks ? REMARK : 0), height - BOTTOM];
  const y = (value) => bottom - ((value - low) / (high - low)) * (bottom - top);
  return { left, right: width - EDGE, width: width - EDGE - left, top, bottom, y, marks, step, edge: width };
}

export const grid = ({ left, right, y, marks, step }) => marks.map(({ value, text }) => [
  s(Math.abs(value) < step / 2 ? "line.axis" : "line.grid", { x1: left, x2: right, y1: y(value), y2: y(value) }),
  s("text", { x: left - 8, y: y(value) + 4, "text-anchor": "end" }, text),
]);

// The names of intervals below: as many as have room.
export function ticks(labels, x, { bottom, width, edge }) {
  const rooms = labels.map(textWidth);
  const every = Math.max(1, Math.ceil((labels.length * (Math.max(1, ...rooms) + APART)) / Math.max(1, width)));
  return labels.map((label, index) => index % every === 0 && s("text", { x: Math.min(x(index), edge - rooms[index] / 2), y: bottom + 18, "text-anchor": "middle" }, label));
}

// What is said above an interval that is not whole, as far as there is room for all of it.
export const remark = (text, x, { left, top, edge }) => {
  const half = textWidth(text) / 2;
  return s("text.remark.halo", { x: Math.max(left + half, Math.min(x, edge - half)), y: top - 8, "text-anchor": "middle" }, text);
};
