"""Whatever work and its client do, whoever waits is told, and the thread takes the next."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from whipstitch.core import threads
from whipstitch.core.errors import StorageUnavailable, StorageUnreachable
from whipstitch.warehouse.worker_pool import WorkerPool

_PATIENCE = 30


class Client:
    """Cannot even be closed."""

    def close(self) -> None:
        raise OSError(24, "Too many open files")


@pytest.fixture
def lane() -> Iterator[WorkerPool]:
    made = WorkerPool("lane", 1, Client)  # type: ignore[arg-type]
    yield made
    made.close(time.monotonic() + _PATIENCE)
    assert threads.lost() == []


@pytest.mark.parametrize(
    "error", [StorageUnreachable("It left."), OSError(24, "Too many"), MemoryError(), SystemExit(3)]
)
def test_work_that_fails_anyhow_settles_and_the_thread_goes_on(
    lane: WorkerPool, error: BaseException
) -> None:
    def fail(_: Any) -> None:
        raise error

    failed = lane.run(fail).exception(_PATIENCE)
    assert failed is not None
    assert lane.run(lambda _: 7).result(_PATIENCE) == 7


def test_what_was_not_begun_when_a_hanging_lane_is_closed_settles() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def hang(_: Any) -> bool:
        begun.set()
        return go_on.wait(_PATIENCE)

    lane = WorkerPool("lane", 1, Client)  # type: ignore[arg-type]
    hangs = lane.run(hang)
    assert begun.wait(_PATIENCE)
    waits = lane.run(lambda _: 7)
    lane.close(time.monotonic())
    assert isinstance(waits.exception(_PATIENCE), StorageUnavailable)
    assert isinstance(lane.run(lambda _: 7).exception(_PATIENCE), StorageUnavailable)
    go_on.set()
    assert hangs.result(_PATIENCE)
