"""Whatever a group meets, everybody in it is told, and the next group is written."""

import asyncio
from pathlib import Path

from whipstitch.journal.group_commit import Entry, ThreadedCommitter
from whipstitch.journal.journal import Journal


class Told(Entry):
    outcome: asyncio.Future[bool]
    fails: bool = False

    def done(self, durable: bool) -> None:
        self.outcome.set_result(durable)
        if self.fails:
            raise RuntimeError("this one's client is odd")


def _entry(fails: bool = False) -> Told:
    return Told(b'{"k":"track"}\n', 1, asyncio.get_running_loop().create_future(), fails)


def test_a_group_that_cannot_be_written_for_any_reason_is_answered() -> None:
    async def run() -> list[bool]:
        outcomes: list[BaseException | None] = [MemoryError(), RuntimeError("no thread"), None]

        def write(_group: list[Entry]) -> bool:
            error = outcomes.pop(0)
            if error is not None:
                raise error
            return True

        def tell(group: list[Entry], durable: bool) -> None:
            for entry in group:
                entry.done(durable)

        committer = ThreadedCommitter(write, tell, asyncio.get_running_loop(), 10.0)
        told = []
        for _ in range(3):
            entry = _entry()
            committer.put(entry)
            told.append(await asyncio.wait_for(entry.outcome, 30))
        committer.close()
        return told

    assert asyncio.run(run()) == [False, False, True]


def test_one_who_cannot_be_told_keeps_nobody_else_waiting(tmp_path: Path) -> None:
    async def run() -> list[bool]:
        journal = Journal(tmp_path, backlog_limit=1 << 30, disk_reserve=0)
        journal.attach(asyncio.get_running_loop())
        entries = [_entry(), _entry(fails=True), _entry()]
        assert all(journal.append(entry) for entry in entries)
        told = [await asyncio.wait_for(entry.outcome, 30) for entry in entries]
        journal.detach()
        journal.close()
        return told

    assert asyncio.run(run()) == [True, True, True]
