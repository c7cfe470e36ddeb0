// mixpanel (node): GET with base64, and batches.
const Mixpanel = require("mixpanel");
const [url, key] = process.argv.slice(2);
const { hostname, port } = new URL(url);
const done = (resolve) => (error) => {
  if (error) {
    console.error(error);
    process.exit(1);
  }
  resolve();
};
(async () => {
  const config = { host: `${hostname}:${port}`, protocol: "http", geolocate: false };
  const mixpanel = Mixpanel.init(key, config);
  await new Promise((r) => mixpanel.track("viewed", { distinct_id: "$device:node", $device_id: "node", n: 1 }, done(r)));
  await new Promise((r) => mixpanel.track("bought", { distinct_id: "mpn_user", $user_id: "mpn_user", $device_id: "node" }, done(r)));
  await new Promise((r) => mixpanel.people.set("mpn_user", { plan: "pro", text: "Grüße +/ 😀" }, done(r)));
  await new Promise((r) => mixpanel.people.unset("mpn_user", ["trial"], done(r)));
  await new Promise((r) => mixpanel.people.append("mpn_user", "tags", "new", done(r)));
  await new Promise((r) => mixpanel.groups.set("company", "acme", { name: "Acme" }, done(r)));
  await new Promise((r) =>
    mixpanel.track_batch(
      [...Array(60).keys()].map((n) => ({ event: "counted", properties: { distinct_id: "mpn_user", n } })),
      {},
      done(r),
    ),
  );
})();
