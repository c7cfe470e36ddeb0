"""The wire contract, one test for both doors, over a real socket."""

import base64
import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests.support.doors import (
    DOORS,
    FENCED_KEY,
    KEY,
    LENIENT_KEY,
    TEST_KEY,
    TIGHT_KEY,
    Door,
    Options,
    Served,
    operation,
    post,
    request,
    serving,
    track,
)

from whipstitch.core.reasons import Reason

INVALID_BODY = (400, "Invalid request body")
ENDPOINTS = ("track", "people", "alias", "batch")
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/124.0.0.0 Safari/537.36"
)
GOOD: dict[str, Any] = {
    "track": track(),
    "people": {"distinct_id": "user_123", "properties": {"plan": "pro"}},
    "alias": {"alias_id": "anon_a3b9ff", "distinct_id": "user_123"},
    "batch": {"operations": [operation("track", **track())]},
}


def error_of(server: Served, path: str, body: object, **options: Any) -> tuple[int, str]:
    """The error, and that nothing was stored for it."""
    error = server.post(path, body, **options).error
    assert server.new_rows() == []
    return error


# What is told of what is accepted


def test_an_event_is_answered_with_no_commands(server: Served) -> None:
    response = server.post("track", track())
    assert (response.status, response.json) == (200, {"ok": True, "commands": []})
    assert response.headers["content-type"] == "application/json"


@pytest.mark.parametrize("path", ["people", "alias"])
def test_traits_and_aliases_are_answered_with_an_empty_body(server: Served, path: str) -> None:
    response = server.post(path, GOOD[path])
    assert (response.status, response.body) == (200, b"")
    assert response.headers["content-length"] == "0"
    assert "content-type" not in response.headers


def test_a_batch_is_answered_with_counts_by_kind(server: Served) -> None:
    response = server.post(
        "batch",
        {
            "operations": [
                operation("alias", alias_id="anon_a3b9ff", distinct_id="user_123"),
                operation("people", distinct_id="user_123", properties={"plan": "pro"}),
                operation("track", **track()),
                operation("track", **track(event_name="paid")),
            ]
        },
        key=TEST_KEY,
    )
    assert response.status == 200
    assert response.json == {
        "ok": True,
        "project_id": "proj_abc",
        "project_name": "My App",
        "environment": "test",
        "operations_received": 4,
        "events_received": 2,
        "people_received": 1,
        "aliases_received": 1,
        "commands": [],
    }
    assert {row["environment"] for row in server.new_rows()} == {"test"}


@pytest.mark.parametrize("distinct_id", ["a", "gzip", "xGZIPx", "*/*", "deflate, br", "Identity"])
@pytest.mark.parametrize("path", ["track", "people", "alias"])
def test_a_garbage_id_is_discarded(server: Served, path: str, distinct_id: str) -> None:
    response = server.post(path, GOOD[path] | {"distinct_id": distinct_id})
    assert (response.status, response.json) == (202, {"ok": True, "status": "discarded"})
    assert server.new_rows() == []


@pytest.mark.parametrize("alias_id", ["a", "Accept-Encoding"])
def test_an_alias_with_a_garbage_alias_id_is_discarded(server: Served, alias_id: str) -> None:
    response = server.post("alias", {"alias_id": alias_id, "distinct_id": "user_123"})
    assert (response.status, response.json) == (202, {"ok": True, "status": "discarded"})


def test_a_batch_drops_garbage_and_empty_ids_and_counts_the_rest(server: Served) -> None:
    response = server.post(
        "batch",
        {
            "operations": [
                operation("track", **track(distinct_id="")),
                operation("people", distinct_id="x"),
                operation("alias", alias_id="", distinct_id="user_123"),
                operation("alias", alias_id="anon_1", distinct_id="*/*"),
                operation("track", **track(event_name="kept")),
            ]
        },
    )
    counts = {name: n for name, n in response.json.items() if name.endswith("_received")}
    assert counts == {
        "operations_received": 1,
        "events_received": 1,
        "people_received": 0,
        "aliases_received": 0,
    }
    assert [row["event_name"] for row in server.new_rows()] == ["kept"]


def test_a_batch_of_nothing_but_garbage_is_discarded_whole(server: Served) -> None:
    response = server.post("batch", {"operations": [operation("track", **track(distinct_id="a"))]})
    assert (response.status, response.json) == (202, {"ok": True, "status": "discarded_all"})
    assert server.new_rows() == []


# The checks, each with its answer


