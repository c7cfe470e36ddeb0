"""A data directory on a disk that is full for a while."""

import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.support.clickhouse import url_of
from tests.support.command import run
from tests.support.disks import full, no_file_over, small_disk
from tests.support.load import (
    BATCH,
    HEAVY,
    SINGLE,
    Client,
    Load,
    assert_discreet,
    assert_kept,
    drained,
    request_body,
    stored_tags,
)
from tests.support.proxy import Proxy
from tests.support.server import Server

from whipstitch.warehouse.connection import Address

_MANY_FILES = 100_000
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
        with full(data_dir):
            for client in (SINGLE, BATCH, HEAVY):
                load.wait_for(3, status=503, name=client.name)
            told = server.get("/ready")
            assert told.status_code == 503
            assert "disk" in told.json()["error"]
        server.wait_until(server.is_ready)
        for client in (SINGLE, BATCH, HEAVY):
            load.wait_for(3, name=client.name)
        load.stop()
        assert {request.status for request in load.requests} == {200, 503}
        assert all(int(request.retry_after or 0) > 0 for request in load.answers(503))
        assert_kept(load.requests, stored_tags(server))
        assert_discreet(server)


def test_a_server_killed_or_stopped_and_started_on_a_full_disk_loses_nothing(
    data_dir: Path,
) -> None:
    with Server(data_dir, environment={"RATE_LIMIT": "0"}, wait=False) as server:
        with Load(server, SINGLE, BATCH, HEAVY) as load:
            load.wait_for(100)
            with full(data_dir):
                load.wait_for(3, status=503)
                server.kill()
                server.start()
                load.wait_for(3, status=503)
                told = server.get("/ready")
                assert told.status_code == 503
                assert "disk" in told.json()["error"]
            load.wait_for(100)
            with full(data_dir):
                load.wait_for(3, status=503)
                assert server.terminate(10) == 0
        server.start()
        server.wait_until(server.is_ready)
        assert_kept(load.requests, stored_tags(server))
        assert_discreet(server)


def test_a_first_start_on_a_full_disk_says_so_and_one_that_was_cut_off_goes_on(
    data_dir: Path,
) -> None:
    with full(data_dir):
        refused = run("serve", "--port", "0", data_dir=data_dir)
        assert refused.code == 1
        assert "full" in refused.err or "space" in refused.err
        assert "Traceback" not in refused.err
    with Server(data_dir, environment={"RATE_LIMIT": "0"}, wait=False) as server:
        server.kill()
        with full(data_dir):
            server.start()
            assert server.send(*request_body(SINGLE, ("a",))).status_code == 503
            assert server.get("/ready").status_code == 503
        server.wait_until(server.is_ready, 60)
        assert server.send(*request_body(SINGLE, ("b",))).status_code == 200
        assert stored_tags(server) == {"b": 1}


def test_clickhouse_is_started_again_where_the_disk_did_not_take_what_it_wrote(
    tmp_path: Path,
) -> None:
    with Server(tmp_path / "data", environment={"RATE_LIMIT": "0"}) as server:
        process, clickhouse = server.process, server.clickhouse()
        with Load(server, Client(SINGLE.name, pause=0.1)) as load:
            load.wait_for(10)
            noise = secrets.token_urlsafe(40_000)
            event = {"event_name": "noisy", "distinct_id": "ada", "properties": {"noise": noise}}
            with no_file_over(_SMALL, clickhouse):
                sent = server.send("/api/v1/track", event)
                assert sent.status_code == 200, sent.text
                server.wait_until(lambda: "clickhouse_write_failed" in server.log)
                server.wait_until(lambda: server.clickhouse() != clickhouse)
            server.wait_until(server.is_ready)
            load.wait_for(10)
        assert process.poll() is None
        assert {request.status for request in load.requests} == {200}
        assert_kept(load.requests, stored_tags(server))
        assert [one["properties"]["noise"] for one in server.events(event_name="noisy")] == [noise]
        assert_discreet(server)
        assert "parts set aside" in run("doctor", "--json", data_dir=server.data_dir).out
        assert server.terminate(10) == 0


def test_definitions_that_the_disk_did_not_take_keep_clickhouse_from_nothing(
    data_dir: Path,
) -> None:
    """Whoever links ids makes tables all the time."""
    settings = {"RATE_LIMIT": "0", "STITCH_INTERVAL": "1"}
    with Server(data_dir, environment=settings) as server:
        process, linked = server.process.pid, 0
        for _ in range(2):
            with full(data_dir):
                for number in range(linked, linked + 200):
                    alias = {"alias_id": f"anon_{number}", "distinct_id": "ada"}
                    if server.send("/api/v1/alias", alias).status_code == 503:
                        break
                    linked = number + 1
                time.sleep(0.5)
            server.wait_until(server.is_ready, 60)
            for number in range(linked, linked + 20):
                alias = {"alias_id": f"anon_{number}", "distinct_id": "ada"}
                assert server.send("/api/v1/alias", alias).status_code == 200
                linked = number + 1
        server.wait_until(lambda: drained(server) and server.is_ready(), 60)
        listed = server.get("/api/v1/aliases", {"limit": 1000}).json()["aliases"]
        assert {one["alias_id"] for one in listed} == {f"anon_{n}" for n in range(linked)}
        assert len(listed) == linked
        assert server.process.pid == process


def test_a_disk_that_the_backlog_fills_is_free_again_when_clickhouse_is_back(
    tmp_path: Path, new_database: Callable[[], Address]
) -> None:
    with (
        Proxy(new_database()) as proxy,
        small_disk(tmp_path / "data", 8 * 2**20, _MANY_FILES) as disk,
        Server(
            disk, "--clickhouse", url_of(proxy.address), environment={"RATE_LIMIT": "0"}
        ) as server,
        Load(server, SINGLE, BATCH, HEAVY) as load,
    ):
        with proxy.behaving("500"):
            for client in (HEAVY, SINGLE):
                load.wait_for(3, status=503, name=client.name)
            assert "disk" in server.get("/ready").json()["error"]
        server.wait_until(server.is_ready)
        load.wait_for(50)
        load.wait_for(3, name=HEAVY.name)
        load.stop()
        assert_kept(load.requests, stored_tags(server))
        assert_discreet(server)
