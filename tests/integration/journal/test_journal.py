"""The journal with a real event loop and a real disk."""

import asyncio
import functools
import threading
from pathlib import Path

import pytest
from tests.support.doors import journalled_rows
from tests.support.journals import Durability, Told, append, journal_in, line, names, run

from whipstitch.core.errors import JournalError
from whipstitch.journal.groups import seal_group
from whipstitch.journal.journal import Journal
from whipstitch.journal.segments import OpenSegment

DURABILITIES: tuple[Durability, ...] = ("fsync", "os")


@pytest.fixture(params=DURABILITIES)
def durability(request: pytest.FixtureRequest) -> Durability:
    chosen: Durability = request.param
    return chosen


def test_an_entry_without_rows_comes_after_those_before_and_leaves_nothing_that_waits(
    tmp_path: Path, durability: Durability
) -> None:
    async def work() -> None:
        journal = journal_in(tmp_path, durability)
        journal.attach(asyncio.get_running_loop())
        mark: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        assert journal.append(Told(b"", 0, mark.set_result))
        assert await mark
        assert (journal.backlog_bytes, journal.oldest_seconds) == (0, 0)

        before, after = append(journal, "before"), asyncio.get_running_loop().create_future()
        assert journal.append(Told(b"", 0, after.set_result))
        assert await after
        assert before.done()
        assert names(journalled_rows(tmp_path)) == ["before"]
        journal.close()

    run(work)


def test_rows_are_on_disk_when_their_outcome_is_told(
    tmp_path: Path, durability: Durability
) -> None:
    async def work() -> None:
        journal = journal_in(tmp_path, durability)
        journal.attach(asyncio.get_running_loop())
        for number in range(20):
            assert await append(journal, f"e{number}")
            assert names(journalled_rows(tmp_path)) == [f"e{n}" for n in range(number + 1)]
        journal.close()

    run(work)


