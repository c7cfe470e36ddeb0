"""What a client reports to ``/api/v1/screens/seen``, as an event."""

from typing import Any, Final

import msgspec

from whipstitch.core.reasons import Reason
from whipstitch.ingest.validation import answers
from whipstitch.ingest.validation.answers import JSON, Answer
from whipstitch.ingest.validation.screens import SEEN_EVENT

_MISSING_SCREEN: Final = answers.refusal(400, "Missing screen", Reason.MISSING_SCREEN_NAME)


class _View(msgspec.Struct, frozen=True):
    """The body of ``/screens/seen``; raw: what is odd about a value is for validation to say."""

    screen: str | None = None
    distinct_id: msgspec.Raw = msgspec.Raw(b"null")
    session_id: msgspec.Raw = msgspec.Raw(b"null")
    ts_ms: msgspec.Raw = msgspec.Raw(b"null")
    properties: dict[str, msgspec.Raw] | None = None


_view = msgspec.json.Decoder(_View)


def read_view(body: bytes) -> bytes | Answer:
    """The event, as the body of ``/track``, that a view of a screen is, or the answer that refuses
    it."""
    try:
        view = _view.decode(body)
    except (ValueError, RecursionError):
        return answers.INVALID_BODY
    if not view.screen:
        return _MISSING_SCREEN
    properties: dict[str, Any] = dict(view.properties or {})
    properties["$screen_name"] = view.screen
    if bytes(view.session_id) != b"null":
        properties["$session_id"] = view.session_id
    return JSON.encode(
        {
            "event_name": SEEN_EVENT,
            "distinct_id": view.distinct_id,
            "timestamp": view.ts_ms,
            "properties": properties,
        }
    )
