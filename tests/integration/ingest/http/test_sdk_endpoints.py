"""The further endpoints of Sankofa's SDKs, as their web SDK called them and beyond."""

import gzip
import json
from typing import Any

import pytest
from tests.support.doors import (
    FENCED_KEY,
    KEY,
    TIGHT_KEY,
    Response,
    Row,
    Served,
    operation,
    request,
    track,
)
from tests.support.recordings import Recorded, recorded

ORIGIN = "http://127.0.0.1:18480"
SEEN = {
    "screen": "Checkout",
    "distinct_id": "user_123",
    "session_id": "sess_1",
    "ts_ms": 1795767644847,
    "properties": {"tab": "all"},
}


def ask(
    server: Served,
    method: str,
    path: str,
    body: object = b"",
    headers: dict[str, str] | None = None,
    key: str | None = KEY,
) -> Response:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    credentials = {} if key is None else {"x-api-key": key}
    return server.ask(request(method, path, raw, credentials | (headers or {})))


def names(rows: list[Row]) -> list[Any]:
    return [row.get("event_name") for row in rows if "event_name" in row]


@pytest.mark.parametrize("sent", recorded("sankofa-web"), ids=lambda one: one.name)
def test_a_recorded_request_is_answered_as_the_sdk_needs(server: Served, sent: Recorded) -> None:
    answer = server.ask(sent.request())
    if sent.status == 304:  # the recorder's tag was its own
        assert answer.status == 200
        assert answer.headers["etag"]
    else:
        assert answer.status == sent.status
    assert answer.headers["access-control-allow-origin"] in ("*", ORIGIN)
    if sent.method == "OPTIONS":
        wanted = dict(sent.headers)["Access-Control-Request-Headers"]
        assert answer.headers["access-control-allow-headers"] == wanted
        method = dict(sent.headers)["Access-Control-Request-Method"]
        assert method in answer.headers["access-control-allow-methods"]
    if sent.status == 200 and "chunk" not in sent.path:
        assert answer.json.keys() == json.loads(sent.answer).keys()


def test_a_recorded_run_stores_each_view_and_each_event(server: Served) -> None:
    for sent in recorded("sankofa-web", "ok"):
        server.ask(sent.request())
    rows = server.new_rows()
    assert sorted(names(rows)) == [
        "$app_open_first_time",
        "$screen_seen",
        "$screen_seen",
        "$screen_view",
        "$screen_view",
        "after_reset",
        "checkout_started",
    ]


def test_the_handshake_says_that_replay_is_off(server: Served) -> None:
    answer = ask(server, "GET", "/api/v1/handshake?installed=analytics&sdk=web")
    assert answer.json == {
        "project_id": "proj_abc",
        "modules": {
            "analytics": {"enabled": True},
            "replay": {
                "enabled": False,
                "sample_rate": 0,
                "mask_all_inputs": True,
                "high_fidelity_triggers": [],
                "high_fidelity_duration_seconds": 0,
            },
        },
    }
    config = ask(server, "GET", "/api/replay/config")
    assert config.json == answer.json["modules"]["replay"]


def test_a_handshake_that_the_client_knows_is_not_sent_again(server: Served) -> None:
    first = ask(server, "GET", "/api/v1/handshake/", headers={"origin": ORIGIN})
    tag = first.headers["etag"]
    assert "etag" in first.headers["access-control-expose-headers"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = ask(
            server, "GET", "/api/v1/handshake", headers={"origin": ORIGIN, "if-none-match": known}
        )
        assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
        assert "etag" in again.headers["access-control-expose-headers"]
    other = ask(server, "GET", "/api/v1/handshake", headers={"if-none-match": '"other"'})
    assert other.status == 200


def test_more_slashes_make_no_difference(server: Served) -> None:
    assert ask(server, "GET", "//api/v1//handshake/?sdk=web").status == 200
    assert ask(server, "POST", "//api/catch//vitals", b"{}").status == 200


def test_a_view_is_an_event_with_its_time_session_and_properties(server: Served) -> None:
    assert ask(server, "POST", "/api/v1/screens/seen", SEEN).status == 204
    (row,) = server.new_rows()
    assert row["event_name"] == "$screen_seen"
    assert row["distinct_id"] == "user_123"
    assert row["session_id"] == "sess_1"
    assert row["timestamp"] == 1795767644847
    assert row["properties"] == {
        "tab": "all",
        "$screen_name": "Checkout",
        "$session_id": "sess_1",
    }


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        (b"{", 400, "Invalid request body"),
        (b"[]", 400, "Invalid request body"),
        ({**SEEN, "properties": 7}, 400, "Invalid request body"),
        ({**SEEN, "distinct_id": 7}, 400, "Invalid request body"),
        ({**SEEN, "screen": ""}, 400, "Missing screen"),
        ({**SEEN, "distinct_id": None}, 400, "Missing distinct_id"),
        ({**SEEN, "properties": {"x": "a" * 300_000}}, 413, "Request body too large"),
    ],
)
def test_a_view_that_says_too_little_is_refused(
    server: Served, body: object, status: int, error: str
) -> None:
    assert ask(server, "POST", "/api/v1/screens/seen", body).error == (status, error)
    assert not server.new_rows()