def test_the_checks_answer_in_the_order_of_the_contract(door: Door, tmp_path: Path) -> None:
    """Requests that fail a check and all that come after it, from the last check to the first."""
    options = Options(rate_limit=0, max_body=2_000, trusted_proxies=("127.0.0.1",))
    big = b"x" * 2_001
    with serving(door, tmp_path, options) as server:

        def error(body: bytes, *, key: str | None, **headers: str) -> tuple[int, str]:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            return server.post("track", body, named, key=key).error

        stranger = "192.0.2.99"
        no_event = b'{"distinct_id": "a"}'
        assert error(no_event, key=KEY) == (400, "Missing event_name")
        assert error(b'{"event_name": 1, "distinct_id": ""}', key=KEY) == INVALID_BODY
        assert error(big, key=KEY) == (413, "Request body too large")
        assert error(big, key=FENCED_KEY, x_forwarded_for=stranger) == (
            403,
            "Unauthorized IP Address",
        )
        assert error(big, key=FENCED_KEY, x_forwarded_for=stranger, origin="https://evil.test") == (
            403,
            "Unauthorized Origin",
        )
        assert error(big, key="sk_live_nobody", origin="https://evil.test") == (
            403,
            "Invalid API Key",
        )
        assert error(big, key=None, origin="https://evil.test") == (401, "Missing API key")
    with serving(door, tmp_path / "limited", Options(rate_limit=1, max_body=2_000)) as server:
        assert server.post("track", big, key=None).status == 401
        assert server.post("track", big, key=None).error == (
            429,
            "Rate limit exceeded. Please wait a moment.",
        )


@pytest.fixture(params=DOORS)
def door(request: pytest.FixtureRequest) -> Door:
    chosen: Door = request.param
    return chosen


def test_the_rate_limit_counts_each_key_by_itself(door: Door, tmp_path: Path) -> None:
    with serving(door, tmp_path, Options(rate_limit=3)) as server:

        def statuses(key: str, count: int) -> list[int]:
            return [server.post("track", track(), key=key).status for _ in range(count)]

        assert statuses(KEY, 5) == [200, 200, 200, 429, 429]
        assert statuses(TEST_KEY, 1) == [200]
        assert statuses(TIGHT_KEY, 3) == [200, 200, 429]  # the project's own limit
        assert statuses("sk_live_nobody", 4) == [403, 403, 403, 429]


@pytest.mark.parametrize("path", ENDPOINTS)
def test_a_key_is_asked_for(server: Served, path: str) -> None:
    assert error_of(server, path, GOOD[path], key=None) == (401, "Missing API key")
    assert error_of(server, path, GOOD[path], key="") == (401, "Missing API key")
    assert error_of(server, path, GOOD[path], key="sk_live_nobody") == (403, "Invalid API Key")


def test_header_names_have_no_case(server: Served) -> None:
    body = json.dumps(track()).encode()
    head = f"POST /api/v1/track HTTP/1.1\r\nHOST: t\r\nX-Api-Key: {KEY}\r\ncOnTeNt-LeNgTh: "
    assert server.ask(head.encode() + b"%d\r\n\r\n" % len(body) + body).status == 200


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("https://example.com", True),
        ("http://EXAMPLE.com:8080", True),
        ("https://app.example.org", True),
        ("https://example.org", False),
        ("https://notexample.com", False),
        ("https://example.com.evil.test", False),
        ("https://only.example.net:8443", True),
        ("https://only.example.net", False),
        ("http://only.example.net:8443", False),
        ("null", False),
        ("", False),
    ],
)
def test_an_origin_must_be_an_authorized_domain(server: Served, origin: str, allowed: bool) -> None:
    response = server.post("track", track(), {"origin": origin}, key=FENCED_KEY)
    assert response.status == (200 if allowed else 403)
    if not allowed:
        assert response.error == (403, "Unauthorized Origin")


@pytest.mark.parametrize(
    ("forwarded", "allowed"),
    [
        ("203.0.113.7", True),
        ("203.0.113.8", False),
        ("198.51.100.255", True),
        ("198.51.101.0", False),
        ("2001:db8::1", True),
        ("2001:db9::1", False),
        ("203.0.113.7, 203.0.113.8", False),  # the left one is what the client claims
        ("203.0.113.8, 203.0.113.7", True),
        ("203.0.113.7, 192.0.2.1", True),  # the right one is a proxy of ours
        ("", False),
    ],
)
def test_without_an_origin_the_address_must_be_authorized(
    server: Served, forwarded: str, allowed: bool
) -> None:
    response = server.post("track", track(), {"x-forwarded-for": forwarded}, key=FENCED_KEY)
    assert response.status == (200 if allowed else 403)
    if not allowed:
        assert response.error == (403, "Unauthorized IP Address")


