"""More connections than there may be, on a real socket."""

import contextlib
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.support.doors import KEY, Options, Served

_EVENT = json.dumps({"event_name": "crowded", "distinct_id": "somebody"}).encode()
_PARTS = [
    b"",
    b"POST /api/v1/tr",
    b"POST /api/v1/track HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n",
]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with Served("express", tmp_path, Options(most=10, most_each=10)) as running:
        yield running


def _connections(port: int, many: int, sent: bytes = b"") -> contextlib.ExitStack:
    stack = contextlib.ExitStack()
    for _ in range(many):
        there = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=60))
        there.sendall(sent)
    return stack


def _track(port: int) -> httpx.Response:
    return httpx.post(
        f"http://127.0.0.1:{port}/api/v1/track",
        content=_EVENT,
        headers={"x-api-key": KEY},
        trust_env=False,
        timeout=60,
    )


def test_one_too_many_is_told_so_at_once(served: Served) -> None:
    with (
        _connections(served.port, 10, _PARTS[2]),
        socket.create_connection(("127.0.0.1", served.port), timeout=60) as there,
    ):
        answer = there.recv(4096)
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"retry-after" in answer.lower()
        assert there.recv(10) == b""
    deadline = time.monotonic() + 30
    while _track(served.port).status_code != 200:
        assert time.monotonic() < deadline


@pytest.mark.parametrize("sent", _PARTS[:2])
def test_who_sends_nothing_whole_keeps_nobody_out(served: Served, sent: bytes) -> None:
    with _connections(served.port, 40, sent):
        deadline = time.monotonic() + 30
        while (status := _code(served.port)) != 200:
            assert status in (503, None)
            assert time.monotonic() < deadline
            time.sleep(0.1)
    assert served.connections <= 11


def _code(port: int) -> int | None:
    try:
        return _track(port).status_code
    except httpx.TransportError:
        return None
