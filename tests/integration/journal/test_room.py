"""A journal that has no room, or little, and then has some again."""

import asyncio
from pathlib import Path

from tests.support.disks import fill, small_disk
from tests.support.doors import journalled_rows
from tests.support.journals import Told, append, journal_in, line, names, run


def test_at_the_backlog_limit_it_refuses_until_the_loader_has_caught_up(tmp_path: Path) -> None:
    async def work() -> None:
        journal = journal_in(tmp_path, backlog_limit=600)
        journal.attach(asyncio.get_running_loop())
        taken = 0
        while journal.append(Told(line("e"), 1)):
            taken += 1
            await asyncio.sleep(0.01)
        assert 3 <= taken <= 15
        await asyncio.sleep(0.3)
        assert not journal.append(Told(line("e"), 1))
        if journal.backlog_bytes >= 600:
            assert "backlog limit" in (journal.problem or "")
        journal.seal()
        for segment in journal.sealed():
            journal.remove(segment)
        assert journal.backlog_bytes == 0
        assert await append(journal, "again")
        await asyncio.sleep(0.3)
        journal.has_room(0)
        assert journal.problem is None
        journal.close()

    run(work)
    assert names(journalled_rows(tmp_path)) == ["again"]


def test_a_segment_from_elsewhere_has_room_whatever_is_queued(tmp_path: Path) -> None:
    async def work() -> None:
        journal = journal_in(tmp_path)
        journal.attach(asyncio.get_running_loop())
        outcome = append(journal, "e")
        assert journal.has_room(200 << 20)
        assert not journal.has_room(1 << 30)
        await outcome
        journal.close()

    run(work)


def test_while_the_disk_is_nearly_full_it_refuses(tmp_path: Path) -> None:
    async def work() -> None:
        journal = journal_in(tmp_path)
        journal._room.reserve = 1 << 60  # more than any disk has
        journal.attach(asyncio.get_running_loop())
        assert not journal.append(Told(line("e"), 1))
        assert "nearly full" in (journal.problem or "")
        journal._room.reserve = 0
        await asyncio.sleep(0.3)
        assert await append(journal, "again")
        assert journal.problem is None
        journal.close()

    run(work)


def test_a_disk_without_room_refuses_and_says_what_to_do(tmp_path: Path) -> None:
    async def work() -> None:
        with small_disk(tmp_path / "disk", 2**20) as disk:
            journal = journal_in(disk)
            journal._room.reserve = 0
            journal.attach(asyncio.get_running_loop())
            filler = fill(disk)
            assert not await append(journal, "e" * 2**16)
            assert "the disk is full" in (journal.problem or "")
            filler.unlink()
            await asyncio.sleep(0.3)
            assert await append(journal, "again")
            journal.close()

    run(work)
