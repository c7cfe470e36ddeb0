"""The workers for large bodies do other heavy work, too."""

import os
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from whipstitch.core.placeholders import Placeholders
from whipstitch.ingest.bulk.pool import BulkPool
from whipstitch.journal.journal import Journal


@pytest.fixture
def lane(tmp_path: Path) -> Iterator[BulkPool]:
    journal = Journal(tmp_path / "journal", backlog_limit=2**30, disk_reserve=0)
    lane = BulkPool(
        journal,
        tmp_path / "spool",
        max_body=2**20,
        placeholders=Placeholders(),
        directory=lambda: None,
    )
    yield lane
    lane.close()
    journal.close()


def test_work_is_done_in_another_process_and_one_that_ends_is_replaced(lane: BulkPool) -> None:
    assert lane.do(os.getpid) != os.getpid()
    with pytest.raises(BrokenProcessPool):
        lane.do(os._exit, 1)
    assert lane.do(os.getpid) != os.getpid()


def test_work_may_not_take_more_memory_than_a_body(lane: BulkPool) -> None:
    with pytest.raises(MemoryError):
        lane.do(bytes, 2**30)


def test_once_all_have_been_told_to_end_nobody_is_said_to_have_died(lane: BulkPool) -> None:
    lane.do(os.getpid)
    lane.close()
    with pytest.raises(RuntimeError) as told:
        lane.do(os.getpid)
    assert not isinstance(told.value, BrokenProcessPool)
