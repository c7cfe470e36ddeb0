"""Every answer that an ingestion endpoint can give; a refusal has the reason that it is counted by.

Statuses and messages are the contract's (README, "Order of checks", and the three pages)."""

from collections.abc import Sequence

import msgspec

from whipstitch.core.projects import IngestionKey
from whipstitch.core.rate_limit import WINDOW_SECONDS
from whipstitch.core.reasons import Reason

JSON = msgspec.json.Encoder()
RETRY_SECONDS = 5


class Answer(msgspec.Struct, frozen=True):
    """A whole answer. ``reason`` is None where it is no refusal; an empty ``body`` is an empty
    body, everything else is JSON."""

    status: int
    body: bytes
    reason: Reason | None = None
    retry_after: int | None = None
    allow: str | None = None

    @property
    def refuses(self) -> bool:
        return self.reason is not None


def refusal(
    status: int,
    message: str,
    reason: Reason,
    *,
    retry_after: int | None = None,
    allow: str | None = None,
) -> Answer:
    """An error answer: ``{"ok": false, "error": message}``."""
    body = JSON.encode({"ok": False, "error": message})
    return Answer(status, body, reason, retry_after, allow)


ACCEPTED = Answer(200, b"")
TRACKED = Answer(200, b'{"ok":true,"commands":[]}')

DISCARDED = Answer(202, b'{"ok":true,"status":"discarded"}')
DISCARDED_ALL = Answer(202, b'{"ok":true,"status":"discarded_all"}')

MISSING_KEY = refusal(401, "Missing API key", Reason.MISSING_KEY)
INVALID_KEY = refusal(403, "Invalid API Key", Reason.INVALID_KEY)
UNAUTHORIZED_ORIGIN = refusal(403, "Unauthorized Origin", Reason.UNAUTHORIZED_ORIGIN)
UNAUTHORIZED_IP = refusal(403, "Unauthorized IP Address", Reason.UNAUTHORIZED_IP)
TOO_LARGE = refusal(413, "Request body too large", Reason.BODY_TOO_LARGE)
INVALID_BODY = refusal(400, "Invalid request body", Reason.INVALID_BODY)
MISSING_EVENT_NAME = refusal(400, "Missing event_name", Reason.MISSING_EVENT_NAME)
MISSING_DISTINCT_ID = refusal(400, "Missing distinct_id", Reason.MISSING_DISTINCT_ID)
MISSING_ALIAS_ID = refusal(400, "Missing alias_id", Reason.MISSING_ALIAS_ID)
NO_OPERATIONS = refusal(400, "No operations provided", Reason.NO_OPERATIONS)
UNKNOWN_OPERATION = refusal(400, "unknown operation type", Reason.UNKNOWN_OPERATION)
INVALID_PAYLOAD = {
    "track": refusal(400, "Invalid track payload", Reason.INVALID_TRACK_PAYLOAD),
    "people": refusal(400, "Invalid people payload", Reason.INVALID_PEOPLE_PAYLOAD),
    "alias": refusal(400, "Invalid alias payload", Reason.INVALID_ALIAS_PAYLOAD),
}
UNAVAILABLE = refusal(
    503, "Service temporarily unavailable", Reason.QUEUE_FULL, retry_after=RETRY_SECONDS
)
NOT_TAKEN_HERE = refusal(
    503,
    "This node takes no events (only = app): send to one that does",
    Reason.NOT_TAKEN_HERE,
    retry_after=RETRY_SECONDS,
)
FAILED = refusal(500, "Internal server error", Reason.INTERNAL_ERROR)
INVALID_ENCODING = refusal(
    415, "Unsupported Content-Encoding: use gzip, deflate or zstd", Reason.UNSUPPORTED_ENCODING
)
METHOD_NOT_ALLOWED = refusal(
    405, "Method not allowed: use POST", Reason.METHOD_NOT_ALLOWED, allow="POST, OPTIONS"
)
TIMED_OUT = refusal(408, "Request body took too long to arrive", Reason.BODY_TIMEOUT)
HEADERS_TOO_LARGE = refusal(431, "Request headers too large", Reason.HEADERS_TOO_LARGE)
INVALID_HTTP = refusal(400, "Invalid HTTP request", Reason.INVALID_HTTP)


_RATE_LIMITED = [
    refusal(
        429, "Rate limit exceeded. Please wait a moment.", Reason.RATE_LIMITED, retry_after=seconds
    )
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
