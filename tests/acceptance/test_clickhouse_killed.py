"""``kill -9`` of the ClickHouse that a server runs, at any moment: the server stays, goes on taking
events, and has everything once when the next ClickHouse is there."""

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support import processes
from tests.support.load import (
    BATCH,
    HEAVY,
    HUGE,
    SINGLE,
    Load,
    assert_discreet,
    assert_kept,
    drained,
    request_body,
    stored_tags,
)
from tests.support.people import Devices, counts
from tests.support.server import Server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """One whose own process stays the same throughout."""
    settings = {"RATE_LIMIT": "0", "STITCH_INTERVAL": "3600"}
    with Server(tmp_path / "data", environment=settings) as running:
        process = running.process
        yield running
        assert running.process is process
        assert process.poll() is None


def test_under_load_every_answered_request_is_stored_once(server: Server) -> None:
    with Load(server, SINGLE, SINGLE, BATCH, HEAVY, HUGE) as load:
        # At another point of a segment and an insert each time.
        for answers in (200, 50):
            load.wait_for(answers)
            server.kill_clickhouse(wait=False)
        load.wait_for(100)
        server.kill_clickhouse()
        load.wait_for(50)
        load.wait_for(1, name=HUGE.name)
    assert {request.status for request in load.requests} == {200}
    assert_kept(load.requests, stored_tags(server))
    assert server.metric("whipstitch_dead_letters") == 0
    assert_discreet(server)


def test_during_a_rewrite_every_person_is_shown_whole(server: Server) -> None:
    devices = Devices(server)
    expected = devices.send()
    with _reading(devices) as read:
        server.wait_until(lambda: read[-1:] == [expected])
        first = len(read) - 1
        for pause in (0.0, 0.2):
            devices.rewrite()
            server.wait_until(
                lambda: server.metric("whipstitch_rewrites_total") > 0 or _rewrites(server)
            )
            time.sleep(pause)
            server.kill_clickhouse()
            _wait_for(server, read, 1)
        devices.rewrite()
        server.wait_until(lambda: devices.states() == {"rewritten"}, 60)
        _wait_for(server, read, 2)
    wrong = [totals for totals in read[first:] if totals != expected]
    assert not wrong


def test_during_an_erasure_the_person_goes_and_nobody_else_does(server: Server) -> None:
    devices = Devices(server)
    everybody = devices.send()
    devices.rewrite()
    server.wait_until(lambda: devices.states() == {"rewritten"}, 60)
    assert devices.erase("user_0").status_code == 200
    del everybody["user_0"]
    time.sleep(0.2)
    server.kill_clickhouse()
    assert devices.totals() == everybody
    assert server.get("/api/v1/people/user_0").status_code == 404
    # Asked for at that moment, it happens or does not.
    for gone, pause in (("user_1", 0.0), ("user_2", 0.05)):
        with ThreadPoolExecutor(1) as pool:
            asking = pool.submit(devices.erase, gone)
            time.sleep(pause)
            server.kill_clickhouse()
        assert asking.result().status_code in (200, 503), asking.result().text
        if asking.result().status_code == 503:
            # Asked for again, or found to be done after all.
            server.wait_until(partial(_is_erased, devices, gone))
        del everybody[gone]
        give_up = time.monotonic() + 60
        while (totals := devices.totals()) != everybody and time.monotonic() < give_up:
            time.sleep(0.1)
        assert totals == everybody, devices.call("GET", "/api/v1/erasures").text
    server.wait_until(lambda: set(devices.erasures()) == {"done"}, 60)
    assert devices.totals() == everybody


def _is_erased(devices: Devices, who: str) -> bool:
    return devices.erase(who).status_code in (200, 404)


def test_during_the_migration_of_a_first_start_it_goes_on(tmp_path: Path) -> None:
    settings = {"RATE_LIMIT": "0"}
    with Server(tmp_path / "data", environment=settings, wait=False) as server:
        process = server.process.pid
        with Load(server, SINGLE, BATCH) as load:
            for pause in (0.3, 0.6):
                server.clickhouse()
                time.sleep(pause)
                server.kill_clickhouse(wait=False)
            load.wait_for(50)
        assert {request.status for request in load.requests} == {200}
        assert_kept(load.requests, stored_tags(server))
        assert server.process.pid == process
        assert_discreet(server)


def test_during_an_export_the_reader_is_told_and_the_next_export_is_whole(server: Server) -> None:
    for number in range(3):
        tags = tuple(f"{number}-{row}" for row in range(HUGE.rows))
        assert server.send(*request_body(HUGE, tags)).status_code == 200
    server.wait_until(lambda: drained(server))
    with (
        httpx.Client(trust_env=False, timeout=60) as client,
        client.stream("GET", **_export(server)) as answer,
    ):
        assert answer.status_code == 200
        chunks = answer.iter_bytes()
        next(chunks)
        server.kill_clickhouse()
        with pytest.raises(httpx.RemoteProtocolError):
            list(chunks)
    whole = httpx.get(**_export(server), trust_env=False, timeout=60)
    assert whole.status_code == 200
    lines = [json.loads(line) for line in whole.text.splitlines()]
    assert len({line["properties"]["tag"] for line in lines}) == len(lines) == 3 * HUGE.rows


def test_a_server_that_is_killed_takes_it_along_and_the_next_finds_everything(
    tmp_path: Path,
) -> None:
    with Server(tmp_path / "data", environment={"RATE_LIMIT": "0"}) as server:
        with Load(server, SINGLE, BATCH) as load:
            load.wait_for(100)
            orphan = server.clickhouse()
            server.kill()
            server_gone = time.monotonic()
            while processes.is_running(orphan):
                assert time.monotonic() < server_gone + 1
                time.sleep(0.01)
            server.start()
        assert_kept(load.requests, stored_tags(server))


@contextmanager
def _reading(devices: Devices) -> Iterator[list[dict[str, int]]]:
    """Reads all the time, in a thread; what was read is in the list."""
    read: list[dict[str, int]] = []
    stop = threading.Event()

    def run() -> None:
        with httpx.Client(trust_env=False, timeout=60) as client:
            while not stop.is_set():
                answer = client.get(**devices.request())
                if answer.status_code == 200:
                    read.append(counts(answer))
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
    return server.metric("whipstitch_rewrite_rows_left") > 0


def _export(server: Server) -> dict[str, Any]:
    headers = {"authorization": f"Bearer {server.token}"}
    params = {"event_name": HUGE.name, "format": "jsonl"}
    return {"url": f"{server.url}/api/v1/export", "params": params, "headers": headers}
