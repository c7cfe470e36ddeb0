"""What clients of other products are told when something is refused, so that they neither lose what
could be stored nor send for ever what cannot be."""

import base64
import gzip
import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from tests.support.doors import FENCED_KEY, KEY, TIGHT_KEY, Options, Response, Served, request
from tests.support.doors import serving as serve

from whipstitch.core.reasons import Reason

EVENT = {"event": "viewed", "properties": {"distinct_id": "user_1", "token": KEY}}
AMPLITUDE = {"api_key": KEY, "events": [{"user_id": "user_1", "event_type": "viewed"}]}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve("express", tmp_path_factory.mktemp("compat"), Options()) as served:
        yield served


def post(server: Served, path: str, body: object, **headers: str) -> Response:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return server.ask(request("POST", path, raw, headers))


def of(key: str) -> dict[str, object]:
    return {"event": "viewed", "properties": {"distinct_id": "user_1", "token": key}}


def test_whoever_sends_too_much_is_told_503_and_when_to_come_back(server: Served) -> None:
    told = [post(server, "/track?verbose=1", of(TIGHT_KEY)) for _ in range(4)]
    assert [one.status for one in told] == [200, 200, 503, 503]
    assert int(told[-1].headers["retry-after"]) > 0
    assert told[-1].json == {"status": 0, "error": "Rate limit exceeded. Please wait a moment."}


@pytest.mark.parametrize(
    ("path", "body", "status", "answer"),
    [
        ("/track", of("sk_live_no"), 403, b"0"),
        ("/track?verbose=1", of("sk_live_no"), 403, {"status": 0, "error": "Invalid API Key"}),
        ("/track?verbose=1", of(""), 401, {"status": 0, "error": "Missing API key"}),
        ("/track", b"hello", 400, {"status": 0, "error": "Invalid request body"}),
        ("/engage", b"data=!!", 400, {"status": 0, "error": "Invalid request body"}),
        ("/mp/collect?api_secret=no", {"events": []}, 403, {"error": "Invalid API Key"}),
        (f"/mp/collect?api_secret={KEY}", b"[]", 400, {"error": "Invalid request body"}),
        ("/com.snowplowanalytics.snowplow/tp2", {"data": []}, 401, {"error": "Missing API key"}),
    ],
)
def test_a_refusal_is_in_the_words_of_the_product(
    server: Served, path: str, body: object, status: int, answer: object
) -> None:
    told = post(server, path, body)
    assert told.status == status
    assert (told.body if isinstance(answer, bytes) else told.json) == answer


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/2/httpapi", AMPLITUDE | {"api_key": "sk_live_no"}),
        ("/2/httpapi", {"events": []}),
        ("/2/httpapi", b"hello"),
        ("/batch", {"api_key": KEY, "events": 7}),
        ("/amplitude/batch", AMPLITUDE | {"api_key": ""}),
    ],
)
def test_amplitudes_clients_are_not_made_to_repeat_for_ever(
    server: Served, path: str, body: object
) -> None:
    server.new_rows()
    before = sum(server.service.stats.reasons.values())
    told = post(server, path, body)
    assert (told.status, told.json["code"], told.json["events_ingested"]) == (200, 200, 0)
    assert not server.new_rows()
    if body != {"events": []}:
        assert sum(server.service.stats.reasons.values()) == before + 1, "but it is counted"


def test_a_wrong_origin_is_refused_and_the_page_may_read_that(server: Served) -> None:
    told = post(server, "/track?verbose=1", of(FENCED_KEY), origin="https://other.test")
    assert (told.status, told.json["error"]) == (403, "Unauthorized Origin")
    assert told.headers["access-control-allow-origin"] == "https://other.test"
    ours = post(server, "/track?verbose=1", of(FENCED_KEY), origin="https://example.com")
    assert ours.status == 200


def test_a_large_body_is_taken_and_a_larger_one_refused(server: Served) -> None:
    server.new_rows()
    events = [
        {"user_id": "user_1", "event_type": "large", "event_properties": {"n": n}}
        for n in range(6000)
    ]
    for body in (
        json.dumps(AMPLITUDE | {"events": events}).encode(),
        gzip.compress(json.dumps(AMPLITUDE | {"events": events}).encode()),
    ):
        assert post(server, "/batch", body).json["events_ingested"] == 6000
        assert [row["properties"]["n"] for row in server.new_rows()] == list(range(6000))
    for body in (b" " * (20 << 20) + b"{}", gzip.compress(b" " * (21 << 20))):
        told = post(server, "/2/httpapi", body)
        assert (told.status, told.json["code"]) == (413, 413)
    assert not list(server.spools.glob("*"))