def test_proxies_may_each_add_a_line_of_their_own(server: Served) -> None:
    body = json.dumps(track()).encode()
    lines = "x-forwarded-for: 203.0.113.7\r\nx-forwarded-for: 192.0.2.1\r\n"
    head = f"POST /api/v1/track HTTP/1.1\r\nhost: t\r\nx-api-key: {FENCED_KEY}\r\n{lines}"
    assert server.ask(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body).status == 200


def test_an_untrusted_peer_cannot_choose_its_address(door: Door, tmp_path: Path) -> None:
    with serving(door, tmp_path) as server:
        forged = server.post("track", track(), {"x-forwarded-for": "203.0.113.7"}, key=FENCED_KEY)
        assert forged.error == (403, "Unauthorized IP Address")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense",
        b"null",
        b"[]",
        b'"text"',
        b"{",
        b'{"event_name": "a", "distinct_id": "bb"} {}',
        b'\xef\xbb\xbf\xef\xbb\xbf{"event_name": "a", "distinct_id": "bb"}',
        b'\xfe\xff{"event_name": "a", "distinct_id": "bb"}',
        b'{"event_name": "\xff", "distinct_id": "bb"}',
        b'{"event_name": "a", "distinct_id": "bb", "properties": {"x": "\xff"}}',
        b'{"event_name": "a", "distinct_id": "bb", "properties": {"x": NaN}}',
    ],
)
def test_what_is_no_json_object_is_refused(server: Served, body: bytes) -> None:
    assert error_of(server, "track", body) == INVALID_BODY


@pytest.mark.parametrize(
    ("path", "field", "value"),
    [
        ("track", "event_name", 5),
        ("track", "distinct_id", 12345),
        ("track", "distinct_id", {}),
        ("track", "properties", []),
        ("track", "properties", "text"),
        ("track", "properties", 1),
        ("track", "properties", False),
        ("track", "default_properties", []),
        ("track", "default_properties", ""),
        ("track", "lib_version", 1.0),
        ("people", "distinct_id", True),
        ("people", "properties", []),
        ("people", "properties", "text"),
        ("alias", "alias_id", 5),
        ("alias", "distinct_id", ["user"]),
        ("batch", "operations", {}),
        ("batch", "operations", "track"),
        ("batch", "operations", None),
        ("batch", "operations", ["track"]),
        ("batch", "operations", [None]),
    ],
)
def test_a_known_field_of_the_wrong_type_is_refused(
    server: Served, path: str, field: str, value: object
) -> None:
    assert error_of(server, path, GOOD[path] | {field: value}) == INVALID_BODY


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("track", "event_name"),
        ("track", "distinct_id"),
        ("people", "distinct_id"),
        ("alias", "alias_id"),
        ("alias", "distinct_id"),
    ],
)
def test_a_required_field_that_is_missing_null_or_empty_is_named(
    server: Served, path: str, field: str
) -> None:
    without = {name: value for name, value in GOOD[path].items() if name != field}
    for body in (without, without | {field: None}, without | {field: ""}):
        assert error_of(server, path, body) == (400, f"Missing {field}")


@pytest.mark.parametrize(
    ("path", "first"),
    [("track", "event_name"), ("people", "distinct_id"), ("alias", "alias_id")],
)
def test_of_several_missing_fields_the_first_is_named(
    server: Served, path: str, first: str
) -> None:
    assert error_of(server, path, {}) == (400, f"Missing {first}")


def test_a_missing_field_comes_before_a_garbage_id(server: Served) -> None:
    assert error_of(server, "track", {"distinct_id": "a"}) == (400, "Missing event_name")
    assert error_of(server, "alias", {"alias_id": "a"}) == (400, "Missing distinct_id")


def test_null_for_an_optional_field_is_the_same_as_leaving_it_out(server: Served) -> None:
    nulls = {"properties": None, "default_properties": None, "timestamp": None, "lib_version": None}
    assert server.post("track", track(**nulls)).status == 200
    people = {"distinct_id": "user_123", "properties": None, "timestamp": None}
    assert server.post("people", people).status == 200
    assert server.post("alias", GOOD["alias"] | {"timestamp": None}).status == 200
    operations = [operation("track", **track(**nulls)), operation("people", **people)]
    assert server.post("batch", {"operations": operations}).status == 200
    rows = [row for row in server.new_rows() if row["k"] == "track"]
    assert [(row["properties"], row["default_properties"], row["lib_version"]) for row in rows] == [
        ({}, {}, "")
    ] * 2


def test_unknown_fields_are_ignored(server: Served) -> None:
    odd = {"id": "evt_mine", "$insert_id": [1], "": {"nested": []}}
    for path in ("track", "people", "alias"):
        assert server.post(path, GOOD[path] | odd).status == 200
    batch = {"operations": [operation("track", **track(**odd)) | odd], **odd}
    assert server.post("batch", batch).status == 200
    assert all(row.get("id") != "evt_mine" for row in server.new_rows())


