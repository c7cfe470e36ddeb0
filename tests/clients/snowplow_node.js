// @snowplow/node-tracker: the key as the application's id.
const { newTracker, buildPageView, buildStructEvent, buildSelfDescribingEvent } = require("@snowplow/node-tracker");
const [url, key] = process.argv.slice(2);
const { hostname, port } = new URL(url);
const tracker = newTracker(
  { namespace: "app", appId: key },
  { endpoint: hostname, protocol: "http", port: Number(port), bufferSize: 2 },
);
tracker.setDomainUserId("duid_spn");
tracker.track(buildPageView({ pageUrl: "https://shop.test/docs", pageTitle: "Docs" }));
tracker.setUserId("spn_user");
tracker.track(buildStructEvent({ category: "shop", action: "add-to-basket", value: 2 }));
tracker.track(
  buildSelfDescribingEvent({
    event: { schema: "iglu:test.shop/checkout_started/jsonschema/1-0-0", data: { total: 9.5 } },
  }),
  [{ schema: "iglu:test.shop/cart/jsonschema/1-0-0", data: { items: 3 } }],
);
tracker.flush();
