"""snowplow-tracker (Python): POST with the key in the path, GET with the key as application id."""

import sys

from snowplow_tracker import (
    Emitter,
    PageView,
    SelfDescribing,
    SelfDescribingJson,
    StructuredEvent,
    Subject,
    Tracker,
)

url, key = sys.argv[1:]
host = url.removeprefix("http://")

subject = Subject().set_domain_user_id("duid_sp").set_user_id("sp_user")
post = Emitter(f"{host}/snowplow/{key}", protocol="http", batch_size=3)
tracker = Tracker("app", post, app_id="shop")
tracker.track(
    PageView(
        "https://shop.test/docs", "Docs", event_subject=Subject().set_domain_user_id("duid_sp")
    )
)
tracker.track(StructuredEvent("shop", "add-to-basket", value=2, event_subject=subject))
tracker.track(
    SelfDescribing(
        SelfDescribingJson("iglu:test.shop/checkout_started/jsonschema/1-0-0", {"total": 9.5}),
        event_subject=subject,
    )
)
tracker.flush()

get = Emitter(host, protocol="http", method="get")
Tracker("app", get, app_id=key, encode_base64=True).track(
    SelfDescribing(
        SelfDescribingJson("iglu:test.shop/packed/jsonschema/1-0-0", {"n": 1}),
        event_subject=subject,
    )
)
get.flush()