# Batches, which are taken whole or not at all

FINE = operation("track", **track())
WRONG: dict[str, list[Any]] = {
    "track": [
        {"type": "track"},
        {"type": "track", "payload": None},
        {"type": "track", "payload": []},
        {"type": "track", "payload": "text"},
        operation("track", distinct_id="user_123"),
        operation("track", event_name=None, distinct_id="user_123"),
        operation("track", event_name="signed_up"),
        operation("track", event_name="signed_up", distinct_id=None),
        operation("track", event_name="signed_up", distinct_id=7),
        operation("track", **track(properties=[])),
        operation("track", **track(default_properties="text")),
        operation("track", **track(lib_version=1)),
    ],
    "people": [
        operation("people", properties={}),
        operation("people", distinct_id=None),
        operation("people", distinct_id=1),
        operation("people", distinct_id="user_123", properties=[]),
        {"type": "people", "payload": 3},
    ],
    "alias": [
        operation("alias", alias_id="anon_1"),
        operation("alias", distinct_id="user_123"),
        operation("alias", alias_id=1, distinct_id="user_123"),
        operation("alias", alias_id="anon_1", distinct_id=None),
        {"type": "alias"},
    ],
}


@pytest.mark.parametrize(
    ("kind", "bad"), [(kind, bad) for kind, operations in WRONG.items() for bad in operations]
)
def test_a_bad_payload_refuses_the_whole_batch(server: Served, kind: str, bad: Any) -> None:
    for operations in ([bad], [FINE, bad, FINE]):
        batch = {"operations": operations}
        assert error_of(server, "batch", batch) == (400, f"Invalid {kind} payload")


@pytest.mark.parametrize("filling", [0, 1_500_000])
def test_a_project_may_have_bad_payloads_dropped(server: Served, filling: int) -> None:
    """In light bodies and in heavy ones."""
    bad = [one for operations in WRONG.values() for one in operations]
    large = operation("people", distinct_id=7, properties={"x": "y" * filling})
    fine = operation("track", **track(properties={"x": "y" * filling}))
    before = server.service.stats.reasons[Reason.MALFORMED_OPERATION]

    mixed = server.post("batch", {"operations": [*bad, fine, large, FINE]}, key=LENIENT_KEY)
    none = server.post("batch", {"operations": [*bad, large]}, key=LENIENT_KEY)

    assert (mixed.status, mixed.json["operations_received"]) == (200, 2)
    assert (none.status, none.json["status"]) == (202, "discarded_all")
    assert len(server.new_rows()) == 2
    dropped = server.service.stats.reasons[Reason.MALFORMED_OPERATION] - before
    assert dropped == 2 * (len(bad) + 1)
    reasons = {one.cause.reason for one in server.service.rejections.take()}
    assert Reason.MALFORMED_OPERATION in reasons


@pytest.mark.parametrize("filling", [0, 1_500_000])
def test_types_are_checked_also_where_bad_payloads_are_dropped(
    server: Served, filling: int
) -> None:
    fine = operation("track", **track(properties={"x": "y" * filling}))
    for odd, error in (
        (operation("other"), "unknown operation type"),
        ({}, "unknown operation type"),
        (1, "Invalid request body"),
    ):
        batch = {"operations": [fine, {"type": "track"}, odd]}
        assert server.post("batch", batch, key=LENIENT_KEY).error == (400, error)
    assert server.post("batch", {"operations": []}, key=LENIENT_KEY).error == (
        400,
        "No operations provided",
    )


