"""A ClickHouse server that is away in one way or another: events are taken meanwhile, and stored
once when it is back."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Final

import httpx
import pytest
from tests.support.clickhouse import url_of
from tests.support.load import BATCH, HEAVY, SINGLE, Load, assert_discreet, assert_kept, stored_tags
from tests.support.proxy import Mode, Proxy
from tests.support.server import Server

from whipstitch.warehouse.connection import Address

_WAYS: Final[tuple[Mode, ...]] = ("refuse", "500", "hang")
_CLIENTS: Final = (
    replace(SINGLE, pause=0.02),
    replace(BATCH, pause=0.05),
    replace(HEAVY, pause=0.2),
)
"""All that they send meanwhile is read again."""


@pytest.fixture
def proxy(new_database: Callable[[], Address]) -> Iterator[Proxy]:
    """A server, and what may be wrong on the way to it."""
    with Proxy(new_database()) as made:
        yield made


def test_events_wait_on_disk_while_clickhouse_is_away_and_are_stored_once(
    tmp_path: Path, proxy: Proxy
) -> None:
    with _server(tmp_path, proxy) as server:
        with proxy.behaving("refuse"):
            # That it is away is noticed while nothing is sent, too.
            server.wait_until(lambda: not server.is_ready())
            read = server.get("/api/v1/events")
            assert (read.status_code, read.headers["retry-after"]) == (503, "5")
            assert proxy.address.password not in read.text
            assert server.metric("whipstitch_storage_available") == 0
        server.wait_until(server.is_ready)
        with Load(server, *_CLIENTS) as load:
            for how in _WAYS:
                load.wait_for(50)
                with proxy.behaving(how):
                    server.wait_until(lambda: not server.is_ready())
                    waiting = server.metric("whipstitch_journal_bytes")
                    load.wait_for(50)
                    assert server.metric("whipstitch_journal_bytes") > waiting
                    reason = _ready(server)
                    assert reason.status_code == 503
                    assert "ClickHouse" in reason.json()["error"]
                    assert proxy.address.password not in reason.text
                server.wait_until(server.is_ready)
        assert {request.status for request in load.requests} == {200}
        assert_kept(load.requests, stored_tags(server))
        assert_discreet(server)
        assert proxy.address.password not in server.log


def test_a_server_killed_and_started_while_clickhouse_is_away_loses_nothing(
    tmp_path: Path, proxy: Proxy
) -> None:
    with (
        _server(tmp_path, proxy, wait=False) as server,
        Load(server, *_CLIENTS) as load,
    ):
        load.wait_for(50)
        with proxy.behaving("hang"):
            load.wait_for(50)
            server.kill()
            server.start()
            load.wait_for(50)
            server.wait_until(lambda: not server.is_ready())
            server.kill()
            server.start()
            load.wait_for(50)
        load.stop()
        server.wait_until(server.is_ready)  # which asks every other second
        assert_kept(load.requests, stored_tags(server))
        assert_discreet(server)
        assert proxy.address.password not in server.log


def test_a_first_start_does_not_wait_for_clickhouse(tmp_path: Path, proxy: Proxy) -> None:
    server = _server(tmp_path, proxy, wait=False)
    with ExitStack() as stack:
        with proxy.behaving("refuse"):
            stack.enter_context(server)
            assert _ready(server).status_code == 503
            with Load(server, SINGLE, BATCH) as load:
                load.wait_for(50)
            assert _ready(server).status_code == 503
        server.wait_until(server.is_ready)
        assert_kept(load.requests, stored_tags(server))
        assert_discreet(server)
        assert proxy.address.password not in server.log


def test_answers_that_get_lost_store_nothing_twice(tmp_path: Path, proxy: Proxy) -> None:
    with (
        _server(tmp_path, proxy) as server,
        Load(server, *_CLIENTS) as load,
    ):
        with proxy.behaving("drop"):
            load.wait_for(50)
            server.wait_until(lambda: not server.is_ready())
            load.wait_for(50)
        load.stop()
        assert {request.status for request in load.requests} == {200}
        assert_kept(load.requests, stored_tags(server))
        assert_discreet(server)
        assert proxy.address.password not in server.log


def test_a_full_backlog_is_answered_503_until_it_has_drained(tmp_path: Path, proxy: Proxy) -> None:
    with (
        _server(tmp_path, proxy, BACKLOG_LIMIT="2MB") as server,
        Load(server, SINGLE, BATCH, HEAVY) as load,
    ):
        with proxy.behaving("500"):
            for client in (HEAVY, BATCH, SINGLE):
                load.wait_for(3, status=503, name=client.name)
            told = _ready(server)
            assert told.status_code == 503
            assert "backlog limit" in told.json()["error"]
            # The ends of groups come on top.
            assert server.metric("whipstitch_journal_bytes") < 2.1 * 2**20
        load.wait_for(50, name=SINGLE.name)
        load.wait_for(3, name=HEAVY.name)
        load.stop()
        refused = load.answers(503)
        assert all(int(request.retry_after or 0) > 0 for request in refused)
        assert {request.status for request in load.requests} == {200, 503}
        assert_kept(load.requests, stored_tags(server))
        assert_discreet(server)
        assert proxy.address.password not in server.log
        server.wait_until(server.is_ready)


def _server(tmp_path: Path, proxy: Proxy, wait: bool = True, **settings: str) -> Server:
    return Server(
        tmp_path / "data",
        *("--clickhouse", url_of(proxy.address)),
        environment={"RATE_LIMIT": "0", **settings},
        wait=wait,
    )


def _ready(server: Server) -> httpx.Response:
    return server.get("/ready")