def test_nothing_is_told_before_it_is_written(
    tmp_path: Path, durability: Durability, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Appends overlap with writes; each is told of only behind the write that holds it."""
    written: set[str] = set()
    write = OpenSegment.write

    def recorded(segment: OpenSegment, group: bytes, rows: int) -> None:
        write(segment, group, rows)
        written.update(row.decode().split('"')[-2] for row in group.splitlines()[:-1])

    monkeypatch.setattr(OpenSegment, "write", recorded)

    async def work() -> None:
        journal = journal_in(tmp_path, durability)
        journal.attach(asyncio.get_running_loop())
        early: list[str] = []

        def check(row: str, _: object) -> None:
            if row not in written:
                early.append(row)

        async def client(name: str) -> None:
            for number in range(30):
                row = f"{name}{number}"
                outcome = append(journal, row)
                outcome.add_done_callback(functools.partial(check, row))
                assert await outcome

        await asyncio.gather(*(client(name) for name in "abcdefgh"))
        assert early == []
        journal.close()

    run(work)
    assert len(names(journalled_rows(tmp_path))) == 240


def test_what_arrives_while_a_group_is_written_becomes_one_group(tmp_path: Path) -> None:
    async def work() -> None:
        journal = journal_in(tmp_path)
        journal.attach(asyncio.get_running_loop())
        outcomes = [append(journal, f"e{number}") for number in range(100)]
        assert all(await asyncio.gather(*outcomes))
        journal.close()

    run(work)
    [segment] = tmp_path.glob("*.jsonl")
    assert segment.read_bytes().count(b'"k":"commit"') == 1


def test_what_follows_close_behind_joins_the_group(tmp_path: Path) -> None:
    async def work() -> None:
        journal = journal_in(tmp_path)
        journal.attach(asyncio.get_running_loop())
        outcomes = [append(journal, "e1"), append(journal, "e2")]
        await asyncio.sleep(0)  # another round of the loop
        outcomes.append(append(journal, "e3"))
        assert all(await asyncio.gather(*outcomes))
        journal.close()

    run(work)
    [segment] = tmp_path.glob("*.jsonl")
    assert segment.read_bytes().count(b'"k":"commit"') == 1


def test_detaching_writes_what_is_queued(tmp_path: Path, durability: Durability) -> None:
    async def work() -> None:
        journal = journal_in(tmp_path, durability)
        journal.attach(asyncio.get_running_loop())
        outcomes = [append(journal, f"e{number}") for number in range(10)]
        journal.detach()
        journal.close()
        assert all(await asyncio.gather(*outcomes))
        assert not journal.append(Told(line("late"), 1))

    run(work)
    assert names(journalled_rows(tmp_path)) == [f"e{number}" for number in range(10)]
    assert list(tmp_path.glob("*.open")) == []


def test_nothing_is_taken_before_there_is_a_loop(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    assert not journal.append(Told(line("e"), 1))
    journal.close()


def test_a_segment_put_together_elsewhere_is_taken_over_whole(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    part = journal.new_part()
    part.write_bytes(seal_group([line("a"), line("b")], 2))
    assert journalled_rows(tmp_path) == []
    journal.adopt(part)
    assert names(journalled_rows(tmp_path)) == ["a", "b"]
    [sealed] = tmp_path.glob("*.jsonl")
    assert journal.backlog_bytes == sealed.stat().st_size
    assert journal.oldest_seconds >= 0
    journal.close()


def test_the_loader_is_woken_by_enough_rows_by_time_and_by_the_end(tmp_path: Path) -> None:
    async def work() -> None:
        journal = journal_in(tmp_path)
        journal.attach(asyncio.get_running_loop())
        stop = threading.Event()
        rows = asyncio.create_task(asyncio.to_thread(journal.wait, 3, 60.0, stop))
        for name in "abc":
            assert await append(journal, name)
        assert await rows
        journal.seal()
        assert await append(journal, "d")
        assert await asyncio.to_thread(journal.wait, 1_000, 0.05, stop)
        stopped = asyncio.create_task(asyncio.to_thread(journal.wait, 1_000, 60.0, stop))
        stop.set()
        assert not await stopped
        journal.close()

    run(work)


def test_a_loader_beside_a_writer_loses_no_row_and_sees_none_twice(
    tmp_path: Path, durability: Durability, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Segments small enough to fill up by themselves, adopted ones among them."""
    monkeypatch.setattr("whipstitch.journal.writer._SEGMENT_BYTES", 2_000)
    loaded: list[str] = []
    stop = threading.Event()

    def load(journal: Journal) -> None:
        while journal.wait(10, 0.01, stop):
            journal.seal()
            for segment in journal.sealed():
                text = segment.read_bytes()
                loaded.extend(
                    row.decode().split('"')[-2] for row in text.splitlines() if b"commit" not in row
                )
                journal.remove(segment)

    async def work() -> None:
        journal = journal_in(tmp_path, durability)
        journal.attach(asyncio.get_running_loop())
        loader = asyncio.create_task(asyncio.to_thread(load, journal))

        async def client(name: str) -> None:
            for number in range(100):
                assert await append(journal, f"{name}{number}")

        async def heavy() -> None:
            for number in range(50):
                part = journal.new_part()
                part.write_bytes(seal_group([line(f"heavy{number}")], 1))
                await asyncio.to_thread(journal.adopt, part)

        await asyncio.gather(heavy(), *(client(name) for name in "abcdefghij"))
        await asyncio.sleep(0.1)
        stop.set()
        await loader
        journal.close()

    run(work)
    loaded.extend(names(journalled_rows(tmp_path)))
    expected = [f"{name}{n}" for name in "abcdefghij" for n in range(100)]
    assert sorted(loaded) == sorted(expected + [f"heavy{n}" for n in range(50)])


def test_a_directory_that_cannot_be_written_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match="owner and the free space"):
        journal_in(tmp_path / "file" / "journal")
