// What a browser client is made to tell. One of the clients of this folder is bundled with it under the name
// `client-under-test`; the page's query says HOST, KEY and CLIENT.
import * as it from "client-under-test";

const { host, key, client } = Object.fromEntries(new URLSearchParams(location.search));
const person = `${client}-person`;
const traits = { email: "ada@example.com", plan: "pro" };

function posthog() {
  const tool = it.default;
  tool.init(key, { api_host: host, autocapture: false, capture_pageview: true, disable_session_recording: true, opt_out_useragent_filter: true });
  return {
    track: (name, properties) => tool.capture(name, properties),
    identify: (id) => tool.identify(id, traits),
    group: () => tool.group("company", "acme", { name: "Acme" }),
    reset: () => tool.reset(),
  };
}

function segment() {
  const apiHost = `${new URL(host).host}/v1`;
  const settings = { "Segment.io": { apiHost, protocol: "http" } };
  const tool = it.AnalyticsBrowser.load({ writeKey: key, cdnURL: host }, { integrations: settings });
  return calls(tool);
}

function rudder() {
  const tool = new it.RudderAnalytics();
  tool.load(key, host, { configUrl: host, storage: { encryption: { version: "legacy" } }, plugins: [] });
  return calls(tool);
}

function calls(tool) {
  tool.page("Docs", "Home");
  return {
    track: (name, properties) => tool.track(name, properties),
    identify: (id) => tool.identify(id, traits),
    group: () => tool.group("acme", { name: "Acme" }),
    reset: () => tool.reset(),
  };
}

const makers = { "posthog-js": posthog, "posthog-js-2024": posthog, "analytics-next": segment, "rudder-js": rudder };
const tool = makers[client]();

window.tell = async (from, to) => {
  for (let n = from; n < to; n++) await tool.track("numbered", { n });
};
window.begin = async () => {
  await tool.track("before", {});
  await tool.identify(person);
  await tool.group();
};
window.signOut = async () => {
  await tool.reset();
  await tool.track("after_reset", { client });
};
window.signIn = async () => {
  await tool.identify(`${client}-second`);
  await tool.track("as_second", {});
};
window.leave = () => void tool.track("leaving", { client });
