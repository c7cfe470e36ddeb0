"""``GET /api/v1/events/stream``."""

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.support.server import Server


class _Stream:
    """What a client receives, message by message."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self._lines = answer.iter_lines()

    def begun(self) -> None:
        """Returns when the server says that it is listening."""
        assert next(self._lines) == "retry: 1000"
        assert next(self._lines).startswith(":")
        assert next(self._lines) == ""

    def next(self) -> dict[str, Any]:
        """The next event."""
        lines: list[str] = []
        while not lines:
            for line in self._lines:
                if not line:
                    break
                if not line.startswith(":"):
                    lines.append(line)
            else:
                raise AssertionError("the stream has ended")
        id_, data = lines
        event: dict[str, Any] = json.loads(data.removeprefix("data: "))
        assert id_ == f"id: {event['id']}"
        return event


@contextlib.contextmanager
def _follow(server: Server, last: str | None = None, **wanted: str) -> Iterator[_Stream]:
    headers = {"authorization": f"Bearer {server.token}"}
    if last is not None:
        headers["last-event-id"] = last
    with (
        httpx.Client(trust_env=False, timeout=30) as client,
        client.stream(
            "GET", f"{server.url}/api/v1/events/stream", params=wanted, headers=headers
        ) as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        stream = _Stream(answer)
        stream.begun()
        yield stream


def _send(server: Server, name: str, id_: str, key: str | None = None, **fields: Any) -> None:
    body = {"event_name": name, "distinct_id": id_, **fields}
    assert server.send("/api/v1/track", body, key).status_code == 200


def test_events_come_as_the_list_has_them_and_only_new_ones(server: Server) -> None:
    _send(server, "streamed", "before")
    server.wait_until(lambda: len(server.events(event_name="streamed")) == 1)
    with _follow(server, event_name="streamed") as stream:
        _send(server, "streamed", "other environment", key=server.test_key)
        _send(server, "not streamed", "ann")
        body = (
            b'{"event_name": "streamed", "distinct_id": "ann", "timestamp": "2001-01-01T00:00:00Z",'
            b'"properties": {"a":\r\n [1.0, null]}}'
        )
        server.send("/api/v1/track", body)
        first = stream.next()
        _send(server, "streamed", "bob")
        second = stream.next()

    assert [first, second] == sorted(
        (one for one in server.events(event_name="streamed") if one["distinct_id"] != "before"),
        key=lambda one: str(one["received_at"]),
    )


def test_it_goes_on_after_the_last_event_that_was_received(server: Server) -> None:
    names = [f"user_{number}" for number in range(5)]
    operations = [
        {"type": "track", "payload": {"event_name": "resumed", "distinct_id": name}}
        for name in names
    ]
    server.send("/api/v1/batch", {"operations": operations})
    server.wait_until(lambda: len(server.events(event_name="resumed")) == 5)
    last = server.events(event_name="resumed", distinct_id="user_2")[0]["id"]

    with _follow(server, last=last, event_name="resumed") as stream:
        assert [stream.next()["distinct_id"] for _ in range(2)] == ["user_3", "user_4"]
        _send(server, "resumed", "user_5")
        assert stream.next()["distinct_id"] == "user_5"


def test_a_person_is_followed_by_any_of_their_ids(server: Server) -> None:
    alias = {"alias_id": "anon_streamed", "distinct_id": "known_streamed"}
    assert server.send("/api/v1/alias", alias).status_code == 200
    server.wait_until(
        lambda: bool(
            server.get("/api/v1/aliases", {"distinct_id": "anon_streamed"}).json()["aliases"]
        )
    )
    with _follow(server, distinct_id="anon_streamed") as stream:
        _send(server, "a", "stranger")
        _send(server, "b", "anon_streamed")
        _send(server, "c", "known_streamed")
        found = [stream.next() for _ in range(2)]

    assert [(one["event_name"], one["distinct_id"]) for one in found] == [
        ("b", "known_streamed"),
        ("c", "known_streamed"),
    ]


def test_only_so_many_can_be_open(server: Server) -> None:
    path = "/api/v1/events/stream"
    with contextlib.ExitStack() as stack:
        for _ in range(32):
            stack.enter_context(_follow(server, event_name="nothing"))
        assert server.get(path).status_code == 429
    with contextlib.ExitStack() as stack:
        # The places are free again when the server has noticed.
        def opened() -> bool:
            with contextlib.suppress(AssertionError):
                stack.enter_context(_follow(server, event_name="nothing"))
                return True
            return False

        server.wait_until(opened)


def test_it_wants_a_token_and_an_environment(server: Server) -> None:
    path = "/api/v1/events/stream"
    assert server.get(path, token="nobody's").status_code == 401
    refused = server.get(path, {"environment": "prod"})
    assert (refused.status_code, refused.json()["error"][:12]) == (400, "environment:")


@pytest.mark.parametrize("last", ["gone", "'; DROP TABLE events --", ""])
def test_an_event_that_is_not_there_is_gone_on_from_now(server: Server, last: str) -> None:
    with _follow(server, last=last, event_name=f"after {last}") as stream:
        _send(server, f"after {last}", "ann")
        assert stream.next()["event_name"] == f"after {last}"
