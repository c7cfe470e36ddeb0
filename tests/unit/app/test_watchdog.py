"""What the watchdog takes for the end, and what it does not."""

import threading
from collections.abc import Callable, Iterator

import pytest

from whipstitch.app.watchdog import ServerStuck, Watchdog
from whipstitch.core import threads
from whipstitch.core.threads import VitalThread

_PATIENCE = 30.0


class Waiting:
    """Rows that wait."""

    def __init__(self, seconds: float, excuse: str | None = None, moves: bool = False) -> None:
        self._seconds = seconds
        self._excuse = excuse
        self._moves = moves
        self._moved = 0
        self.asked = threading.Semaphore(0)

    def oldest_seconds(self) -> float:
        return self._seconds

    def excuse(self) -> str | None:
        return self._excuse

    def progress(self) -> object:
        self.asked.release()
        self._moved += self._moves
        return self._moved


class Ended:
    """A watchdog of little patience, and what it did."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.failed = threading.Event()
        self.code: int | None = None
        self.watchdog = Watchdog(self._fail, patience=0.05, tick=0.01, shown=0.01, end=self._end)

    def _fail(self, error: Exception) -> None:
        self.error = error
        self.failed.set()
        self.watchdog.stop()

    def _end(self, code: int) -> None:
        self.code = code

    def beating(self) -> None:
        """The event loop goes round, until the watchdog is stopped."""

        def beat() -> None:
            while not self.failed.wait(0.001):
                self.watchdog.beat()

        threading.Thread(target=beat, daemon=True).start()


@pytest.fixture
def ended() -> Iterator[Ended]:
    made = Ended()
    yield made
    made.failed.set()
    made.watchdog.stop()
    threads.forget_lost()


def _looked(rows: Waiting, times: int) -> None:
    for _ in range(times):
        assert rows.asked.acquire(timeout=_PATIENCE)


def test_a_thread_that_ended_by_an_error_ends_the_server(ended: Ended) -> None:
    def fail() -> None:
        raise MemoryError

    ended.beating()
    ended.watchdog.start()
    thread = VitalThread("weaver", fail)
    thread.start()
    thread.join(_PATIENCE)
    assert threads.lost() == ["weaver"]
    assert ended.failed.wait(_PATIENCE)
    assert isinstance(ended.error, ServerStuck)
    assert "weaver" in str(ended.watchdog.problem)


def test_a_thread_that_was_done_is_not_missed() -> None:
    thread = VitalThread("weaver", lambda: None)
    thread.start()
    thread.join(_PATIENCE)
    assert threads.lost() == []


def test_an_event_loop_that_stands_still_ends_the_server(ended: Ended) -> None:
    ended.watchdog.start()
    assert ended.failed.wait(_PATIENCE)
    assert "event loop" in str(ended.error)


def test_rows_that_wait_for_nothing_end_the_server(ended: Ended) -> None:
    ended.beating()
    ended.watchdog.watch(Waiting(100.0))
    ended.watchdog.start()
    assert ended.failed.wait(_PATIENCE)
    assert "Rows have waited" in str(ended.error)


@pytest.mark.parametrize(
    "rows",
    [
        lambda: Waiting(0.01),
        lambda: Waiting(100.0, excuse="ClickHouse is away."),
        lambda: Waiting(100.0, moves=True),
    ],
)
def test_rows_that_wait_with_reason_do_not(ended: Ended, rows: Callable[[], Waiting]) -> None:
    watched = rows()
    ended.beating()
    ended.watchdog.watch(watched)
    ended.watchdog.start()
    _looked(watched, 30)
    assert ended.watchdog.problem is None


def test_who_beats_notices_that_the_watchdog_is_gone() -> None:
    watchdog = Watchdog(lambda _: None, tick=0.01)
    watchdog.start()
    watchdog.beat()
    watchdog._run = None  # type: ignore[method-assign, assignment]
    watchdog._stop.wait = None  # type: ignore[method-assign, assignment]
    watchdog._thread.join(_PATIENCE)
    with pytest.raises(ServerStuck):
        watchdog.beat()
    threads.forget_lost()
