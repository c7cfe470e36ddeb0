"""Notices what nothing else in the process can: that a thread is gone, that the event loop stands
still, that rows wait though nothing is in their way. Then the process ends, and whoever supervises
it starts it again: what was answered is on the disk."""

import contextlib
import os
import threading
import time
from collections.abc import Callable
from typing import Final, Protocol

import structlog

from whipstitch.core import threads
from whipstitch.core.errors import WhipstitchError
from whipstitch.core.threads import VitalThread

log = structlog.get_logger(__name__)

PATIENCE: Final = 60.0
"""Seconds."""
_TICK_SECONDS: Final = 1.0
_LONGEST_TICK: Final = 2.0
"""A process that was stopped for hours, and goes on, has not been stuck for hours."""
_SHOWN_SECONDS: Final = 3.0
"""How long ``/ready`` says why before the server ends."""
_ENDING_SECONDS: Final = 20.0
"""How long it may take to end in order."""


class ServerStuck(WhipstitchError):
    """Only another process can go on."""


class StorageProgress(Protocol):
    """The way of rows into storage, as the watchdog sees it; any thread may ask."""

    def oldest_seconds(self) -> float:
        """How long the oldest row that waits has waited."""

    def excuse(self) -> str | None:
        """Why rows wait: something that may go away by itself."""

    def progress(self) -> object:
        """Anything that changes as long as rows are on their way."""


class Watchdog:
    """A thread that looks every second. ``problem`` says, for a person, why the server ends."""

    def __init__(
        self,
        fail: Callable[[Exception], None],
        *,
        patience: float = PATIENCE,
        tick: float = _TICK_SECONDS,
        shown: float = _SHOWN_SECONDS,
        end: Callable[[int], None] = os._exit,
    ) -> None:
        """``fail`` ends the server in order; ``end`` the process at once, where that takes too
        long."""
        self.problem: str | None = None
        self._fail = fail
        self._patience = patience
        self._tick = tick
        self._shown = shown
        self._end = end
        self._rows: StorageProgress | None = None
        self._beats = 0
        self._heard = 0
        self._silent = 0.0
        self._seen: object = None
        self._stuck = 0.0
        self._stop = threading.Event()
        self._thread = VitalThread("watchdog", self._run)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()

    def watch(self, rows: StorageProgress) -> None:
        """Looks after them, too, from now on."""
        self._rows = rows

    def beat(self) -> None:
        """The event loop goes round. It also looks after this thread: raises ServerStuck where that
        has ended."""
        self._beats += 1
        if self._thread.ident is not None and not (self._thread.is_alive() or self._stop.is_set()):
            raise ServerStuck("The watchdog has ended.")

    # Inside, on the thread

    def _run(self) -> None:
        before = time.monotonic()
        while not self._stop.wait(self._tick):
            now = time.monotonic()
            if problem := self._look(min(now - before, _LONGEST_TICK)):
                self._give_up(problem)
                return
            before = now

    def _look(self, seconds: float) -> str | None:
        if gone := threads.lost():
            return f"The thread {gone[0]} has ended by an error"
        self._silent = 0.0 if self._beats != self._heard else self._silent + seconds
        self._heard = self._beats
        if self._silent > self._patience:
            return f"The event loop has stood still for {self._silent:.0f} seconds"
        try:
            stuck = self._are_stuck(seconds)
        except Exception as error:
            log.warning("watchdog_cannot_look", problem=repr(error))
            return None
        if stuck:
            return f"Rows have waited for {self._patience:g} seconds though ClickHouse answers"
        return None

    def _are_stuck(self, seconds: float) -> bool:
        rows = self._rows
        if rows is None:
            return False
        seen = rows.progress()
        waits = rows.oldest_seconds() > self._patience and rows.excuse() is None
        self._stuck = self._stuck + seconds if waits and seen == self._seen else 0.0
        self._seen = seen
        return self._stuck > self._patience

    def _give_up(self, problem: str) -> None:
        self.problem = f"{problem}: the server ends, to be started again. Its log says more."
        with contextlib.suppress(Exception):
            log.critical("server_stuck", problem=problem)
        self._stop.wait(self._shown)
        self._fail(ServerStuck(self.problem))
        if not self._stop.wait(_ENDING_SECONDS):
            self._end(1)