def test_a_view_by_a_garbage_id_is_dropped(server: Served) -> None:
    answer = ask(server, "POST", "/api/v1/screens/seen", {**SEEN, "distinct_id": "7"})
    assert answer.status == 202
    assert not server.new_rows()


def test_a_packed_view_is_unpacked(server: Served) -> None:
    packed = gzip.compress(json.dumps(SEEN).encode())
    headers = {"content-encoding": "gzip"}
    assert ask(server, "POST", "/api/v1/screens/seen", packed, headers).status == 204
    bomb = gzip.compress(b" " * 10_000_000)
    assert ask(server, "POST", "/api/v1/screens/seen", bomb, headers).status == 413
    assert len(server.new_rows()) == 1


def test_heartbeats_and_views_do_not_count_against_the_rate_limit(server: Served) -> None:
    for _ in range(5):
        assert ask(server, "POST", "/api/v1/screens/heartbeat", SEEN, key=TIGHT_KEY).status == 204
        assert ask(server, "POST", "/api/v1/screens/seen", SEEN, key=TIGHT_KEY).status == 204
    for expected in (200, 200, 429):
        assert server.post("track", track(), key=TIGHT_KEY).status == expected
    statuses = {
        ask(server, "POST", "/api/v1/screens/seen", SEEN, key=TIGHT_KEY).status for _ in range(50)
    }
    assert statuses == {204, 429}, "views have a limit of their own"


def test_a_heartbeat_on_leaving_needs_no_key(server: Served) -> None:
    headers = {"origin": ORIGIN, "content-type": "application/json"}
    left = ask(server, "POST", "/api/v1/screens/heartbeat", SEEN, headers, key=None)
    assert left.status == 204
    assert "content-length" not in left.headers
    assert left.headers["access-control-allow-origin"] == ORIGIN
    assert left.headers["access-control-allow-credentials"] == "true"
    assert ask(server, "POST", "/api/v1/screens/seen", SEEN, headers, key=None).status == 401
    assert ask(server, "POST", "/api/v1/screens/heartbeat", SEEN, key="sk_live_no").status == 403


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/api/replay/chunk", "replay_off"),
        ("/api/ee/replay/chunk", "replay_off"),
        ("/api/catch/events", "not_collected"),
        ("/api/catch/transactions", "not_collected"),
        ("/api/catch/vitals", "not_collected"),
        ("/api/catch/profiles", "not_collected"),
        ("/api/switch/exposures", "not_collected"),
    ],
)
def test_what_is_not_collected_is_taken_dropped_and_counted(
    server: Served, path: str, reason: str
) -> None:
    before = server.service.stats.reasons.copy()
    body = gzip.compress(b"x" * 1_000_000) * 100
    for sent in (
        request("POST", path, body, {"x-api-key": KEY}),
        request("POST", f"{path}?x-api-key={KEY}", b"{}", {"content-type": "text/plain"}),
    ):
        answer = server.ask(sent)
        assert (answer.status, answer.json) == (200, {"ok": True})
    counted = server.service.stats.reasons - before
    assert {str(one): n for one, n in counted.items()} == {reason: 2}
    assert not server.new_rows()
    assert not list(server.spools.glob("*"))


def test_a_huge_chunk_is_not_read_to_its_end(server: Served) -> None:
    head = request("POST", "/api/replay/chunk", b"", {"x-api-key": KEY})
    head = head.replace(b"content-length: 0", b"content-length: 900000000")
    with server.connect() as client:
        client.send(head)
        answer = client.response()
        assert (answer.status, answer.headers["connection"]) == (200, "close")


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/api/pulse/surveys", {"surveys": []}),
        (
            "GET",
            "/api/deploy/check",
            {"enabled": True, "has_update": False, "reason": "no_matching_release"},
        ),
        ("POST", "/api/v1/handshake/integrations", {"stored": 0}),
    ],
)
def test_other_modules_are_answered_as_empty(
    server: Served, method: str, path: str, expected: object
) -> None:
    answer = ask(server, method, path, headers={"origin": ORIGIN})
    assert answer.json == expected
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    missing = ask(server, method, path, headers={"origin": ORIGIN}, key=None)
    assert missing.status == 401
    assert missing.headers["access-control-allow-origin"] == ORIGIN


def test_the_projects_list_of_domains_rules_here_too(server: Served) -> None:
    for origin, status in (("https://example.com", 200), ("https://other.example.net", 403)):
        headers = {"origin": origin}
        answer = ask(server, "GET", "/api/v1/handshake", headers=headers, key=FENCED_KEY)
        assert answer.status == status
        assert answer.headers["access-control-allow-origin"] == origin


def test_the_wrong_method_is_told_the_right_one(server: Served) -> None:
    assert ask(server, "POST", "/api/v1/handshake", {}).headers["allow"] == "GET, HEAD, OPTIONS"
    assert ask(server, "GET", "/api/v1/screens/seen").headers["allow"] == "POST, OPTIONS"


def test_a_screen_event_in_a_batch_is_answered_as_before(server: Served) -> None:
    sent = operation("track", **track(event_name="$screen", properties={"name": "New"}))
    assert server.post("batch", {"operations": [sent]}).json["commands"]
