"""Rows between their acceptance and ClickHouse: where they may be, and whether they are through."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from pathlib import Path
from typing import Final

from whipstitch.journal.group_commit import Entry
from whipstitch.journal.journal import Journal

_WRITE_SECONDS: Final = 30.0
_LOOK_SECONDS: Final = 0.05


Stored = Callable[[str], bool]


def _gone_only(segment: str) -> bool:
    del segment
    return False


class _Mark(Entry):
    """Holds no rows: when it is done, all that was queued before it is written."""

    written: Future[bool]

    def done(self, durable: bool) -> None:
        self.written.set_result(durable)


class DurabilityBarrier:
    """What this node has accepted and not stored. ``spools`` holds the bodies that are being
    admitted by worker processes."""

    def __init__(self, journal: Journal, spools: Path) -> None:
        self._journal = journal
        self._spools = spools
        self._loop: asyncio.AbstractEventLoop | None = None

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Tells on which thread rows are taken; that is where the journal is."""
        self._loop = loop

    def number(self) -> int | None:
        """An acceptance number of now: whatever is accepted later has a higher one. None: rows are
        not taken. May be called from any thread but the event loop's."""
        taken: Future[int] = Future()
        assert self._loop is not None  # noqa: S101 - attached before anybody asks
        self._loop.call_soon_threadsafe(lambda: taken.set_result(self._journal.sequence.take(1)))
        try:
            return taken.result(_WRITE_SECONDS)
        except FutureTimeoutError:
            return None

    def segments(self, stored: Stored = _gone_only) -> Callable[[], bool] | None:
        """Looks which segments of the journal hold what is accepted by now, but the bodies in
        spools; the result tells whether those are stored. ``stored`` says it of one that is still
        there, by its lasting name, as far as it matters. It is left to the loader to close them:
        while nothing can be stored there would be a small one for each who asks. None: the journal
        cannot be written. May be called from any thread but the event loop's."""
        mark: Future[bool] = Future()
        assert self._loop is not None  # noqa: S101 - attached before anybody asks
        self._loop.call_soon_threadsafe(self._put, mark)
        try:
            written = mark.result(_WRITE_SECONDS)
        except FutureTimeoutError:
            written = False
        if not written:
            return None
        waiting = self._journal.unstored()
        return lambda: all(stored(one) for one in waiting & self._journal.unstored())

    def await_stored(self, seconds: float, stored: Stored = _gone_only) -> bool:
        """Waits until all that is accepted by now is stored, but the bodies in spools; ``stored``
        as for ``segments``. False: it is
        not, after so many seconds. May be called from any thread but the event loop's."""
        until = time.monotonic() + seconds
        all_stored = self.segments(stored)
        while all_stored is not None and not all_stored():
            if time.monotonic() > until:
                return False
            time.sleep(_LOOK_SECONDS)
        return all_stored is not None

    def passed(self, accepted: int) -> Callable[[], bool]:
        """Begins to look; the result tells whether nothing is left that was accepted up to then. It
        is to be asked until it says so, on one thread."""
        segments: Callable[[], bool] | None = None
        # The number is no time where the clock was set back. What is admitted from now on has a
        # later one, whatever the clock says.
        moment = min(accepted, time.time_ns() // 1000)

        def is_through() -> bool:
            nonlocal segments
            if segments is None:
                if self._bodies_from_before(moment):
                    return False
                segments = self.segments()
            return segments is not None and segments()

        return is_through

    def _put(self, mark: Future[bool]) -> None:
        if not self._journal.append(_Mark(b"", 0, mark)):
            mark.set_result(False)

    def _bodies_from_before(self, moment: int) -> bool:
        """Whether there is a body that was received by then: its rows may have earlier numbers. One
        that is still being received will have later ones."""
        for body in self._spools.iterdir():
            try:
                if body.stat().st_mtime_ns // 1000 <= moment:
                    return True
            except FileNotFoundError:
                continue  # admitted meanwhile
        return False
