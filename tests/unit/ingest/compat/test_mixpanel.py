"""What Mixpanel's clients send, beyond what the recordings show."""

import json
from typing import Any

import pytest

from whipstitch.ingest.compat.mixpanel import translate_engage, translate_track
from whipstitch.ingest.compat.request import CompatRequest
from whipstitch.ingest.compat.translation import Translation

DEVICE = "$device:01a21c11-bd79-70f8-bf92-aa997e373b67"


def track(event: str, **properties: Any) -> Translation:
    body = json.dumps([{"event": event, "properties": properties}]).encode()
    return translate_track(CompatRequest("POST", "/track", {}, {}), body)


def aliases(done: Translation) -> list[tuple[str, str]]:
    payloads = [one["payload"] for one in done.operations if one["type"] == "alias"]
    return [(one["alias_id"], one["distinct_id"]) for one in payloads]


@pytest.mark.parametrize("ids", [[DEVICE, "ada"], ["ada", DEVICE]])
def test_of_merged_ids_the_one_that_looks_like_a_devices_gives_way(ids: list[str]) -> None:
    assert aliases(track("$merge", **{"$distinct_ids": ids})) == [(DEVICE, "ada")]


@pytest.mark.parametrize("device", [DEVICE, DEVICE.removeprefix("$device:")])
def test_a_device_is_the_same_person_with_its_prefix_and_without(device: str) -> None:
    done = track("Viewed", **{"$device_id": device, "$user_id": "ada"})
    assert aliases(done) == [(DEVICE, "ada")]


def test_an_update_that_sets_nothing_says_nothing() -> None:
    body = json.dumps([{"$token": "t", "$distinct_id": "ada", "$set_once": {"a": None}}]).encode()
    done = translate_engage(CompatRequest("POST", "/engage", {}, {}), body)
    assert done.operations == []
