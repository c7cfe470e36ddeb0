// A moment as an element: how long ago, and the moment itself where it is pointed at.

import { h } from "./dom.js";
import { ago, moment } from "./format.js";

export const timeAgo = (text) => (text ? h("time", { datetime: text, title: moment(text) }, ago(text)) : "—");
