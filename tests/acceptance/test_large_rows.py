"""Events that a public key can send in a few kilobytes and that take many megabytes."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.family import MemoryWatch
from tests.support.command import run
from tests.support.load import drained
from tests.support.server import Server

_MOST = 1_500 * 2**20
"""Bytes that all processes may have, also with the largest body."""


def test_a_few_packed_kilobytes_stop_nobody_and_are_not_lost(tmp_path: Path) -> None:
    with Server(tmp_path / "data", environment={"RATE_LIMIT": "0"}) as server:
        process = server.process.pid
        with _bounded(server):
            _send(server, "pill", '{"n": 1e999, "a": "%s"}' % ("x" * 60_000_000))
            _send(server, "large", '{"n": 1e999, "a": "%s"}' % ("x" * 2_000_000))
            _send(server, "small", '{"n": 1e999, "a": "%s"}' % ("x" * 900_000))
            server.wait_until(lambda: drained(server), 60)
        assert server.is_ready()
        assert {one["event_name"] for one in server.events()} == {"large", "small"}
        (large,) = server.events(event_name="large")
        assert large["properties"]["a"] == "x" * 2_000_000
        (aside,) = run("deadletters", "list", "--json", data_dir=server.data_dir).json[
            "dead_letters"
        ]
        assert (aside["event_name"], aside["distinct_id"]) == ("pill", "user_1")
        assert "largest_row" in aside["reason"]
        assert server.metric("whipstitch_dead_letters") == 1
        server.kill()
        server.start()
        assert server.process.pid != process
        assert {one["event_name"] for one in server.events()} == {"large", "small"}


def _send(server: Server, name: str, properties: str) -> None:
    body = f'{{"event_name": "{name}", "distinct_id": "user_1", "properties": {properties}}}'
    sent = server.send(
        "/api/v1/track", gzip.compress(body.encode()), headers={"content-encoding": "gzip"}
    )
    assert sent.status_code == 200, sent.text


@contextmanager
def _bounded(server: Server) -> Iterator[None]:
    with MemoryWatch(server.process.pid) as watch:
        yield
    assert max(watch.samples) < _MOST
