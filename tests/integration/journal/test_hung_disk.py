"""A disk that does not answer a sync: clients are not held, and nothing is taken until it does."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.doors import journalled_rows
from tests.support.journals import append, journal_in, line, names, run

from whipstitch.journal.group_commit import Entry
from whipstitch.journal.segments import OpenSegment

_PATIENCE = 0.5


@pytest.fixture
def hung(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Segments are written, and synced once the event is set."""
    answers = threading.Event()
    write = OpenSegment.write

    def slow(self: OpenSegment, text: bytes, rows: int) -> None:
        write(self, text, rows)
        answers.wait(60)

    monkeypatch.setattr(OpenSegment, "write", slow)
    yield answers
    answers.set()


def test_who_waits_for_a_sync_that_hangs_is_told_so_after_a_while(
    hung: threading.Event, tmp_path: Path
) -> None:
    async def work() -> None:
        journal = journal_in(tmp_path, sync_patience=_PATIENCE)
        journal.attach(asyncio.get_running_loop())
        under_way = append(journal, "under way")
        await asyncio.sleep(0.05)
        behind = append(journal, "behind")

        assert not await asyncio.wait_for(under_way, 30)
        assert not await asyncio.wait_for(behind, 30)
        assert "has not answered" in str(journal.problem)
        assert not journal.append(Entry(line("refused"), 1))

        hung.set()
        while not journal.has_room(0):  # noqa: ASYNC110 - it looks every now and then
            await asyncio.sleep(0.01)
        assert await append(journal, "afterwards")
        journal.detach()
        journal.close()

    run(work)
    # What was being synced may be stored, and what was behind it is not.
    assert names(journalled_rows(tmp_path)) == ["under way", "afterwards"]


def test_a_slow_sync_within_the_bound_is_waited_for(hung: threading.Event, tmp_path: Path) -> None:
    async def work() -> None:
        journal = journal_in(tmp_path, sync_patience=60.0)
        journal.attach(asyncio.get_running_loop())
        outcome = append(journal, "slow")
        await asyncio.sleep(0.6)
        assert not outcome.done()
        hung.set()
        assert await outcome
        journal.detach()
        journal.close()

    run(work)


def test_a_server_that_stops_does_not_wait_for_a_sync_that_hangs(
    hung: threading.Event, tmp_path: Path
) -> None:
    async def work() -> None:
        journal = journal_in(tmp_path, sync_patience=_PATIENCE)
        journal.attach(asyncio.get_running_loop())
        outcome = append(journal, "under way")
        await asyncio.sleep(0.05)
        journal.detach()
        assert not outcome.done() or not outcome.result()
        hung.set()

    run(work)
