// What a released node client is made to tell, the same as story.py: `story.cjs CLIENT HOST KEY`, beside a
// node_modules folder that has what package.json names.
const [client, host, key] = process.argv.slice(2);
const person = `${client}-person`;
const anonymous = `${client}-anonymous`;
const traits = { email: "ada@example.com", plan: "pro" };

const complain = (error) => console.error("client:", error);

function pause() {
  console.log("half");
  return new Promise((resolve) => process.stdin.once("data", resolve));
}

async function numbered(send, half) {
  for (let n = half * 10; n < half * 10 + 10; n++) await send(n);
}

async function posthog() {
  const { PostHog } = require("posthog-node");
  const client = new PostHog(key, { host });
  client.on("error", complain);
  client.capture({ distinctId: anonymous, event: "before" });
  client.identify({ distinctId: person, properties: { ...traits, $set_once: { first: "yes" } } });
  client.alias({ distinctId: person, alias: anonymous });
  client.groupIdentify({ groupType: "company", groupKey: "acme", properties: { name: "Acme" } });
  if (await client.getFeatureFlag("beta", person)) complain("a flag that is not there");
  const send = (n) => client.capture({ distinctId: person, event: "numbered", properties: { n } });
  await numbered(send, 0);
  await client.flush();
  await pause();
  await numbered(send, 1);
  await client.shutdown();
}

async function segment() {
  const { Analytics } = require("@segment/analytics-node");
  // Of a host's path this client keeps nothing.
  const path = `${new URL(host).pathname.replace(/\/$/, "")}/v1/batch`;
  const client = new Analytics({ writeKey: key, host, path });
  client.on("error", complain);
  client.track({ anonymousId: anonymous, event: "before" });
  client.identify({ userId: person, anonymousId: anonymous, traits });
  client.alias({ previousId: `${person}-former`, userId: person });
  client.group({ userId: person, groupId: "acme", traits: { name: "Acme" } });
  client.page({ userId: person, name: "Home", properties: { path: "/home" } });
  const send = (n) => client.track({ userId: person, event: "numbered", properties: { n } });
  await numbered(send, 0);
  await client.flush();
  await pause();
  await numbered(send, 1);
  await client.closeAndFlush();
}

async function rudder() {
  const Analytics = require("@rudderstack/rudder-sdk-node");
  const client = new Analytics(key, { dataPlaneUrl: host });
  client.track({ anonymousId: anonymous, event: "before" });
  client.identify({ userId: person, anonymousId: anonymous, traits });
  client.alias({ previousId: `${person}-former`, userId: person });
  client.group({ userId: person, groupId: "acme", traits: { name: "Acme" } });
  client.page({ userId: person, name: "Home", properties: { path: "/home" } });
  const send = (n) => client.track({ userId: person, event: "numbered", properties: { n } });
  const flush = () => new Promise((resolve) => client.flush((error) => resolve(error && complain(error))));
  await numbered(send, 0);
  await flush();
  await pause();
  await numbered(send, 1);
  await flush();
}

const stories = { "posthog-node": posthog, "segment-node": segment, "rudder-node": rudder };
stories[client]().then(
  () => process.exit(0),
  (error) => {
    complain(error);
    process.exit(1);
  },
);
