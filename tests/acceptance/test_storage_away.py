"""A ClickHouse server that is away in one way or another: events are taken meanwhile, and stored
once when it is back."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from tests.support.clickhouse_http import HttpClickHouse
from tests.support.load import BATCH, HEAVY, SINGLE, Load, assert_discreet, assert_kept, stored_tags
from tests.support.server import Server


@pytest.mark.parametrize("how", ["refused", "hanging", "500"])
def test_events_wait_on_disk_while_clickhouse_is_away_and_are_stored_once(
    tmp_path: Path, http_clickhouse: HttpClickHouse, how: str
) -> None:
    with (
        _server(tmp_path, http_clickhouse, f"away_{how}") as server,
        Load(server, SINGLE, BATCH, HEAVY) as load,
    ):
        load.wait_for(100)
        with _away(http_clickhouse, how):
            server.wait_until(lambda: not server.is_ready())
            waiting = server.metric("whipstitch_journal_bytes")
            load.wait_for(100)
            assert server.metric("whipstitch_journal_bytes") > waiting
            reason = _ready(server)
            assert reason.status_code == 503
            assert "ClickHouse" in reason.json()["error"]
            assert _password(http_clickhouse) not in reason.text
        server.wait_until(server.is_ready)
        load.stop()
        assert {request.status for request in load.requests} == {200}
        assert_kept(load.requests, stored_tags(server))
        assert_discreet(server)
        assert _password(http_clickhouse) not in server.log


@pytest.mark.parametrize("how", ["refused", "hanging"])
def test_a_server_killed_and_started_while_clickhouse_is_away_loses_nothing(
    tmp_path: Path, http_clickhouse: HttpClickHouse, how: str
) -> None:
    with (
        _server(tmp_path, http_clickhouse, f"killed_{how}", wait=False) as server,
        Load(server, SINGLE, BATCH, HEAVY) as load,
    ):
        load.wait_for(100)
        with _away(http_clickhouse, how):
            load.wait_for(100)
            server.kill()
            server.start()
            load.wait_for(100)
            server.wait_until(lambda: not server.is_ready())
            server.kill()
            server.start()
            load.wait_for(50)
        load.stop()
        server.wait_until(server.is_ready)  # which asks every other second
        assert_kept(load.requests, stored_tags(server))
        assert_discreet(server)
        assert _password(http_clickhouse) not in server.log


def test_a_first_start_does_not_wait_for_clickhouse(
    tmp_path: Path, http_clickhouse: HttpClickHouse
) -> None:
    server = _server(tmp_path, http_clickhouse, "first_start", wait=False)
    with ExitStack() as stack:
        with _away(http_clickhouse, "refused"):
            stack.enter_context(server)
            assert _ready(server).status_code == 503
            with Load(server, SINGLE, BATCH) as load:
                load.wait_for(50)
            assert _ready(server).status_code == 503
        server.wait_until(server.is_ready)
        assert_kept(load.requests, stored_tags(server))
        assert_discreet(server)
        assert _password(http_clickhouse) not in server.log


def test_answers_that_get_lost_store_nothing_twice(
    tmp_path: Path, http_clickhouse: HttpClickHouse
) -> None:
    with (
        _server(tmp_path, http_clickhouse, "lost_answers") as server,
        Load(server, SINGLE, BATCH, HEAVY) as load,
    ):
        with http_clickhouse.behaving("drop"):
            load.wait_for(100)
            server.wait_until(lambda: not server.is_ready())
            load.wait_for(100)
        load.stop()
        assert {request.status for request in load.requests} == {200}
        assert_kept(load.requests, stored_tags(server))
        assert_discreet(server)
        assert _password(http_clickhouse) not in server.log


def test_a_full_backlog_is_answered_503_until_it_has_drained(
    tmp_path: Path, http_clickhouse: HttpClickHouse
) -> None:
    with (
        _server(tmp_path, http_clickhouse, "backlog", BACKLOG_LIMIT="2MB") as server,
        Load(server, SINGLE, BATCH, HEAVY) as load,
    ):
        with _away(http_clickhouse, "500"):
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
        assert _password(http_clickhouse) not in server.log
        server.wait_until(server.is_ready)


def test_a_server_that_goes_while_nothing_is_sent_is_missed(
    tmp_path: Path, http_clickhouse: HttpClickHouse
) -> None:
    with _server(tmp_path, http_clickhouse, "idle") as server:
        with _away(http_clickhouse, "refused"):
            server.wait_until(lambda: not server.is_ready())
        server.wait_until(server.is_ready)


def _server(
    tmp_path: Path, clickhouse: HttpClickHouse, database: str, wait: bool = True, **settings: str
) -> Server:
    return Server(
        tmp_path / "data",
        *("--clickhouse", clickhouse.url(database)),
        environment={"RATE_LIMIT": "0", **settings},
        wait=wait,
    )


def _password(clickhouse: HttpClickHouse) -> str:
    return urlsplit(clickhouse.url("")).password or ""


def _ready(server: Server) -> httpx.Response:
    return server.get("/ready")


@contextmanager
def _away(clickhouse: HttpClickHouse, how: str) -> Iterator[None]:
    if how == "refused":
        clickhouse.kill()
        try:
            yield
        finally:
            clickhouse.start()
    elif how == "hanging":
        clickhouse.hang()
        try:
            yield
        finally:
            clickhouse.wake()
    else:
        with clickhouse.behaving(how):
            yield
