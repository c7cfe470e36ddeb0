"""SIGTERM and SIGINT: what is in flight is finished, nothing that was answered is lost, and the
command exits 0 within 10 seconds."""

import contextlib
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from tests.support import processes
from tests.support.clickhouse import url_of
from tests.support.load import (
    BATCH,
    HEAVY,
    HUGE,
    SINGLE,
    Client,
    Load,
    assert_kept,
    request_body,
    stored_tags,
)
from tests.support.proxy import Proxy
from tests.support.server import Server

from whipstitch.warehouse.connection import Address

_SECONDS = 10
_BIG = Client(HUGE.name, rows=300, padding=100_000)


@pytest.fixture(scope="module")
def stopped_often(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    environment = {"RATE_LIMIT": "0"}
    with Server(tmp_path_factory.mktemp("shutdown") / "data", environment=environment) as running:
        yield running


@pytest.fixture
def server(stopped_often: Server) -> Server:
    """It runs, and has what the tests before sent."""
    if stopped_often.process.poll() is not None:
        stopped_often.start()
    return stopped_often


def test_sigterm_under_load_keeps_all_that_was_answered(tmp_path: Path) -> None:
    with Server(tmp_path / "data", environment={"RATE_LIMIT": "0"}) as server:
        with Load(server, SINGLE, BATCH, HEAVY, HUGE) as load:
            load.wait_for(300)
            load.wait_for(1, name=HUGE.name)
            started = processes.children(server.process.pid)
            assert server.clickhouse() in started
            assert server.terminate(_SECONDS) == 0
            assert processes.are_gone(started)
            assert not list((server.data_dir / "journal").glob("*.open"))
            server.start()
            load.wait_for(50)
        assert_kept(load.requests, stored_tags(server))


def test_ctrl_c_which_reaches_the_workers_too_ends_it_quietly(server: Server) -> None:
    tags = _tags("interrupted", HUGE)
    logged = len(server.log)
    assert server.send(*request_body(HUGE, tags)).status_code == 200
    workers = processes.heavy_workers(server.process.pid)
    assert workers
    for pid in (*workers, server.process.pid):
        os.kill(pid, signal.SIGINT)
    assert server.process.wait(_SECONDS) == 0
    server.kill()
    assert "Traceback" not in server.log[logged:]
    assert processes.are_gone(workers)
    server.start()
    assert _stored(server, tags) == dict.fromkeys(tags, 1)


def test_idle_and_dawdling_clients_do_not_hold_it_up(server: Server) -> None:
    with contextlib.ExitStack() as stack:
        assert server.send(*request_body(BATCH, ("a", "b"))).status_code == 200
        clients = [stack.enter_context(_connected(server)) for _ in range(20)]
        head = f"POST /api/v1/track HTTP/1.1\r\nHost: x\r\nx-api-key: {server.live_key}\r\n"
        for client in clients[:10]:  # they have had an answer and keep the connection
            client.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            assert client.recv(65536).startswith(b"HTTP/1.1 200")
        for unfinished, client in zip(
            ("", "Content-Length: 100\r\n\r\n{", "Transfer-Encoding: chunked\r\n\r\n5\r\n{"),
            clients[10:],
            strict=False,
        ):
            client.sendall((head + unfinished).encode())
        assert server.terminate(_SECONDS) == 0
        journal = server.data_dir / "journal"
        assert not [*journal.glob("*.open"), *journal.glob("*.jsonl")]


def test_sigterm_while_a_big_batch_is_received_stores_nothing_of_it(server: Server) -> None:
    with _connected(server) as client:
        tags = _tags("received", _BIG)
        path, body = request_body(_BIG, tags)
        client.sendall(
            f"POST {path} HTTP/1.1\r\nHost: x\r\nx-api-key: {server.live_key}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode()
        )
        client.sendall(body[: len(body) // 2])
        server.wait_until(lambda: any((server.data_dir / "spool").iterdir()))
        assert server.terminate(_SECONDS) == 0
        assert not list((server.data_dir / "spool").iterdir())
        server.start()
        assert _stored(server, tags) == {}


def test_sigterm_while_a_big_batch_is_admitted_stores_all_of_it_or_nothing(server: Server) -> None:
    tags = _tags("admitted", _BIG)
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(server.send, *request_body(_BIG, tags))
        parts = server.data_dir / "journal"
        # A quick worker may be done before anybody looks.
        server.wait_until(lambda: sending.done() or any(parts.glob("*.part")))
        assert server.terminate(_SECONDS) == 0
    status = sending.exception() or sending.result().status_code
    server.start()
    stored = _stored(server, tags)
    if status == 200:
        assert stored == dict.fromkeys(tags, 1)
    else:
        assert stored in ({}, dict.fromkeys(tags, 1))


def test_a_stuck_worker_does_not_hold_it_up(server: Server) -> None:
    assert server.send(*request_body(HEAVY, ("a",) * 60)).status_code == 200
    workers = processes.heavy_workers(server.process.pid)
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    try:
        with ThreadPoolExecutor(1) as pool:
            sending = pool.submit(server.send, *request_body(_BIG, _tags("stuck", _BIG)))
            server.wait_until(lambda: any((server.data_dir / "spool").iterdir()))
            assert server.terminate(_SECONDS) == 0
        with contextlib.suppress(httpx.TransportError):
            assert sending.result().status_code == 503
    finally:
        processes.kill([pid for pid in workers if processes.is_running(pid)])


def test_what_clickhouse_could_not_take_stays_in_the_journal(
    tmp_path: Path, new_database: Callable[[], Address]
) -> None:
    with (
        Proxy(new_database()) as proxy,
        Server(tmp_path / "data", "--clickhouse", url_of(proxy.address)) as server,
        ThreadPoolExecutor(3) as readers,
    ):
        with proxy.behaving("hang"):
            assert server.send(*request_body(BATCH, ("a", "b", "c"))).status_code == 200
            for _ in range(3):  # queries that wait for it hold nothing up either
                readers.submit(server.get, "/api/v1/events")
            time.sleep(1)
            assert server.terminate(_SECONDS) == 0
            assert list((server.data_dir / "journal").glob("*.jsonl"))
        server.start()
        assert stored_tags(server) == {"a": 1, "b": 1, "c": 1}


def _connected(server: Server) -> socket.socket:
    address = urlsplit(server.url)
    return socket.create_connection((address.hostname, address.port or 0), timeout=30)


def _tags(name: str, client: Client) -> tuple[str, ...]:
    """Of one request of that client."""
    return tuple(f"{name}-{row}" for row in range(client.rows))


def _stored(server: Server, tags: tuple[str, ...]) -> dict[str, int]:
    """How often each of these is stored that is."""
    stored = stored_tags(server)
    return {tag: stored[tag] for tag in tags if tag in stored}