@pytest.mark.parametrize("filling", [0, 1_500_000])
def test_an_event_without_a_name_is_dropped_from_a_batch(server: Served, filling: int) -> None:
    nameless = operation("track", **track(event_name="", properties={"x": "y" * filling}))
    before = server.service.stats.reasons[Reason.EMPTY_EVENT_NAME]

    answer = server.post("batch", {"operations": [nameless, FINE, nameless]})
    none = server.post("batch", {"operations": [nameless]})

    assert (answer.status, answer.json["events_received"]) == (200, 1)
    assert (none.status, none.json["status"]) == (202, "discarded_all")
    assert server.service.stats.reasons[Reason.EMPTY_EVENT_NAME] - before == 3
    assert len(server.new_rows()) == 1


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("filling", [0, 400_000])
def test_half_a_character_becomes_the_replacement_anywhere(
    server: Served, filling: int, packed: bool
) -> None:
    cut = r"\ud83d"
    event = (
        f'{{"event_name": "e{cut}", "distinct_id": "u{cut}1", "lib_version": "{cut}", '
        f'"properties": {{"k{cut}": ["{cut}", {{"{cut}": "\\{cut} {cut}\\ude00"}}], '
        f'"$session_id": "s{cut}", "x": "{"y" * filling}"}}}}'
    )
    people = f'{{"distinct_id": "u{cut}1", "properties": {{"{cut}": "{cut}{"y" * filling}"}}}}'
    alias = f'{{"alias_id": "a{cut}1", "distinct_id": "u{cut}1"}}'
    kinds = {"track": event, "people": people, "alias": alias}
    operations = ",".join(f'{{"type": "{k}", "payload": {v}}}' for k, v in kinds.items())
    batch = f'{{"operations": [{operations}]}}'

    def send(path: str, body: str) -> int:
        sent = gzip.compress(body.encode()) if packed else body.encode()
        headers = {"Content-Encoding": "gzip"} if packed else {}
        return server.post(path, sent, headers=headers).status

    assert [send(path, body) for path, body in kinds.items()] == [200] * 3
    single = server.new_rows()
    assert send("batch", batch) == 200
    for rows in (single, server.new_rows()):
        (stored,) = (row for row in rows if row["k"] == "track")
        assert (stored["event_name"], stored["distinct_id"]) == ("e\ufffd", "u\ufffd1")
        assert (stored["session_id"], stored["lib_version"]) == ("s\ufffd", "\ufffd")
        assert stored["properties"]["k\ufffd"] == [
            "\ufffd",
            {"\ufffd": "\\ud83d \U0001f600"},
        ]
        trait = next(row for row in rows if row["k"] == "trait" and row["property"])
        assert trait["property"] == "\ufffd"
        assert json.loads(trait["value"]) == "\ufffd" + "y" * filling
        assert next(row for row in rows if row["k"] == "alias")["alias_id"] == "a\ufffd1"


@pytest.mark.parametrize("filling", [0, 400_000])
def test_of_equal_keys_the_last_is_stored_at_any_depth(server: Served, filling: int) -> None:
    twice = '{"a": 1, "b": {"c": 1, "c": {"d": 2}}, "l": [{"k": 1, "k": {"m": 1, "m": 2}}], "a": 3}'
    once = {"a": 3, "b": {"c": {"d": 2}}, "l": [{"k": {"m": 2}}]}
    event = f'{{"event_name": "e1", "distinct_id": "u1", "properties": {twice}}}'
    traits = f'{{"t": {twice}, "l": [{twice}], "t": {twice}}}'
    people = f'{{"distinct_id": "u1", "properties": {traits}}}'
    fill = json.dumps(operation("track", **track(properties={"x": "y" * filling})))
    batch = (
        f'{{"operations": [{{"type":"track","payload":{event}}},'
        f'{{"type":"people","payload":{people}}},{fill}]}}'
    )

    assert server.post("batch", batch.encode()).status == 200
    server.journal.seal()
    written = b"".join(segment.read_bytes() for segment in server.journal.sealed())
    rows = server.new_rows()
    assert next(row for row in rows if row.get("event_name") == "e1")["properties"] == once
    stored = {row["property"]: row["value"] for row in rows if row["k"] == "trait"}
    assert (json.loads(stored["t"]), json.loads(stored["l"])) == (once, [once])
    assert b'"a": 1' not in written
    assert b'\\"a\\": 1' not in written


def test_the_first_bad_payload_in_array_order_decides_the_message(server: Served) -> None:
    bad = {kind: operations[0] for kind, operations in WRONG.items()}
    for first, second in (("people", "alias"), ("alias", "track"), ("track", "people")):
        batch = {"operations": [FINE, bad[first], FINE, bad[second]]}
        assert error_of(server, "batch", batch) == (400, f"Invalid {first} payload")


@pytest.mark.parametrize("kind", ["Track", "event", "", None, 5, [], {"type": "track"}, "absent"])
def test_an_unknown_type_refuses_the_batch_before_any_payload(server: Served, kind: Any) -> None:
    unknown = {"payload": track()} if kind == "absent" else {"type": kind, "payload": track()}
    bad_payload = WRONG["track"][0]
    batch = {"operations": [bad_payload, FINE, unknown]}
    assert error_of(server, "batch", batch) == (400, "unknown operation type")


def test_an_empty_batch_is_refused(server: Served) -> None:
    assert error_of(server, "batch", {"operations": []}) == (400, "No operations provided")
    assert error_of(server, "batch", {}) == INVALID_BODY


