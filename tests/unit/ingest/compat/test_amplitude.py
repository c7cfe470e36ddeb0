"""What Amplitude's clients send, beyond what the recordings show."""

import json
from typing import Any

from whipstitch.ingest.compat.amplitude import translate
from whipstitch.ingest.compat.request import CompatRequest

EVENT: dict[str, Any] = {"user_id": "ada", "insert_id": "i-1"}


def payloads(**event: Any) -> dict[str, dict[str, Any]]:
    body = json.dumps({"api_key": "a", "events": [EVENT | event]}).encode()
    done = translate(CompatRequest("POST", "/2/httpapi", {}, {}), body)
    return {one["type"]: one["payload"] for one in done.operations}


def test_traits_beside_an_event_are_an_operation_of_their_own() -> None:
    found = payloads(event_type="bought", user_properties={"$set": {"plan": "pro"}})
    ids = {kind: one["message_id"] for kind, one in found.items()}
    assert ids == {"people": "i-1:traits", "track": "i-1"}

    alone = payloads(event_type="$identify", user_properties={"$set": {"plan": "pro"}})
    assert {kind: one["message_id"] for kind, one in alone.items()} == {"people": "i-1"}


def test_an_event_outside_of_sessions_has_none() -> None:
    outside = payloads(event_type="bought", session_id=-1)
    inside = payloads(event_type="bought", session_id=1_790_000_000_000)

    assert "$session_id" not in outside["track"]["properties"]
    assert inside["track"]["properties"]["$session_id"] == "1790000000000"
