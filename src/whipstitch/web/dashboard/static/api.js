// The query API, asked for the project and environment that the page shows.

import { h } from "./dom.js";
import { parse } from "./json.js";

const meta = (name) => document.querySelector(`meta[name="${name}"]`)?.content ?? "";

export const project = meta("project");
export const environment = meta("environment");
export const role = meta("role");
// The project's: its days begin there.
export const timezone = meta("timezone") || "UTC";
export const mayEdit = role === "editor" || role === "admin";

// The address of a page here: page("person", { id: "user_1" })
export const page = (path, parameters = {}) => withParameters(meta("place") + path, parameters);

export class ApiError extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

// get("people", { search: "ada" }) asks /api/v1/people?search=ada&environment=…
// Blank parameters are left out, a list is repeated. `options.signal` ends it, `options.parameters`
// are those of `del`.
export const get = (path, parameters = {}, options = {}) => ask("GET", path, parameters, undefined, options);
export const post = (path, body, options = {}) => ask("POST", path, {}, body, options);
export const put = (path, body, options = {}) => ask("PUT", path, {}, body, options);
export const patch = (path, body, options = {}) => ask("PATCH", path, {}, body, options);
export const del = (path, body, options = {}) => ask("DELETE", path, options.parameters ?? {}, body, options);

// For what cannot send headers: streams, downloads.
export const address = (path, parameters = {}) =>
  withParameters(`/api/v1/${path}`, { ...parameters, project, environment });

// A page's own data, beside the query API.
export const own = (path) => send("GET", page(path), undefined, {});

// Who is signed out is asked to sign in, but on a page that nobody sits in front of.
let stays = false;
export const staysSignedOut = (on) => (stays = on);

const ask = (method, path, parameters, body, options) =>
  send(method, withParameters(`/api/v1/${path}`, { ...parameters, environment }), body, options);

async function send(method, url, body, { signal } = {}) {
  const headers = { accept: "application/json", "x-whipstitch-project": project };
  if (method !== "GET") headers["x-csrf-token"] = meta("csrf-token");
  if (body !== undefined) headers["content-type"] = "application/json";
  let response;
  try {
    // Who goes back wants the page as it is now, not an answer that the browser kept.
    response = await fetch(url, { method, headers, signal, cache: "no-store", body: body === undefined ? undefined : JSON.stringify(body) });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("The server does not answer. Is it running, and are you connected?", 0);
  }
  if (response.status === 401 || response.redirected) {
    if (stays) throw new ApiError("You are signed out. Sign in, and open this page again.", 401);
    location.assign(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
    return new Promise(() => {}); // the page goes
  }
  let answer;
  try {
    answer = parse(await response.text());
  } catch (error) {
    if (error.name === "AbortError") throw error; // the headers came, and then it was no longer wanted
    if (response.ok) throw new ApiError("The server's answer broke off. Try again.", 0);
  }
  if (!response.ok) throw new ApiError(answer?.error ?? `The server answered ${response.status}.`, response.status);
  return answer;
}

export function withParameters(path, parameters) {
  const given = Object.entries(parameters)
    .flatMap(([name, value]) => (Array.isArray(value) ? value.map((one) => [name, one]) : [[name, value]]))
    .filter(([, value]) => value !== "" && value !== null && value !== undefined);
  const query = given.map((pair) => pair.map(readable).join("=")).join("&");
  return query ? `${path}?${query}` : path;
}

// Encoded as far as an address needs it, so that people can read the rest.
const READABLE = { "%3A": ":", "%2C": ",", "%24": "$", "%2F": "/", "%40": "@" };
const readable = (text) => encodeURIComponent(String(text).toWellFormed()).replace(/%(?:3A|2C|24|2F|40)/g, (one) => READABLE[one]);

// What to tell of what went wrong.
export function reason(error) {
  if (error instanceof ApiError) return spoken(error.message);
  console.error(error);
  return "This page failed. Reload it; if that does not help, the browser's console says more.";
}

// The API names fields: events[0].filters[1].value is "event A, filter 2, value" on a page.
const spoken = (message) => message.replace(/^[a-z_]+(?:\[\d+\])?(?:\.[a-z_]+(?:\[\d+\])?)*: /, (path) => path.replace(/(\w+)\[(\d+)\]/g, (_, list, index) => place(list, Number(index))).replaceAll(".", ", ").replaceAll("_", " "));
const place = (list, index) =>
  list === "events" ? `event ${String.fromCharCode(65 + index)}` : `${["all", "any"].includes(list) ? "condition" : list.replace(/s$/, "")} ${index + 1}`;

// What is shown in place of what could not be loaded; `again` tries once more.
export function failed(error, again) {
  return h("div.notice", { role: "alert" },
    h("p", {}, reason(error)),
    again && h("button.button", { type: "button", onclick: again }, "Try again"));
}

// Only the latest call counts: the one before is aborted. const load = latest(async (signal) => …)
export function latest(work) {
  let controller;
  return async (...given) => {
    controller?.abort();
    const mine = (controller = new AbortController());
    try {
      return await work(mine.signal, ...given);
    } catch (error) {
      if (error.name !== "AbortError") throw error;
    }
  };
}
