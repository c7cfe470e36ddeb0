"""When nothing is left of what was accepted by some moment."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from tests.support.segments import event

from whipstitch.ingest.durability_barrier import DurabilityBarrier
from whipstitch.journal.group_commit import Entry
from whipstitch.journal.journal import Journal

T = TypeVar("T")
_SECOND = 1_000_000
_ACCEPTED = 1_770_000_000 * _SECOND


class _Request(Entry):
    def done(self, durable: bool) -> None:
        assert durable


def _on_a_thread_beside(directory: Path, work: Callable[[Journal, DurabilityBarrier], T]) -> T:
    """Does ``work`` while an event loop takes one row."""
    spools = directory / "spool"
    spools.mkdir()
    journal = Journal(directory / "journal", backlog_limit=2**30, disk_reserve=0)
    in_flight = DurabilityBarrier(journal, spools)

    async def run() -> T:
        loop = asyncio.get_running_loop()
        journal.attach(loop)
        in_flight.attach(loop)
        journal.append(_Request(event(1) + b"\n", 1))
        try:
            return await asyncio.to_thread(work, journal, in_flight)
        finally:
            journal.detach()
            journal.close()

    return asyncio.run(run())


def test_it_is_through_when_every_row_is_stored(tmp_path: Path) -> None:
    def work(journal: Journal, in_flight: DurabilityBarrier) -> None:
        passed = in_flight.passed(_ACCEPTED)
        assert not passed()
        journal.seal()
        (segment,) = journal.sealed()
        assert b"evt_" in segment.read_bytes()
        assert not passed()
        journal.remove(segment)
        assert passed()

    _on_a_thread_beside(tmp_path, work)


def test_a_body_that_a_worker_reads_is_waited_for(tmp_path: Path) -> None:
    def work(journal: Journal, in_flight: DurabilityBarrier) -> None:
        before, after = tmp_path / "spool" / "before", tmp_path / "spool" / "after"
        for body, seconds in ((before, -1), (after, 1)):
            body.write_bytes(b"{}")
            at = _ACCEPTED // _SECOND + seconds
            os.utime(body, (at, at))
        passed = in_flight.passed(_ACCEPTED)
        assert not passed()
        assert journal.sealed() == []
        before.unlink()
        assert not passed()
        journal.seal()
        journal.remove(journal.sealed()[0])
        assert passed()

    _on_a_thread_beside(tmp_path, work)


def test_rows_that_are_not_stored_in_time_are_reported(tmp_path: Path) -> None:
    def work(journal: Journal, in_flight: DurabilityBarrier) -> None:
        for _ in range(3):
            assert not in_flight.await_stored(0.0)
        assert journal.sealed() == []  # however often somebody asks while nothing can be stored
        journal.seal()
        assert not in_flight.await_stored(0.0)
        journal.remove(journal.sealed()[0])
        assert in_flight.await_stored(0.0)

    _on_a_thread_beside(tmp_path, work)
