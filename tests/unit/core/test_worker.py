"""Turns on a thread of its own, some of which fail."""

import threading
from collections.abc import Callable, Iterator

import pytest

from whipstitch.core.errors import StorageUnavailable
from whipstitch.core.threads import lost
from whipstitch.core.worker import BackgroundWorker

_PATIENCE = 30


class Turns:
    """Takes each of ``outcomes`` in turn: raises it, or ends well where it is None. When there are
    no more, it waits to be woken."""

    def __init__(self, *outcomes: Exception | None) -> None:
        self._outcomes = iter(outcomes)
        self.left = len(outcomes)
        self.told: list[tuple[str | None, int]] = []
        self.finished = threading.Event()
        self.idle = threading.Event()
        self.work = BackgroundWorker("tester", self._turn, self._pause, self.finished.set)

    def _turn(self) -> None:
        self.left -= 1
        if outcome := next(self._outcomes, None):
            raise outcome

    def _pause(self) -> float | None:
        self.told.append((self.work.problem, self.work.failures))
        if self.left > 0:
            return 0.0
        self.idle.set()
        return None


@pytest.fixture
def taking() -> Iterator[Callable[..., Turns]]:
    """Turns that are taken, and ended with the test."""
    made: list[Turns] = []

    def take(*outcomes: Exception | None) -> Turns:
        turns = Turns(*outcomes)
        made.append(turns)
        turns.work.start()
        assert turns.idle.wait(_PATIENCE)
        return turns

    yield take
    for turns in made:
        turns.work.stop(_PATIENCE)


def test_a_problem_is_told_until_a_turn_succeeds(taking: Callable[..., Turns]) -> None:
    turns = taking(StorageUnavailable("It is away."), OSError("No disk."), None)
    assert turns.told == [("It is away.", 1), ("No disk.", 2), (None, 0)]


def test_it_outlives_what_nobody_foresaw(taking: Callable[..., Turns]) -> None:
    turns = taking(ZeroDivisionError("oh"), None)
    assert turns.told == [
        ("The tester met an error of its own: ZeroDivisionError('oh')", 1),
        (None, 0),
    ]


def test_woken_it_takes_another_turn(taking: Callable[..., Turns]) -> None:
    turns = taking(None)
    turns.idle.clear()
    turns.work.wake()
    assert turns.idle.wait(_PATIENCE)
    assert len(turns.told) == 2


def test_stopped_it_finishes_and_takes_no_other_turn(taking: Callable[..., Turns]) -> None:
    turns = taking(None)
    turns.work.stop(_PATIENCE)
    assert turns.finished.is_set()
    assert len(turns.told) == 1


def test_a_turn_that_rests_is_told_to_stop() -> None:
    resting = threading.Event()
    rested: list[bool] = []

    def turn() -> None:
        resting.set()
        rested.append(work.rest(_PATIENCE))

    work = BackgroundWorker("rester", turn, lambda: 0.0)
    work.start()
    assert resting.wait(_PATIENCE)
    work.stop(_PATIENCE)
    assert rested == [True]


def test_one_that_was_never_started_can_be_stopped() -> None:
    BackgroundWorker("idler", lambda: None, lambda: None).stop(_PATIENCE)


def test_a_pause_that_cannot_be_told_does_not_end_the_turns() -> None:
    taken = threading.Semaphore(0)

    def pause() -> float:
        raise ValueError("no idea")

    work = BackgroundWorker("tester", taken.release, pause)
    work.start()
    assert taken.acquire(timeout=_PATIENCE)
    work.wake()
    assert taken.acquire(timeout=_PATIENCE)
    work.stop(_PATIENCE)
    assert lost() == []
