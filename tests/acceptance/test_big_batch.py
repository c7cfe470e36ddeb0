"""One batch of tens of megabytes, beside other clients and under a killed worker or server."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from tests.support import processes
from tests.support.load import (
    HUGE,
    SINGLE,
    Client,
    Load,
    assert_discreet,
    assert_kept,
    request_body,
    stored_tags,
)
from tests.support.server import Server

_BIG = Client(HUGE.name, rows=400, padding=100_000)
_TAGS = tuple(f"big-{row}" for row in range(_BIG.rows))


def test_a_killed_worker_costs_only_the_batch_that_it_had(tmp_path: Path) -> None:
    with Server(tmp_path / "data", environment={"RATE_LIMIT": "0"}) as server:
        with Load(server, replace(SINGLE, pause=0.01)) as load:
            answer = _post_and_meanwhile(server, lambda: _kill_workers_at_work(server))
            assert answer.status_code == 503
            assert answer.json() == {"ok": False, "error": "Service temporarily unavailable"}
            assert int(answer.headers["retry-after"]) > 0
            load.wait_for(20)
            assert _leftovers(server) == []
            # It and the small events of others are all stored.
            answer = server.send(*request_body(_BIG, _TAGS))
            load.wait_for(20)
        assert answer.status_code == 200
        assert answer.json()["events_received"] == _BIG.rows
        assert {request.status for request in load.requests} == {200}
        stored = stored_tags(server)
        assert {stored.pop(tag) for tag in _TAGS} == {1}
        assert_kept(load.requests, stored)
        assert_discreet(server)


def test_a_killed_server_leaves_no_worker_and_nothing_of_the_batch(tmp_path: Path) -> None:
    with Server(tmp_path / "data") as server:
        workers: list[int] = []

        def kill_server(condition: Callable[[], bool], after: float) -> None:
            server.wait_until(condition)
            time.sleep(after)
            workers.extend(processes.heavy_workers(server.process.pid))
            server.kill()

        def post_and_kill(condition: Callable[[], bool], after: float) -> None:
            with pytest.raises(httpx.TransportError):
                _post_and_meanwhile(server, lambda: kill_server(condition, after))
            assert workers

        post_and_kill(lambda: _is_at_work(server), 0.0)
        _wait_until_gone(workers)
        assert _leftovers(server) != []
        server.start()
        assert _leftovers(server) == []
        # Or while it starts: its modules are being imported.
        post_and_kill(lambda: bool(processes.heavy_workers(server.process.pid)), 0.05)
        _wait_until_gone(workers)
        server.start()
        assert stored_tags(server) == {}


def _post_and_meanwhile(server: Server, meanwhile: Callable[[], None]) -> httpx.Response:
    """Sends a big batch while ``meanwhile`` runs; what it was told."""
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(server.send, *request_body(_BIG, _TAGS))
        meanwhile()
        return sending.result()


def _is_at_work(server: Server) -> bool:
    return any((server.data_dir / "journal").glob("*.part"))


def _kill_workers_at_work(server: Server) -> None:
    server.wait_until(lambda: _is_at_work(server))
    processes.kill(processes.heavy_workers(server.process.pid))


def _leftovers(server: Server) -> list[Path]:
    spools = (server.data_dir / "spool").iterdir()
    return [*spools, *(server.data_dir / "journal").glob("*.part")]


def _wait_until_gone(pids: list[int]) -> None:
    give_up = time.monotonic() + 20
    while running := [pid for pid in pids if processes.is_running(pid)]:
        assert time.monotonic() < give_up, f"left behind: {running}"
        time.sleep(0.05)
