// A list of events with filters, as funnels and insights ask about: eventList({ items, onchange, any, extra }).
// An item is { event_name, filters, … }; onchange gets the list. `extra(item, update, index)` gives more fields of an item.

import { combobox } from "./combobox.js";
import { fill, h } from "./dom.js";
import { filterEditor } from "./filter_editor.js";
import { eventLabel, eventOptions } from "./lexicon_source.js";

// `any`: whether an item may be any event (null); `marks(index)`: what an item is called (1, 2, …); `least`: items that must
// stay; `moves`: whether their order matters; `fresh()`: a new item; `sign`: what stands before each instead. An item whose event is still to be chosen has
// event_name "".
export function eventList({ items, onchange, label, add, any = false, least = 1, most = 20, moves = false, marks = (index) => index + 1, sign, extra = () => null, fresh = () => ({ event_name: "" }) }) {
  const held = items.map((one) => ({ ...one }));
  const list = h("ol.event-list", { "aria-label": label });
  const more = h("button.link.add", { type: "button", onclick: () => {
    held.push(fresh());
    draw();
    list.lastElementChild.querySelector("input").focus();
  } }, add);
  const tell = () => onchange(held.map((one) => ({ ...one })));

  function draw() {
    fill(list, held.map(item));
    more.hidden = held.length >= most;
  }

  // The parts of an item that depend on `patch` are drawn anew by `again`; the focus stays in its field.
  function update(index, patch, again = false) {
    Object.assign(held[index], patch);
    if (again) {
      const key = document.activeElement?.dataset.key;
      list.replaceChild(item(held[index], index), list.children[index]);
      if (key) list.children[index].querySelector(`[data-key="${key}"]`)?.focus();
    }
    tell();
  }

  function move(index, to) {
    held.splice(to, 0, held.splice(index, 1)[0]);
    draw();
    list.children[to].querySelector(to > index ? ".down" : ".up")?.focus();
    tell();
  }

  function remove(index) {
    held.splice(index, 1);
    draw();
    (list.children[Math.min(index, held.length - 1)]?.querySelector("input") ?? more).focus();
    tell();
  }

  function item(one, index) {
    const name = `${label} ${marks(index)}`;
    const event = combobox({ label: name, value: one.event_name, placeholder: "event", eager: true, shown: eventLabel, options: eventOptions({ any }), onchange: (event_name) => update(index, { event_name }) });
    const button = (kind, text, said, act, disabled = false) => h(`button.icon-button.small${kind}`, { type: "button", "aria-label": `${said} ${name}`, title: said, disabled, onclick: act }, text);
    return h("li.event-item", {},
      h("div.event-line", {}, h("span.mark", { "aria-hidden": "true" }, sign ?? marks(index)), event,
        moves && held.length > 1 && [button(".up", "↑", "Move up", () => move(index, index - 1), index === 0), button(".down", "↓", "Move down", () => move(index, index + 1), index === held.length - 1)],
        held.length > least && button("", "×", "Remove", () => remove(index))),
      h("div.event-more", {}, extra(one, (patch, again) => update(index, patch, again), index),
        filterEditor({ filters: one.filters ?? [], events: () => [one.event_name], label: `Filters of ${name}`, onchange: (filters) => update(index, { filters: filters.length ? filters : undefined }) })));
  }

  draw();
  return h("div", {}, list, more);
}

// Lists from an address: only what an item can be.
export const tidyEvents = (items, most = 20) =>
  (Array.isArray(items) ? items : [])
    .filter((one) => one && typeof one === "object" && (one.event_name === null || typeof one.event_name === "string"))
    .slice(0, most)
    .map((one) => ({ ...one, filters: tidyFilters(one.filters) }));

// undefined where there is none: an address leaves that out
export const tidyFilters = (filters) => {
  const found = (Array.isArray(filters) ? filters : []).filter((one) => one && typeof one === "object" && !Array.isArray(one));
  return found.length ? found : undefined;
};
