// @amplitude/analytics-node
const amplitude = require("@amplitude/analytics-node");
const [url, key] = process.argv.slice(2);
(async () => {
  await amplitude.init(key, { serverUrl: `${url}/2/httpapi`, flushQueueSize: 40, flushIntervalMillis: 200 }).promise;
  await amplitude.track("viewed", { n: 1 }, { device_id: "device_ampn" }).promise;
  const bought = await amplitude.track("bought", {}, { device_id: "device_ampn", user_id: "ampn_user" }).promise;
  if (bought.code !== 200) throw new Error(JSON.stringify(bought));
  await amplitude.identify(new amplitude.Identify().set("plan", "pro").setOnce("first_seen", "2026-05-01").add("logins", 2).unset("trial"), { user_id: "ampn_user" }).promise;
  await amplitude.groupIdentify("company", "acme", new amplitude.Identify().set("name", "Acme")).promise;
  const all = [...Array(120).keys()].map((n) => amplitude.track("counted", { n }, { user_id: "ampn_user" }).promise);
  await amplitude.flush().promise;
  await Promise.all(all);
})();
