// Elements from plain values. Text is always text: nothing here reads HTML.

// h("a.button", { href: "/x", onclick: f, hidden: true }, "text", child, [more], null)
export function h(kind, attributes = {}, ...children) {
  const [tag, ...classes] = kind.split(".");
  return filled(document.createElement(tag), classes, attributes, children);
}

const SVG = "http://www.w3.org/2000/svg";

// The same for SVG.
export function s(kind, attributes = {}, ...children) {
  const [tag, ...classes] = kind.split(".");
  return filled(document.createElementNS(SVG, tag), classes, attributes, children);
}

// In place of what `element` holds.
export function fill(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter((one) => one !== null && one !== undefined && one !== false));
  element.removeAttribute("aria-busy");
  return element;
}

export const byId = (id) => document.getElementById(id);

// A copy of what a <template> holds.
export const clone = (id) => byId(id).content.cloneNode(true);

// Skeleton rows, which keep the height while something loads.
export const skeleton = (rows) => h("div.skeleton", { "aria-hidden": "true" }, Array.from({ length: rows }, () => h("span")));

function filled(element, classes, attributes, children) {
  if (classes.length) element.classList.add(...classes);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((one) => one !== null && one !== undefined && one !== false));
  return element;
}
