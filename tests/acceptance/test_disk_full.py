"""A data directory on a disk that is full for a while."""

import contextlib
import resource
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.clickhouse_http import HttpClickHouse
from tests.support.command import run
from tests.support.disks import small_disk
from tests.support.load import (
    BATCH,
    HEAVY,
    SINGLE,
    Client,
    Load,
    assert_discreet,
    assert_kept,
    stored_tags,
)
from tests.support.server import Server

_MANY_FILES = 100_000
_PIECE = bytes(64 * 1024)
_SMALL = 64 * 1024
"""Bytes of a file beyond which a test's disk takes nothing."""


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "data", 128 * 2**20, _MANY_FILES) as disk:
        yield disk


def test_service_resumes_by_itself_when_a_neighbours_file_goes(data_dir: Path) -> None:
    with (
        Server(data_dir, environment={"RATE_LIMIT": "0"}) as server,
        Load(server, SINGLE, BATCH, HEAVY) as load,
    ):
        load.wait_for(100)
        with _full(data_dir):
            for client in (SINGLE, BATCH, HEAVY):
                load.wait_for(3, status=503, name=client.name)
            told = server.get("/ready")
            assert told.status_code == 503
            assert "disk" in told.json()["error"]
        server.wait_until(server.is_ready)
        for client in (SINGLE, BATCH, HEAVY):
            load.wait_for(3, name=client.name)
        load.stop()
        statuses = {request.status for request in load.requests}
        if "server_begins_again" in server.log:  # ClickHouse wanted to write meanwhile, too
            statuses.discard(None)
        assert statuses == {200, 503}
        assert all(int(request.retry_after or 0) > 0 for request in load.answers(503))
        assert_kept(load.requests, stored_tags(server))
        assert_discreet(server)


def test_a_server_killed_and_started_on_a_full_disk_loses_nothing(data_dir: Path) -> None:
    with (
        Server(data_dir, environment={"RATE_LIMIT": "0"}, wait=False) as server,
        Load(server, SINGLE, BATCH, HEAVY) as load,
    ):
        load.wait_for(100)
        with _full(data_dir):
            load.wait_for(3, status=503)
            server.kill()
            server.start()
            load.wait_for(3, status=503)
            assert server.get("/ready").status_code == 503
        load.wait_for(100)
        load.stop()
        assert_kept(load.requests, stored_tags(server))
        assert_discreet(server)


def test_a_stop_on_a_full_disk_loses_nothing(data_dir: Path) -> None:
    with Server(data_dir, environment={"RATE_LIMIT": "0"}) as server:
        with Load(server, SINGLE, BATCH, HEAVY) as load:
            load.wait_for(100)
            with _full(data_dir):
                load.wait_for(3, status=503)
                assert server.terminate(10) == 0
        server.start()
        assert_kept(load.requests, stored_tags(server))
        assert_discreet(server)


def test_the_server_begins_again_where_the_disk_did_not_take_what_clickhouse_wrote(
    tmp_path: Path,
) -> None:
    with Server(tmp_path / "data", environment={"RATE_LIMIT": "0"}) as server:
        process = server.process
        unlimited = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
        with Load(server, Client(SINGLE.name, pause=0.1)) as load:
            load.wait_for(10)
            # ClickHouse keeps text twice: it needs more room than the journal, and fails.
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (_SMALL, unlimited[1]))
            noise = secrets.token_urlsafe(40_000)
            event = {"event_name": "noisy", "distinct_id": "ada", "properties": {"noise": noise}}
            sent = server.send("/api/v1/track", event)
            assert sent.status_code == 200, sent.text
            server.wait_until(lambda: "did not take" in server.get("/ready").text)
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, unlimited)
            server.wait_until(lambda: "server_begins_again" in server.log)
            server.wait_until(server.is_ready)
            load.wait_for(10)
        assert process.poll() is None
        assert_kept(load.requests, stored_tags(server))
        assert [one["properties"]["noise"] for one in server.events(event_name="noisy")] == [noise]
        assert_discreet(server)
        assert "parts set aside" in run("doctor", "--json", data_dir=server.data_dir).out
        assert server.terminate(10) == 0


def test_a_disk_that_the_backlog_fills_is_free_again_when_clickhouse_is_back(
    tmp_path: Path, http_clickhouse: HttpClickHouse
) -> None:
    url = http_clickhouse.url("disk_full")
    with (
        small_disk(tmp_path / "data", 16 * 2**20, _MANY_FILES) as disk,
        Server(disk, "--clickhouse", url, environment={"RATE_LIMIT": "0"}) as server,
        Load(server, SINGLE, BATCH, HEAVY) as load,
    ):
        with http_clickhouse.behaving("500"):
            for client in (HEAVY, SINGLE):
                load.wait_for(3, status=503, name=client.name)
            assert "disk" in server.get("/ready").json()["error"]
        server.wait_until(server.is_ready)
        load.wait_for(50)
        load.wait_for(3, name=HEAVY.name)
        load.stop()
        assert_kept(load.requests, stored_tags(server))
        assert_discreet(server)


@contextlib.contextmanager
def _full(disk: Path) -> Iterator[None]:
    """Somebody else's file takes all the room that there is."""
    filler = disk / "neighbour"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(_PIECE)
    try:
        yield
    finally:
        filler.unlink()
