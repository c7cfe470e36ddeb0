"""The ClickHouse that a server runs does not answer for a while: events are taken meanwhile,
questions are told why they have no answer, and everything is there when it is back."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from tests.support import processes
from tests.support.command import run
from tests.support.load import BATCH, HEAVY, SINGLE, Load, assert_discreet, assert_kept, stored_tags
from tests.support.server import Server

from whipstitch.warehouse.local import launch
from whipstitch.warehouse.local.command import command

_LAST_WORDS: Final = "Exception: the disk that I was on is not mounted"
_BROKEN: Final = f"#!/bin/sh\necho '{_LAST_WORDS}' >&2\nexit 1\n"


@pytest.fixture
def binary(tmp_path: Path) -> Path:
    """A ``clickhouse`` that cannot run."""
    path = tmp_path / "clickhouse"
    path.write_text(_BROKEN)
    path.chmod(0o700)
    return path


def _mend(binary: Path) -> None:
    library = command(binary.parent, None, 0)[-1]
    binary.write_text(
        f'#!/bin/sh\nexec {sys.executable} -I -S {launch.__file__} "$PPID" 0 . {library}\n'
    )


def _assert_says_why(server: Server) -> None:
    ready = server.get("/ready")
    assert ready.status_code == 503
    for said in (ready, server.get("/api/v1/events"), server.ask("/api/v1/insights", _QUESTION)):
        assert said.status_code == 503
        assert "ClickHouse is away" in said.json()["error"]
        assert "exit code 1" in said.json()["error"]
        assert _LAST_WORDS in said.json()["error"]
    assert server.get("/health").status_code == 200
    assert server.metric("whipstitch_storage_available") == 0


_CLIENTS: Final = (
    replace(SINGLE, pause=0.05),
    replace(BATCH, pause=0.2),
    replace(HEAVY, pause=0.5),
)
"""All that they send meanwhile is read again."""
_QUESTION: Final = {"events": [{"event_name": SINGLE.name}]}


def test_one_that_hangs_is_started_again_and_one_that_cannot_run_when_it_can(
    tmp_path: Path, binary: Path
) -> None:
    with _hanging(tmp_path / "hanging"):  # it takes a while until that is noticed
        _cannot_run(tmp_path / "data", binary)


def _cannot_run(data_dir: Path, binary: Path) -> None:
    settings = {"RATE_LIMIT": "0", "CLICKHOUSE_BINARY": str(binary)}
    with Server(data_dir, environment=settings, wait=False) as server:
        process = server.process.pid
        with Load(server, *_CLIENTS) as load:
            load.wait_for(50)
            server.wait_until(lambda: _LAST_WORDS in server.get("/ready").text)
            _assert_says_why(server)
            _mend(binary)
            server.wait_until(server.is_ready)
            load.wait_for(50)

            binary.write_text(_BROKEN)
            processes.kill([server.clickhouse()])
            server.wait_until(lambda: _LAST_WORDS in server.get("/ready").text)
            load.wait_for(50)
            _assert_says_why(server)
            assert server.metric("whipstitch_journal_bytes") > 0
            looked = run("doctor", "--json", data_dir=server.data_dir)
            assert looked.code == 1
            assert "ClickHouse does not answer" in looked.out
            _mend(binary)
            server.wait_until(server.is_ready)
        assert {request.status for request in load.requests} == {200}
        assert_kept(load.requests, stored_tags(server))
        assert server.process.pid == process
        assert_discreet(server)


@contextmanager
def _hanging(data_dir: Path) -> Iterator[None]:
    """A server with a ClickHouse that hangs from entry on; at the exit it is started again."""
    with Server(data_dir, environment={"RATE_LIMIT": "0"}) as server:
        process, hanging = server.process.pid, server.clickhouse()
        with Load(server, *_CLIENTS) as load:
            load.wait_for(50)
            processes.stop([hanging])
            server.wait_until(lambda: not server.is_ready())
            assert "has not answered" in server.get("/ready").json()["error"]
            load.wait_for(50)
            yield
            server.wait_until(lambda: server.is_ready() and server.clickhouse() != hanging, 60)
            load.wait_for(50)
        assert {request.status for request in load.requests} == {200}
        assert_kept(load.requests, stored_tags(server))
        assert server.process.pid == process
        assert not processes.is_running(hanging)
        assert_discreet(server)