def test_a_batch_queues_aliases_then_people_then_events_each_in_the_order_sent(
    server: Served,
) -> None:
    operations = [
        operation("track", **track(event_name="e1")),
        operation("people", distinct_id="p1"),
        operation("alias", alias_id="a1", distinct_id="user_123"),
        operation("track", **track(event_name="e2")),
        operation("alias", alias_id="a2", distinct_id="user_123"),
        operation("people", distinct_id="p2"),
    ]
    assert server.post("batch", {"operations": operations}).status == 200
    names = {"alias": "alias_id", "trait": "distinct_id", "track": "event_name"}
    rows = sorted(server.new_rows(), key=lambda row: int(row["accepted"]))
    assert [row[names[row["k"]]] for row in rows] == ["a1", "a2", "p1", "p2", "e1", "e2"]
    assert len({row["accepted"] for row in rows}) == 6


# Commands


def screen(event_name: str = "$screen", /, **properties: Any) -> dict[str, Any]:
    return track(event_name=event_name, properties=properties)


def asked_for(response: Any) -> list[str]:
    commands = response.json["commands"]
    assert all(command["type"] == "CAPTURE_PRISTINE" for command in commands)
    assert all(command.keys() == {"type", "params"} for command in commands)
    return [command["params"]["screen"] for command in commands]


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"$screen_name": "A", "$screen": "B", "name": "C"}, ["A"]),
        ({"$screen": "B", "screen_name": "C"}, ["B"]),
        ({"screen_name": "C", "screen": "D"}, ["C"]),
        ({"screen": "D", "name": "E"}, ["D"]),
        ({"name": "E"}, ["E"]),
        (
            {"$screen_name": "", "$screen": 5, "screen_name": None, "screen": ["x"], "name": "E"},
            "E",
        ),
        ({"title": "F"}, []),
        ({}, []),
        ({"$screen_name": "Known"}, []),
        ({"$screen_name": "Known", "$app_version": "2.9"}, []),
        ({"$screen_name": "Known", "$app_version": "2.8.7"}, []),
        ({"$screen_name": "Known", "$app_version": "2.10"}, ["Known"]),
        ({"$screen_name": "Versionless", "$app_version": "9.9"}, []),
        ({"$screen_name": "Elsewhere"}, ["Elsewhere"]),
    ],
)
@pytest.mark.parametrize("name", ["$screen", "$screen_view"])
def test_a_screen_without_a_pristine_snapshot_is_asked_for(
    server: Served, name: str, properties: dict[str, Any], expected: list[str]
) -> None:
    assert asked_for(server.post("track", screen(name, **properties))) == list(expected)


def test_an_odd_value_under_one_key_does_not_hide_the_name_of_the_screen(server: Served) -> None:
    for odd in ("1e999", "1" * 4_000, "[" * 300 + "]" * 300):
        properties = f'{{"$screen_name": {odd}, "screen": "Cart"}}'
        body = f'{{"event_name": "$screen", "distinct_id": "u1", "properties": {properties}}}'
        assert asked_for(server.post("track", body.encode())) == ["Cart"]


def test_the_app_version_may_stand_in_the_default_properties(server: Served) -> None:
    event = screen(**{"$screen_name": "Known"}) | {"default_properties": {"$app_version": "3.0"}}
    assert asked_for(server.post("track", event)) == ["Known"]


def test_an_ordinary_event_asks_for_no_screen(server: Served) -> None:
    assert asked_for(server.post("track", screen("viewed", **{"$screen_name": "Cart"}))) == []


def test_a_batch_asks_for_each_screen_once_in_the_order_seen(server: Served) -> None:
    sent = [
        screen(**{"$screen_name": "B"}),
        screen("$screen_view", name="A"),
        screen(screen="B"),
        screen(name="Known"),
        screen(name="dropped") | {"distinct_id": "x"},
    ]
    batch = {"operations": [operation("track", **event) for event in sent]}
    assert asked_for(server.post("batch", batch)) == ["B", "A"]


def test_a_snapshot_of_another_environment_counts_there_only(server: Served) -> None:
    event = screen(**{"$screen_name": "Elsewhere"})
    assert asked_for(server.post("track", event, key=TEST_KEY)) == []


# Enrichment


