// What is taken along of a chart: its numbers as CSV, its picture as PNG.

import { colour, fitted, namesOf } from "./chart_frame.js";
import { h } from "./dom.js";

// The numbers of a chart as CSV text; `corner` says what the labels are.
export function csv(labels, series, corner = "") {
  const cell = (value) => {
    const text = String(value ?? "");
    // A spreadsheet would run what begins so.
    const safe = typeof value === "string" && /^[=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]/.test(text) ? `'${text}` : text;
    return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  const rows = [[corner, ...series.map((one) => one.name)], ...labels.map((label, index) => [label, ...series.map((one) => one.values[index])])];
  return rows.map((row) => row.map(cell).join(",")).join("\r\n");
}

export function download(name, type, content) {
  const url = URL.createObjectURL(new Blob([content], { type }));
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

// A chart as PNG, twice its size on the screen, in the colours that it has there, with the names of its series.
export async function png(element, name) {
  const svg = element.querySelector("svg");
  const { width, height } = svg.getBoundingClientRect();
  const copy = svg.cloneNode(true);
  const shown = svg.querySelectorAll("*");
  copy.querySelectorAll("*").forEach((one, index) => {
    const style = getComputedStyle(shown[index]);
    for (const property of ["fill", "stroke", "stroke-width", "stroke-dasharray", "opacity", "visibility", "font-size", "font-style", "font-weight", "font-family", "paint-order", "stroke-linejoin"]) one.setAttribute(property, style.getPropertyValue(property));
  });
  copy.setAttribute("width", width);
  copy.setAttribute("height", height);
  const url = URL.createObjectURL(new Blob([new XMLSerializer().serializeToString(copy)], { type: "image/svg+xml" }));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const sheet = h("canvas", { width: (width + 2 * EDGE) * 2 });
    const pen = sheet.getContext("2d");
    const look = getComputedStyle(element);
    pen.font = `12px ${look.fontFamily}`;
    const named = keyed(pen, namesOf(element), width);
    sheet.height = (named.height + height + 2 * EDGE) * 2; // which wipes the sheet and the pen
    pen.scale(2, 2);
    pen.fillStyle = getComputedStyle(element.closest(".card") ?? document.body).backgroundColor;
    pen.fillRect(0, 0, sheet.width, sheet.height);
    pen.translate(EDGE, EDGE);
    pen.font = `12px ${look.fontFamily}`;
    const swatch = h("span.swatch");
    element.append(swatch);
    for (const { text, colour: own, x, y } of named.places) {
      swatch.className = `swatch ${colour(own)}`;
      pen.fillStyle = getComputedStyle(swatch).backgroundColor;
      pen.fillRect(x, y, 10, 10);
      pen.fillStyle = look.color;
      pen.fillText(text, x + 16, y + 9.5);
    }
    swatch.remove();
    pen.drawImage(image, 0, named.height, width, height);
    download(name, "image/png", await new Promise((done) => {
      sheet.toBlob(done, "image/png");
    }));
  } finally {
    URL.revokeObjectURL(url);
  }
}

const EDGE = 16;

// Where the names of series stand above a picture of that width.
function keyed(pen, names, width) {
  let [x, y] = [0, 0];
  const places = names.map(({ name, colour: own }) => {
    const text = fitted(name, width - 36);
    const room = pen.measureText(text).width + 36;
    if (x && x + room > width) [x, y] = [0, y + 20];
    const place = { text, colour: own, x, y };
    x += room;
    return place;
  });
  return { places, height: places.length ? y + 28 : 0 };
}
