"""What the door for other products' clients refuses, in the words of each, and what it counts."""

import base64
import gzip
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.doors import KEY, TIGHT_KEY, Options, Response, Served, request, serving

from whipstitch.core.reasons import Reason
from whipstitch.ingest.compat import door

WRONG = "sk_live_ffffffffffffffffffffffffffffffff"
RUDDER_PYTHON = {"user-agent": "analytics-python/2.1.9"}


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    with (
        tempfile.TemporaryDirectory() as folder,
        serving("express", Path(folder), Options()) as served,
    ):
        yield served


def basic(key: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()}


def posthog(server: Served, key: str, body: bytes | None = None, path: str = "/batch/") -> Response:
    event = {"event": "x", "distinct_id": "ada"}
    sent = json.dumps({"api_key": key, "batch": [event]}).encode() if body is None else body
    return server.ask(request("POST", path, sent))


def rudder(server: Served, key: str, **headers: str) -> Response:
    body = b'{"batch": [{"type": "track", "event": "x", "userId": "ada"}]}'
    return server.ask(request("POST", "/v1/batch", body, basic(key) | headers))


def test_a_wrong_key_is_refused_and_counted(server: Served) -> None:
    before = server.service.stats.reasons[Reason.INVALID_KEY]
    answer = posthog(server, WRONG)
    assert answer.status == 403
    assert answer.json == {"status": 0, "detail": "Invalid API Key"}
    assert posthog(server, "").status == 401
    assert server.service.stats.reasons[Reason.INVALID_KEY] == before + 1
    causes = [one.cause for one in server.service.rejections.take() if not one.project_id]
    assert ("invalid_key", "posthog") in {(one.reason, one.endpoint) for one in causes}
    assert server.new_rows() == []


def test_only_the_client_that_would_send_for_ever_is_told_that_all_is_well(server: Served) -> None:
    assert rudder(server, WRONG).status == 403
    before = server.service.stats.reasons[Reason.INVALID_KEY]
    answer = rudder(server, WRONG, **RUDDER_PYTHON)
    assert (answer.status, answer.body) == (200, b"OK")
    assert server.service.stats.reasons[Reason.INVALID_KEY] == before + 1
    assert server.new_rows() == []


def test_too_many_requests_are_503_with_the_time_to_wait(server: Served) -> None:
    told = [posthog(server, TIGHT_KEY).status for _ in range(6)]
    assert told[0] == 200
    assert told[-1] == 503
    answer = rudder(server, TIGHT_KEY, **RUDDER_PYTHON)
    assert answer.status == 503
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    server.new_rows()


@pytest.mark.parametrize(
    "body",
    [
        gzip.compress(b'{"batch": [' + b" " * (21 << 20) + b"]}"),
        gzip.compress(b"[" + b"{}," * 600_000 + b"{}]"),
    ],
    ids=["unpacked", "objects"],
)
def test_what_unpacks_to_too_much_is_refused(server: Served, body: bytes) -> None:
    answer = posthog(server, KEY, body)
    assert answer.status == 413
    assert server.new_rows() == []


def test_too_large_a_body_is_not_read_to_its_end(server: Served) -> None:
    head = request("POST", "/e/", b"", {"content-length": str(21 << 20)})
    head = head.replace(b"content-length: 0\r\n", b"")
    assert server.ask(head).status == 413


def test_of_one_address_not_too_many_large_bodies_are_received_at_one_time(
    server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "_RECEIVED_OF_ONE", 1)
    event = {"event": "x", "distinct_id": "ada", "properties": {"long": "x" * 300_000}}
    large = request("POST", "/e/", json.dumps([event | {"api_key": KEY}]).encode())
    with server.connect() as first, server.connect() as second:
        first.send(large[:1000])
        time.sleep(0.2)
        second.send(large[:1000])
        refused = second.response()
        assert posthog(server, KEY).status == 200  # a small one does not wait
        first.send(large[1000:])
        assert (refused.status, first.response().status) == (503, 200)
    assert len(server.new_rows()) == 2


@pytest.mark.parametrize("depth", [300, 100_000])
def test_nesting_is_stored_or_refused_and_harms_nobody(server: Served, depth: int) -> None:
    deep = b'{"a":' * depth + b"1" + b"}" * depth
    body = b'{"api_key": "%b", "batch": [{"event": "x", "distinct_id": "ada", "properties": %b}]}'
    answer = posthog(server, KEY, body % (KEY.encode(), deep))
    assert answer.status in (200, 400)
    assert len(server.new_rows()) == (1 if answer.status == 200 else 0)
    assert posthog(server, KEY).status == 200
    assert len(server.new_rows()) == 1


@pytest.mark.parametrize("body", [b"", b"\x1f\x8bbroken", b"data=%%%", b"{", b"[" * 5000])
def test_what_cannot_be_read_is_the_requests_fault(server: Served, body: bytes) -> None:
    answer = posthog(server, KEY, body)
    assert answer.status == 400
    assert answer.json["detail"] == "Invalid request body"


def test_a_body_of_many_events_is_stored_whole(server: Served) -> None:
    events = [{"event": "x", "distinct_id": f"user_{n}", "uuid": str(n)} for n in range(20_000)]
    body = gzip.compress(json.dumps({"api_key": KEY, "batch": events}).encode())
    assert posthog(server, KEY, body).status == 200
    rows = server.new_rows()
    assert [row["distinct_id"] for row in rows] == [f"user_{n}" for n in range(20_000)]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/flags/?v=2"),
        ("POST", "/posthog/decide/?v=3"),
        ("GET", f"/array/{KEY}/config"),
        ("GET", "/api/feature_flag/local_evaluation/?token=x"),
        ("GET", "/api/surveys/?token=x"),
        ("GET", f"/v1/projects/{KEY}/settings"),
        ("GET", f"/sourceConfig/?writeKey={KEY}"),
        ("POST", "/v1/m"),
    ],
)
def test_questions_are_answered_with_none_for_any_page(
    server: Served, method: str, path: str
) -> None:
    answer = server.ask(
        request(method, path, b"{}" if method == "POST" else b"", {"origin": "https://e.com"})
    )
    assert answer.status == 200
    assert isinstance(answer.json, dict)
    assert answer.headers["access-control-allow-origin"] == "https://e.com"


def test_a_part_that_is_switched_off_is_an_empty_script_and_the_library_itself_is_not_there(
    server: Served,
) -> None:
    answer = server.ask(request("GET", "/static/1.449.2/surveys.js"))
    assert (answer.status, answer.headers["content-type"]) == (200, "application/javascript")
    assert server.ask(request("GET", "/static/array.js")).status == 404