def test_an_event_is_stored_as_sent_with_what_the_server_adds(server: Served) -> None:
    properties = {
        "cart": {"value": 49.99, "items": [1, "2", None]},
        "$session_id": "sess_1",
        "when": "2026-05-09",
        "a.b": 1,
        "$city": "Nowhere",
    }
    event = track(
        id="evt_mine",
        timestamp="2026-05-09T14:32:01.482Z",
        properties=properties,
        default_properties={"$os": "ios", "$browser": "App", "$device_model": "iPhone 15"},
        lib_version="web/1.0",
    )
    headers = {"user-agent": CHROME, "x-forwarded-for": "81.2.69.142"}
    assert server.post("track", event, headers).status == 200
    [row] = server.new_rows()
    assert re.fullmatch(r"evt_[A-Za-z0-9_-]{21}", row.pop("id"))
    assert row.pop("accepted") > 1_700_000_000_000_000
    assert row.pop("received") > 1_700_000_000_000
    assert row == {
        "k": "track",
        "project_id": "proj_abc",
        "environment": "live",
        "event_name": "signed_up",
        "distinct_id": "user_123",
        "session_id": "sess_1",
        "timestamp": 1_778_337_121_482,
        "os": "windows",
        "browser": "Chrome",
        "device_model": "iPhone 15",
        "bot": False,
        "city": "London",
        "region": "England",
        "country": "GB",
        "timezone": "Europe/London",
        "lib_version": "web/1.0",
        "properties": properties,
        "default_properties": event["default_properties"],
    }


@pytest.mark.parametrize("agent", ["", "python-requests/2.32", "okhttp/4.12", "curl/8.5.0"])
def test_without_a_real_user_agent_the_default_properties_stand(server: Served, agent: str) -> None:
    defaults = {"$os": "iPadOS", "$browser": "App", "$device_model": "iPad"}
    server.post("track", track(default_properties=defaults), {"user-agent": agent})
    [row] = server.new_rows()
    assert (row["os"], row["browser"], row["device_model"]) == ("ipados", "App", "iPad")


def test_a_bot_is_flagged(server: Served) -> None:
    agent = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
    server.post("track", track(), {"user-agent": agent})
    assert [row["bot"] for row in server.new_rows()] == [True]


def test_a_place_is_blank_where_the_lookup_finds_none_whatever_the_client_says(
    server: Served,
) -> None:
    claimed = {"$city": "Paris", "$region": "x", "$country": "FR", "$timezone": "Europe/Paris"}
    event = track(properties=claimed, default_properties=claimed)
    server.post("track", event, {"x-forwarded-for": "203.0.113.99"})
    [row] = server.new_rows()
    assert [row[name] for name in ("city", "region", "country", "timezone")] == [""] * 4


def test_a_private_address_is_looked_up_as_a_fixed_public_one(server: Served) -> None:
    for address in ("127.0.0.1", "10.1.2.3", "172.31.0.1", "192.168.7.7", "::1", "fd00::1"):
        server.post("track", track(), {"x-forwarded-for": address})
    assert {row["city"] for row in server.new_rows()} == {"Mountain View"}
    server.post("track", track(), {"x-forwarded-for": "172.32.0.1"})
    assert [row["city"] for row in server.new_rows()] == [""]


@pytest.mark.parametrize("session", [5, None, {}, ["s"], True])
def test_a_session_id_that_is_no_string_is_blank(server: Served, session: object) -> None:
    server.post(
        "track", track(properties={"$session_id": session, "$time": "2026-05-09T00:00:00Z"})
    )
    [row] = server.new_rows()
    assert (row["session_id"], row["timestamp"]) == ("", 1_778_284_800_000)


MORNING = "2026-05-09T06:00:00Z"
MORNING_MS = 1_778_306_400_000


