"""One person behind many ids, over HTTP: at once in every read, soon in the rows, and undone."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.load import drained
from tests.support.server import Server

ANON, USER = "anon_a3b9ff", "user_123"


def _send(server: Server, *operations: tuple[str, dict[str, Any]]) -> None:
    body = {"operations": [{"type": type_, "payload": what} for type_, what in operations]}
    assert server.send("/api/v1/batch", body).status_code == 200


def _track(distinct_id: str, **fields: Any) -> tuple[str, dict[str, Any]]:
    return "track", {"event_name": "visited", "distinct_id": distinct_id} | fields


def _alias(alias_id: str, distinct_id: str) -> tuple[str, dict[str, Any]]:
    return "alias", {"alias_id": alias_id, "distinct_id": distinct_id}


def _shown(server: Server, distinct_id: str) -> Counter[tuple[str, str]]:
    """Whose events are shown to who asks for this person, under which ids they were sent."""
    events = server.events(distinct_id=distinct_id)
    return Counter((event["distinct_id"], event["anon_id"]) for event in events)


def _states(server: Server) -> list[tuple[str, str]]:
    aliases = server.get("/api/v1/aliases").json()["aliases"]
    return [(alias["alias_id"], alias["state"]) for alias in aliases]


def _call(server: Server, method: str, path: str, token: str | None = None) -> httpx.Response:
    headers = {"authorization": f"Bearer {token or server.token}"}
    return httpx.request(method, server.url + path, headers=headers, trust_env=False, timeout=60)


def test_an_anonymous_visitor_becomes_a_user_and_is_one_again_after_an_undo(
    tmp_path: Path,
) -> None:
    with Server(tmp_path / "data", environment={"DURABILITY": "os"}) as server:
        _send(server, _track(ANON), _track(USER))
        alias = {"alias_id": ANON, "distinct_id": USER}
        assert server.send("/api/v1/alias", alias).status_code == 200
        one_person = Counter({(USER, ANON): 1, (USER, ""): 1})
        server.wait_until(lambda: _shown(server, USER) == one_person)
        assert _shown(server, ANON) == one_person
        assert _states(server) == [(ANON, "pending")]

        assert _call(server, "POST", "/api/v1/aliases/rewrite").status_code == 202
        server.wait_until(lambda: _states(server) == [(ANON, "rewritten")])
        assert _shown(server, ANON) == _shown(server, USER) == one_person
        _send(server, _track(ANON))
        server.wait_until(lambda: _shown(server, USER)[USER, ANON] == 2)

        assert _call(server, "DELETE", f"/api/v1/aliases/{ANON}").status_code == 200
        assert _shown(server, ANON) == Counter({(ANON, ""): 2})
        assert _shown(server, USER) == Counter({(USER, ""): 1})
        assert _states(server) == []
        assert _call(server, "DELETE", f"/api/v1/aliases/{ANON}").status_code == 404

        _send(server, _alias(ANON, "user_456"))
        server.wait_until(lambda: _shown(server, "user_456") == Counter({("user_456", ANON): 2}))


PEOPLE, DEVICES, MONTHS = 20, 10, 4
EVENTS_A_DEVICE = 80


@contextmanager
def _reading(server: Server) -> Iterator[list[dict[str, int]]]:
    """Reads all the time, in a thread, whoever serves; what was read is in the list."""
    read: list[dict[str, int]] = []
    stop = threading.Event()

    def run() -> None:
        while not stop.is_set():
            try:
                answer = server.get("/api/v1/people", {"limit": 200})
            except httpx.TransportError:
                time.sleep(0.02)
                continue
            if answer.status_code == 200:
                read.append(_totals(answer.json()))
            else:
                assert answer.status_code == 503, answer.text

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield read
    finally:
        stop.set()
        thread.join()


def _wait_for(server: Server, read: list[dict[str, int]], more: int) -> None:
    """Until there were that many more answers."""
    wanted = len(read) + more
    server.wait_until(lambda: len(read) >= wanted)


def _rewrites(server: Server) -> bool:
    """Whether it is at it, or was so fast that it is done."""
    return (
        server.metric("whipstitch_rewrite_rows_left") > 0
        or server.metric("whipstitch_rewrites_total") > 0
    )


def _totals(answer: dict[str, Any]) -> dict[str, int]:
    return {one["distinct_id"]: one["event_count"] for one in answer["people"]}


@pytest.mark.timeout(240)
def test_a_server_killed_while_it_rewrites_shows_every_person_whole_throughout(
    tmp_path: Path,
) -> None:
    settings = {"DURABILITY": "os", "STITCH_INTERVAL": "3600", "RATE_LIMIT": "0"}
    expected = {f"user_{n}": DEVICES * EVENTS_A_DEVICE * MONTHS for n in range(PEOPLE)}
    with Server(tmp_path / "data", environment=settings) as server:
        for month in range(MONTHS):
            for at in range(EVENTS_A_DEVICE // 40):
                _send(
                    server,
                    *(
                        _track(f"anon_{n}", timestamp=f"2026-0{month + 1}-05T12:{at:02d}:00Z")
                        for n in range(PEOPLE * DEVICES)
                        for _ in range(40)
                    ),
                )
        _send(server, *(_alias(f"anon_{n}", f"user_{n % PEOPLE}") for n in range(PEOPLE * DEVICES)))
        server.wait_until(lambda: drained(server), 120)

        with _reading(server) as read:
            server.wait_until(lambda: read[-1:] == [expected])
            first = len(read) - 1
            for _ in range(2):
                _call(server, "POST", "/api/v1/aliases/rewrite")
                server.wait_until(lambda: _rewrites(server))
                server.kill()
                server.start()
                _wait_for(server, read, 1)
            _call(server, "POST", "/api/v1/aliases/rewrite")
            server.wait_until(lambda: {state for _, state in _states(server)} == {"rewritten"}, 60)
            _wait_for(server, read, 2)
        wrong = [totals for totals in read[first:] if totals != expected]
        assert not wrong
