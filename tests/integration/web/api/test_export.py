"""``GET /api/v1/export``."""

import json
import socket
from urllib.parse import urlsplit

import pytest
from tests.support.server import Server

_DAY = {"from": "2026-05-19T00:00:00Z", "to": "2026-05-20T00:00:00Z"}


def _send(server: Server, name: str, count: int, padding: str = "") -> None:
    operations = [
        {
            "type": "track",
            "payload": {
                "event_name": name,
                "distinct_id": f"user_{number}",
                "timestamp": "2026-05-19T12:00:00Z",
                "properties": {"number": number, "padding": padding},
            },
        }
        for number in range(count)
    ]
    assert server.send("/api/v1/batch", {"operations": operations}).status_code == 200
    server.wait_until(lambda: len(server.events(event_name=name)) == count)


def test_lines_are_the_events_of_the_list(server: Server) -> None:
    body = (
        b'{"event_name": "exported", "distinct_id": "user_1", "timestamp": "2026-05-19T12:00:00Z",'
        b'"properties": {"a":\r\n [1.0,  null, "\xc3\xa9\\n"]}}'
    )
    assert server.send("/api/v1/track", body).status_code == 200
    server.wait_until(lambda: len(server.events(event_name="exported")) == 1)

    answer = server.get("/api/v1/export", {**_DAY, "event_name": "exported"})

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.headers["content-disposition"] == (
        'attachment; filename="events_2026-05-19_2026-05-20.jsonl"'
    )
    (line,) = answer.text.splitlines()
    assert [json.loads(line)] == server.events(event_name="exported")


@pytest.mark.parametrize(
    ("format_", "media_type", "beginning"),
    [
        ("csv", "text/csv; charset=utf-8", b'\xef\xbb\xbf"id","event_name","distinct_id",'),
        ("parquet", "application/vnd.apache.parquet", b"PAR1"),
    ],
)
def test_other_formats_are_written_too(
    server: Server, format_: str, media_type: str, beginning: bytes
) -> None:
    answer = server.get("/api/v1/export", {**_DAY, "format": format_})

    assert answer.status_code == 200
    assert answer.headers["content-type"] == media_type
    assert answer.content.startswith(beginning)


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"format": "xls"}, "format: "),
        ({"from": "then"}, "from: "),
        ({"from": "2026-05-02", "to": "2026-05-01"}, "from: "),
        ({"environment": "prod"}, "environment: "),
    ],
)
def test_a_parameter_that_cannot_be_used_is_named(
    server: Server, parameters: dict[str, str], error: str
) -> None:
    refused = server.get("/api/v1/export", parameters)

    assert refused.status_code == 400
    assert refused.json()["error"].startswith(error)


def test_test_events_are_in_a_file_of_their_own(server: Server) -> None:
    event = {"event_name": "exported_test", "distinct_id": "user_1"}
    server.send("/api/v1/track", event, key=server.test_key)
    server.wait_until(
        lambda: len(server.events(event_name="exported_test", environment="test")) == 1
    )

    assert server.get("/api/v1/export", {"event_name": "exported_test"}).content == b""
    found = server.get("/api/v1/export", {"event_name": "exported_test", "environment": "test"})
    assert found.content.count(b"\n") == 1


def test_it_wants_a_token(server: Server) -> None:
    assert server.get("/api/v1/export", token="nobody's").status_code == 401


def test_clients_who_dawdle_or_leave_free_their_place(server: Server) -> None:
    _send(server, "heavy_export", 300, padding="x" * 100_000)
    path = "/api/v1/export?event_name=heavy_export&from=2026-05-19&to=2026-05-20"
    dawdling = [_asking(server, path) for _ in range(2)]
    try:
        for client in dawdling:
            assert client.recv(1000).startswith(b"HTTP/1.1 200")
        refused = server.get(path)
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "5")
    finally:
        for client in dawdling:
            client.close()

    server.wait_until(lambda: server.get(path).status_code == 200)
    assert server.get(path).content.count(b"\n") == 300


def _asking(server: Server, path: str) -> socket.socket:
    address = urlsplit(server.url)
    client = socket.create_connection((address.hostname, address.port or 0), timeout=30)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    request = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.token}\r\n\r\n"
    client.sendall(request.encode())
    return client
