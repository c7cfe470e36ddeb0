"""A disk that is really full, behind both doors."""

import json
import time
from pathlib import Path

import pytest
from tests.support.disks import fill, small_disk, use_up_names
from tests.support.doors import (
    DOORS,
    Door,
    Options,
    Served,
    journalled_rows,
    post,
    serving,
    track,
)

from whipstitch.journal.journal import Journal

PAD = "x" * 500
DISK_BYTES = 2 << 20


@pytest.fixture(params=DOORS)
def door(request: pytest.FixtureRequest) -> Door:
    chosen: Door = request.param
    return chosen


def send_until_refused(server: Served) -> list[str]:
    """The events that were answered with 200."""
    accepted: list[str] = []
    with server.connect() as client:
        for number in range(10_000):
            name = f"e{number}"
            client.send(event(name))
            response = client.response()
            if response.status == 503:
                assert response.error == (503, "Service temporarily unavailable")
                assert int(response.headers["retry-after"]) > 0
                return accepted
            assert response.status == 200
            accepted.append(name)
    raise AssertionError("the disk never filled up")


def event(name: str) -> bytes:
    return post("track", track(event_name=name, properties={"pad": PAD}))


def stored(journal: Path) -> list[str]:
    return [row["event_name"] for row in journalled_rows(journal)]


def test_a_full_disk_is_told_and_service_resumes_with_the_room(door: Door, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", DISK_BYTES) as disk, serving(door, disk) as server:
        filler = fill(disk, leave=64 * 1024)
        accepted = send_until_refused(server)
        assert stored(server.journal.directory) == accepted
        assert "the disk is full" in (server.journal.problem or "")
        assert server.ask(event("refused")).status == 503

        filler.unlink()
        until = time.monotonic() + 20
        while server.ask(event("again")).status == 503:
            assert time.monotonic() < until
            time.sleep(0.05)
        assert stored(server.journal.directory) == [*accepted, "again"]
        assert server.journal.problem is None


def test_a_nearly_full_disk_keeps_room_for_the_engine(door: Door, tmp_path: Path) -> None:
    reserve = 150_000
    with (
        small_disk(tmp_path / "disk", DISK_BYTES) as disk,
        serving(door, disk, Options(disk_reserve=reserve)) as server,
    ):
        filler = fill(disk, leave=reserve - 8192)
        until = time.monotonic() + 20
        while server.ask(event("e")).status == 200:
            assert time.monotonic() < until
            time.sleep(0.05)
        assert "nearly full" in (server.journal.problem or "")
        filler.unlink()
        while server.ask(event("again")).status == 503:
            assert time.monotonic() < until
            time.sleep(0.05)


def test_a_full_disk_refuses_a_heavy_body(door: Door, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", DISK_BYTES) as disk, serving(door, disk) as server:
        filler = fill(disk, leave=128 * 1024)
        heavy = {"operations": [{"type": "track", "payload": track(properties={"p": PAD})}] * 900}
        assert len(json.dumps(heavy)) > 400_000
        assert server.post("batch", heavy).error == (503, "Service temporarily unavailable")
        assert list(server.spools.iterdir()) == []
        filler.unlink()
        assert server.post("batch", heavy).status == 200
        assert len(stored(server.journal.directory)) == 900


def test_what_was_answered_survives_a_stop_on_a_full_disk(door: Door, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", DISK_BYTES) as disk:
        with serving(door, disk) as server:
            fill(disk, leave=16 * 1024)
            accepted = send_until_refused(server)
            names = use_up_names(disk)
        assert stored(disk / "journal") == accepted
        for name in (*names, disk / "filler"):
            name.unlink()
        journal = Journal(disk / "journal", backlog_limit=1 << 30, disk_reserve=0)
        assert len(journal.sealed()) == 1
        assert stored(disk / "journal") == accepted
        journal.close()
