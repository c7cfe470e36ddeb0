"""Every answer that an ingestion endpoint can give, each with the reason that metrics count it by.

Statuses and messages are the contract's (README, "Order of checks", and the three pages)."""

from collections.abc import Sequence

import msgspec

from whipstitch.core.projects import IngestionKey
from whipstitch.core.rate_limit import WINDOW_SECONDS

JSON = msgspec.json.Encoder()
RETRY_SECONDS = 5
OVERSIZED = "operation_too_large"
"""Why an operation of a batch is dropped; alone it is refused."""


class Answer(msgspec.Struct, frozen=True):
    """A whole answer. ``reason`` is None where operations were accepted; an empty ``body`` is an
    empty body, everything else is JSON."""

    status: int
    body: bytes
    reason: str | None = None
    retry_after: int | None = None
    allow: str | None = None

    @property
    def accepted(self) -> bool:
        return self.reason is None


def refusal(
    status: int,
    message: str,
    reason: str,
    *,
    retry_after: int | None = None,
    allow: str | None = None,
) -> Answer:
    """An error answer: ``{"ok": false, "error": message}``."""
    body = JSON.encode({"ok": False, "error": message})
    return Answer(status, body, reason, retry_after, allow)


ACCEPTED = Answer(200, b"")
TRACKED = Answer(200, b'{"ok":true,"commands":[]}')

DISCARDED = Answer(202, b'{"ok":true,"status":"discarded"}', "garbage_id")
DISCARDED_ALL = Answer(202, b'{"ok":true,"status":"discarded_all"}', "garbage_id")
OVERSIZED_ALL = msgspec.structs.replace(DISCARDED_ALL, reason=OVERSIZED)

MISSING_KEY = refusal(401, "Missing API key", "missing_key")
INVALID_KEY = refusal(403, "Invalid API Key", "invalid_key")
UNAUTHORIZED_ORIGIN = refusal(403, "Unauthorized Origin", "unauthorized_origin")
UNAUTHORIZED_IP = refusal(403, "Unauthorized IP Address", "unauthorized_ip")
TOO_LARGE = refusal(413, "Request body too large", "body_too_large")
INVALID_BODY = refusal(400, "Invalid request body", "invalid_body")
MISSING_EVENT_NAME = refusal(400, "Missing event_name", "missing_event_name")
MISSING_DISTINCT_ID = refusal(400, "Missing distinct_id", "missing_distinct_id")
MISSING_ALIAS_ID = refusal(400, "Missing alias_id", "missing_alias_id")
NO_OPERATIONS = refusal(400, "No operations provided", "no_operations")
UNKNOWN_OPERATION = refusal(400, "unknown operation type", "unknown_operation")
INVALID_PAYLOAD = {
    kind: refusal(400, f"Invalid {kind} payload", f"invalid_{kind}_payload")
    for kind in ("track", "people", "alias")
}
UNAVAILABLE = refusal(
    503, "Service temporarily unavailable", "queue_full", retry_after=RETRY_SECONDS
)
FAILED = refusal(500, "Internal server error", "internal_error")
INVALID_ENCODING = refusal(
    415, "Unsupported Content-Encoding: use gzip, deflate or zstd", "unsupported_encoding"
)
METHOD_NOT_ALLOWED = refusal(
    405, "Method not allowed: use POST", "method_not_allowed", allow="POST, OPTIONS"
)
TIMED_OUT = refusal(408, "Request body took too long to arrive", "body_timeout")
HEADERS_TOO_LARGE = refusal(431, "Request headers too large", "headers_too_large")
INVALID_HTTP = refusal(400, "Invalid HTTP request", "invalid_http")


_RATE_LIMITED = [
    refusal(429, "Rate limit exceeded. Please wait a moment.", "rate_limited", retry_after=seconds)
    for seconds in range(WINDOW_SECONDS + 1)
]


def rate_limited(seconds: int) -> Answer:
    """``seconds`` until more is taken: at most a window of the rate limit."""
    return _RATE_LIMITED[seconds]


def tracked(screens: Sequence[str]) -> Answer:
    """The answer to one event, asking for a pristine snapshot of each of ``screens``."""
    return Answer(200, JSON.encode({"ok": True, "commands": commands(screens)}))


def batched(
    key: IngestionKey, *, events: int, people: int, aliases: int, screens: Sequence[str]
) -> Answer:
    """The answer to a batch, counting what was accepted (batch page, "Response")."""
    return Answer(
        200,
        JSON.encode(
            {
                "ok": True,
                "project_id": key.project.id,
                "project_name": key.project.name,
                "environment": key.environment,
                "operations_received": events + people + aliases,
                "events_received": events,
                "people_received": people,
                "aliases_received": aliases,
                "commands": commands(screens),
            }
        ),
    )


def commands(screens: Sequence[str]) -> list[dict[str, object]]:
    return [{"type": "CAPTURE_PRISTINE", "params": {"screen": screen}} for screen in screens]
