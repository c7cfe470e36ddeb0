"""Both doors give the same answer, to the byte, up to the date."""

import json
import re
import zlib
from typing import Any

import pytest
from tests.support.doors import (
    FENCED_KEY,
    KEY,
    Served,
    chunked,
    operation,
    post,
    request,
    track,
)

SCREEN = track(event_name="$screen", properties={"$screen_name": 'Caf\u00e9 "1"'})
BODY = json.dumps(track()).encode()
GZIP = {"content-encoding": "gzip"}
PACKED = zlib.compress(BODY, wbits=31)

REQUESTS: dict[str, bytes] = {
    "event": post("track", track()),
    "event with a screen": post("track", SCREEN),
    "traits": post("people", {"distinct_id": "user_123", "properties": {"a": 1}}),
    "alias": post("alias", {"alias_id": "anon_1", "distinct_id": "user_123"}),
    "batch": post("batch", {"operations": [operation("track", **SCREEN)] * 3}),
    "garbage": post("track", track(distinct_id="gzip")),
    "garbage batch": post("batch", {"operations": [operation("people", distinct_id="x")]}),
    "no key": post("track", track(), key=None),
    "unknown key": post("track", track(), key="sk_live_nobody"),
    "key that is not ASCII": post("track", track(), key="\u00e9\u00ff"),
    "foreign origin": post("track", track(), {"origin": "https://evil.test"}, key=FENCED_KEY),
    "foreign address": post("track", track(), key=FENCED_KEY),
    "no body": post("track", b""),
    "no JSON": post("batch", b"\x00"),
    "no event name": post("track", {}),
    "no distinct id": post("people", {}),
    "no alias id": post("alias", {}),
    "no operations": post("batch", {"operations": []}),
    "unknown type": post("batch", {"operations": [operation("page")]}),
    "bad payload": post("batch", {"operations": [operation("alias")]}),
    "packed": post("track", PACKED, GZIP),
    "packed, torn": post("track", PACKED[:-5], GZIP),
    "packed, not": post("track", BODY, GZIP),
    "packed oddly": post("track", PACKED, {"content-encoding": "br"}),
    "heavy": post("track", track(properties={"pad": "x" * 300_000})),
    "heavy and no JSON": post("track", b"x" * 300_000),
    "heavy without a key": post("track", b"x" * 300_000, key=None),
    "in chunks": b"".join(chunked("track", [BODY[:10], BODY[10:]])),
    "in chunks, no JSON": b"".join(chunked("track", [b"x"])),
    "to be closed": post("track", track(), {"connection": "close"}),
    "no key, to be closed": post("track", track(), {"connection": "close"}, key=None),
    "HTTP/1.0": post("track", track()).replace(b"HTTP/1.1", b"HTTP/1.0", 1),
    "HTTP/1.0 to be kept": post("track", track(), {"connection": "keep-alive"}).replace(
        b"HTTP/1.1", b"HTTP/1.0", 1
    ),
    "query string": request("POST", "/api/v1/track?a=b", BODY, {"x-api-key": KEY}),
    "preflight": request("OPTIONS", "/api/v1/batch", headers={"origin": "https://a.test"}),
    "GET": request("GET", "/api/v1/track"),
    "HEAD": request("HEAD", "/api/v1/track"),
    "another path": request("GET", "/api/v1/nothing"),
    "another path, posted to": request("POST", "/api/v1/trackk", BODY, {"x-api-key": KEY}),
}


def without_date(raw: bytes) -> bytes:
    bare, replaced = re.subn(rb"\r\ndate: [^\r]*\r\n", b"\r\ndate: \r\n", raw)
    assert replaced == 1
    return bare


@pytest.mark.parametrize("name", REQUESTS)
def test_both_doors_answer_alike(servers: dict[str, Served], name: str) -> None:
    sent = REQUESTS[name]
    answers = []
    for server in servers.values():
        with server.connect() as client:
            client.send(sent)
            raw = client.response(head=sent.startswith(b"HEAD ")).raw
            kept = b"connection: close" not in raw
            if kept:
                client.send(REQUESTS["event"])  # only to see that nothing else was sent
                assert client.response().status == 200
            else:
                assert client.is_closed()
            answers.append(without_date(raw))
    assert answers[0] == answers[1]


def test_both_doors_store_alike(servers: dict[str, Served]) -> None:
    """But for ids and the moment of acceptance."""
    timed = {"timestamp": "2026-05-09T14:32:01Z"}
    requests = [
        post("track", SCREEN | timed, {"user-agent": "Mozilla/5.0 (X11; Linux x86_64)"}),
        post("people", {"distinct_id": "user_123", "properties": {"a": {"b": 1}}} | timed),
        post("alias", {"alias_id": "anon_1", "distinct_id": "user_123"} | timed),
        post("batch", {"operations": [operation("track", **track(), **timed)]}),
        post("track", track(properties={"pad": "x" * 300_000}) | timed),
    ]
    stored: list[list[dict[str, Any]]] = []
    for server in servers.values():
        server.new_rows()
        for one in requests:
            assert server.ask(one).status == 200
        rows = server.new_rows()
        for row in rows:
            del row["accepted"]
            row.pop("received", None)  # of events
            row.pop("id", None)
        stored.append(rows)
    assert len(stored[0]) == 6
    assert stored[0] == stored[1]
