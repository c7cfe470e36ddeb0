"""What is sent by GA4's Measurement Protocol."""

import json
from typing import Any

from whipstitch.ingest.compat.ga4 import translate
from whipstitch.ingest.compat.request import CompatRequest


def payloads(**body: Any) -> list[dict[str, Any]]:
    sent = json.dumps({"client_id": "c.1"} | body).encode()
    done = translate(CompatRequest("POST", "/mp/collect", {}, {}), sent)
    return [one["payload"] for one in done.operations]


def test_an_event_may_have_a_time_of_its_own() -> None:
    first, second = payloads(
        timestamp_micros=1_790_000_000_000_000,
        events=[{"name": "a"}, {"name": "b", "timestamp_micros": 1_790_000_000_000_001}],
    )
    times = (first["timestamp"], second["timestamp"])
    assert times == (1_790_000_000_000_000, 1_790_000_000_000_001)


def test_a_trait_is_its_value() -> None:
    (traits,) = payloads(user_properties={"plan": {"value": "pro"}, "seats": 4}, events=[])
    assert traits["properties"] == {"plan": "pro", "seats": 4}
