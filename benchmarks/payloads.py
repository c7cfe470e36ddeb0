"""What the load generators send: whole HTTP requests as bytes, made ahead so that sending them
costs little."""

import json
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

EVENT: Final[dict[str, Any]] = {
    "event_name": "checkout_started",
    "distinct_id": "user_123",
    "timestamp": "2026-05-09T14:32:01.482Z",
    "properties": {
        "cart_value": 49.99,
        "item_count": 3,
        "currency": "USD",
        "$session_id": "sess_abc123",
    },
    "default_properties": {"$os": "ios", "$device_model": "iPhone 15", "$app_version": "2.4.1"},
    "lib_version": "benchmark@1.0.0",
}
TRACK: Final = json.dumps(EVENT).encode()
_TRACK_PATH: Final = "/api/v1/track"
_USER_AGENT: Final = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0"
)
_MONTH_SECONDS: Final = 30 * 24 * 60 * 60


class Target(NamedTuple):
    """Requests that are sent to the server at ``url`` again and again, in this order."""

    url: str
    requests: Sequence[bytes]


def track(url: str, key: str) -> Target:
    """One event, the same each time."""
    return Target(url, [post(url, _TRACK_PATH, {"x-api-key": key, **_PLAIN}, TRACK)])


def distinct_tracks(url: str, key: str, events: range, *, ids: bool) -> Target:
    """Events with these numbers in them; with ``ids`` each has a ``message_id``."""
    headers = {"x-api-key": key, **_PLAIN}
    sent: Iterator[dict[str, Any]] = (
        {**EVENT, "properties": {**EVENT["properties"], "step": number}} for number in events
    )
    if ids:
        sent = ({**one, "message_id": str(uuid.uuid4())} for one in sent)
    bodies = (json.dumps(one).encode() for one in sent)
    return Target(url, [post(url, _TRACK_PATH, headers, body) for body in bodies])


def batches(url: str, key: str, operations: int) -> Target:
    """One batch, the same each time."""
    headers = {"x-api-key": key, **_PLAIN}
    return Target(url, [post(url, "/api/v1/batch", headers, batch(operations))])


def batch(operations: int, start: int = 0) -> bytes:
    """The body of a batch: events by different people, at different times of the last month.
    ``start`` is the number of its first event; numbers say what is in an event."""
    now = time.time()
    events = [
        {
            **EVENT,
            "event_name": f"event_{number % 20}",
            "distinct_id": f"user_{(number * 7919) % 100_000}",
            "timestamp": int((now - (number * 97) % _MONTH_SECONDS) * 1000),
            "properties": {**EVENT["properties"], "cart_value": number % 997, "step": number},
        }
        for number in range(start, start + operations)
    ]
    return json.dumps(
        {"operations": [{"type": "track", "payload": event} for event in events]}
    ).encode()


def post(url: str, path: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """A request whose head has ``Host`` first, then ``headers``, then ``Content-Length``."""
    lines = [
        f"POST {path} HTTP/1.1",
        f"Host: {urlsplit(url).netloc}",
        *(f"{name}: {value}" for name, value in headers.items()),
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


_PLAIN: Final = {"Content-Type": "application/json", "User-Agent": _USER_AGENT}