@pytest.mark.parametrize(
    ("timestamp", "properties"),
    [
        (MORNING, {"$timestamp": "2001-01-01T00:00:00Z"}),
        (MORNING_MS, {"$timestamp": "2001-01-01T00:00:00Z"}),
        (None, {"$timestamp": MORNING, "$time": "2001-01-01T00:00:00Z"}),
        ("yesterday", {"$timestamp": MORNING}),
        ({}, {"$timestamp": MORNING}),
        (MORNING_MS // 1000, {}),
        (str(MORNING_MS), {}),
        ("", {"$timestamp": MORNING_MS}),
        (None, {"$time": MORNING_MS // 1000 + 0.0005}),
        ("2300-01-01T00:00:00Z", {"$time": MORNING_MS * 1000 + 999}),
        (True, {"$timestamp": "soon", "$time": MORNING}),
        ("", {"$timestamp": "978307200 s", "$time": "2026-05-09 06:00:00.000"}),
        ("9999-12-31T23:59:59Z", {"$time": "2026-05-09T08:00:00+02:00"}),
    ],
)
def test_the_first_time_that_parses_wins(
    server: Served, timestamp: object, properties: dict[str, Any]
) -> None:
    server.post("track", track(timestamp=timestamp, properties=properties))
    assert [row["timestamp"] for row in server.new_rows()] == [MORNING_MS]


def test_without_a_time_the_server_clock_stands(server: Served) -> None:
    server.post("track", track(timestamp="never", properties={"$time": "5 o'clock"}))
    [row] = server.new_rows()
    assert row["timestamp"] == row["accepted"] // 1000


# Traits and aliases


def test_traits_are_stored_one_a_key_with_null_as_deletion(server: Served) -> None:
    properties = {"$email": "ada@example.com", "age": 36, "tags": ["a"], "plan": None}
    body = {"distinct_id": "user_123", "properties": properties, "timestamp": MORNING}
    assert server.post("people", body).status == 200
    rows = server.new_rows()
    assert [(row["property"], row["value"], row["deleted"]) for row in rows] == [
        ("", "", True),
        ("$email", '"ada@example.com"', False),
        ("age", "36", False),
        ("tags", '["a"]', False),
        ("plan", "", True),
    ]
    assert {row["distinct_id"] for row in rows} == {"user_123"}
    assert {row["timestamp"] for row in rows[1:]} == {MORNING_MS}
    assert len({row["accepted"] for row in rows}) == 1


def test_a_trait_with_a_blank_key_is_newer_than_the_row_of_its_person(server: Served) -> None:
    server.post("people", {"distinct_id": "user_123", "properties": {"": 1}, "timestamp": MORNING})
    person, trait = server.new_rows()
    assert (person["property"], trait["property"]) == ("", "")
    assert person["timestamp"] < trait["timestamp"] == MORNING_MS


@pytest.mark.parametrize(
    ("alias_id", "distinct_id", "refused"),
    [
        ("anon_a3b9ff", "user_123", ""),
        ("user_123", "user_123", "self"),
        ("anonymous", "user_123", "placeholder"),
        ("[object Object]", "user_123", "placeholder"),
        (" NULL ", "user_123", "placeholder"),
        ("anon_a3b9ff", "undefined", "placeholder"),
    ],
)
def test_an_alias_that_must_not_stitch_is_answered_alike_and_kept_refused(
    server: Served, alias_id: str, distinct_id: str, refused: str
) -> None:
    response = server.post("alias", {"alias_id": alias_id, "distinct_id": distinct_id})
    assert (response.status, response.body) == (200, b"")
    [row] = server.new_rows()
    assert (row["alias_id"], row["refused"], row["via"]) == (alias_id, refused, "alias")


# Browsers, and other methods


def test_a_key_in_the_query_does_where_a_page_can_send_no_header(server: Served) -> None:
    plain = {"content-type": "text/plain;charset=UTF-8", "origin": "https://shop.test"}
    body = json.dumps({"operations": [operation("track", **track())]}).encode()
    for query, status in ((f"x-api-key={KEY}", 200), ("x-api-key=sk_live_no", 403), ("x=1", 401)):
        response = server.ask(request("POST", f"/api/v1/batch?{query}", body, plain))
        assert response.status == status
        assert response.headers["access-control-allow-origin"] == "*"
    assert len(server.new_rows()) == 1


@pytest.mark.parametrize("path", ENDPOINTS)
def test_a_preflight_allows_any_page_to_send(server: Served, path: str) -> None:
    asked = {
        "origin": "https://evil.test",
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type,x-api-key,x-custom",
    }
    response = server.ask(request("OPTIONS", f"/api/v1/{path}", headers=asked))
    assert (response.status, response.body) == (204, b"")
    assert response.headers["access-control-allow-origin"] == "*"
    assert "POST" in response.headers["access-control-allow-methods"]
    allowed = response.headers["access-control-allow-headers"]
    assert allowed == asked["access-control-request-headers"]


@pytest.mark.parametrize(
    ("body", "key", "status"),
    [(track(), KEY, 200), (track(distinct_id="x"), KEY, 202), ({}, KEY, 400), ({}, None, 401)],
)
def test_any_page_may_read_the_answer(
    server: Served, body: object, key: str | None, status: int
) -> None:
    response = server.post("track", body, {"origin": "https://anywhere.test"}, key=key)
    assert response.status == status
    assert response.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD"])
def test_another_method_is_told_which_to_use(server: Served, method: str) -> None:
    response = server.ask(request(method, "/api/v1/track"))
    assert (response.status, response.headers["allow"]) == (405, "POST, OPTIONS")


def test_a_query_string_and_an_absolute_address_change_nothing(server: Served) -> None:
    body = json.dumps(track()).encode()
    for target in ("/api/v1/track?ip=1&_=7", "http://test/api/v1/track", "/api/v1/%74rack"):
        assert server.ask(request("POST", target, body, {"x-api-key": KEY})).status == 200


def test_a_key_in_basic_credentials_is_no_key(server: Served) -> None:
    credentials = base64.b64encode(f"{KEY}:".encode()).decode()
    response = server.ask(post("track", {}, {"authorization": f"Basic {credentials}"}, key=None))
    assert response.error == (401, "Missing API key")