def test_a_wrong_method_is_told(server: Served) -> None:
    told = server.ask(request("PUT", "/track", b"{}"))
    assert (told.status, told.headers["allow"]) == (405, "GET, POST, OPTIONS")


def test_one_bad_operation_does_not_harm_the_others(server: Served) -> None:
    server.new_rows()
    body = {
        "api_key": KEY,
        "events": [7, {}, {"event_type": "nobody"}, {"user_id": "user_1"}, *AMPLITUDE["events"]],
    }
    assert post(server, "/batch", body).status == 200
    assert [row["event_name"] for row in server.new_rows()] == ["viewed"]
    counted = {one.cause.reason: one.count for one in server.service.rejections.take()}
    assert counted[Reason.UNREADABLE_OPERATION] == 4


def test_mixpanels_node_client_sends_by_get(server: Served) -> None:
    server.new_rows()
    event = of(KEY) | {"event": "Grüße +/ 😀"}
    data = quote(base64.b64encode(json.dumps(event).encode()).decode())
    told = server.ask(request("GET", f"/track?ip=0&verbose=0&data={data}"))
    assert (told.status, told.body) == (200, b"1")
    assert [row["event_name"] for row in server.new_rows()] == ["Grüße +/ 😀"]


def test_mixpanels_import_takes_an_object_a_line(server: Served) -> None:
    server.new_rows()
    lines = b"\n".join(json.dumps(of(KEY)).encode() for _ in range(3))
    basic = base64.b64encode(f"{KEY}:".encode()).decode()
    told = post(server, "/import?strict=1", lines, authorization=f"Basic {basic}")
    assert told.json["num_records_imported"] == 3
    assert len(server.new_rows()) == 3


def test_logs_without_a_name_are_a_partial_success(server: Served) -> None:
    server.new_rows()
    named = {
        "timeUnixNano": "1795767185757000000",
        "eventName": "viewed",
        "attributes": [{"key": "user.id", "value": {"stringValue": "user_1"}}],
    }
    line = {"body": {"stringValue": "a log line"}}
    logs = {"resourceLogs": [{"scopeLogs": [{"logRecords": [named, line, line]}]}]}
    headers = {"content-type": "application/json", "x-api-key": KEY}
    told = post(server, "/otlp/v1/logs", logs, **headers)
    assert told.json["partialSuccess"]["rejectedLogRecords"] == "2"
    (row,) = server.new_rows()
    assert (row["event_name"], row["distinct_id"]) == ("viewed", "user_1")
    assert row["timestamp"] == 1795767185757
    for headers in ({"authorization": f"Bearer {KEY}"}, {"x-api-key": "no"}):
        told = post(server, "/v1/logs", gzip.compress(b""), **headers)
        assert (
            told.headers.get("content-type", "application/x-protobuf") == "application/x-protobuf"
        )
        assert told.status == (200 if "authorization" in headers else 403)


def test_the_measurement_protocol_is_one_person_by_client_and_user_id(server: Served) -> None:
    server.new_rows()
    sent = {
        "client_id": "123.456",
        "user_id": "user_1",
        "timestamp_micros": 1795767185757000,
        "user_properties": {"plan": {"value": "pro"}},
        "events": [
            {
                "name": "page_view",
                "params": {"page_location": "https://shop.test/", "session_id": 7},
            }
        ],
    }
    told = post(server, f"/mp/collect?measurement_id=G-1&api_secret={KEY}", sent)
    assert (told.status, told.body) == (204, b"")
    alias, *traits, event = server.new_rows()
    assert (alias["alias_id"], alias["distinct_id"]) == ("123.456", "user_1")
    assert [one["value"] for one in traits if one["property"]] == ['"pro"']
    assert (event["event_name"], event["distinct_id"]) == ("page_view", "user_1")
    assert (event["timestamp"], event["session_id"]) == (1795767185757, "7")


def test_a_key_of_snowplow_may_stand_in_the_path_the_query_or_the_application(
    server: Served,
) -> None:
    server.new_rows()
    sent = "e=se&se_ac=clicked&uid=user_1"
    for path in (
        f"/snowplow/{KEY}/i?{sent}",
        f"/{KEY}/i?{sent}",
        f"/i?x-api-key={KEY}&{sent}",
        f"/snowplow/i?aid={KEY}&{sent}",
    ):
        told = server.ask(request("GET", path))
        assert (told.status, told.headers["content-type"]) == (200, "image/gif")
    rows = server.new_rows()
    assert [row["event_name"] for row in rows] == ["clicked"] * 4
    assert all("app_id" not in row["properties"] for row in rows), "a key is no property"
    assert server.ask(request("GET", f"/i?{sent}")).status == 401
