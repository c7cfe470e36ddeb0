"""The segment being written, and those that are full and not sealed yet."""

import threading
import time
from pathlib import Path
from typing import Final

from whipstitch.journal.acceptance_numbers import AcceptanceNumbers
from whipstitch.journal.segments import OpenSegment
from whipstitch.journal.waiting import Waiting

_SEGMENT_BYTES: Final = 64 * 1024 * 1024
_LOOK_SECONDS: Final = 0.25
"""However long nothing comes, a loader that waits sees after that time that it is to stop."""


class Writer:
    """Writes groups to a segment in ``directory`` and puts sealed ones into ``waiting``. ``write``
    belongs to one thread; the others may be called on any."""

    def __init__(
        self, directory: Path, numbers: AcceptanceNumbers, waiting: Waiting, *, durable: bool
    ) -> None:
        """Raises OSError."""
        self._directory = directory
        self._numbers = numbers
        self._waiting = waiting
        self._durable = durable
        self._lock = threading.Lock()  # the open segment and what is counted of it
        self._sealing = threading.Lock()  # one seals at a time
        self._full: list[OpenSegment] = []  # to be sealed, now or when the disk lets us
        self._full_bytes = 0
        self._due = threading.Event()
        self._rows_wanted = 0
        self.first_row_at: float | None = None
        """When the first row of the open segment was written (``time.monotonic``); None: it has
        none."""
        self._segment = self._new_segment()

    @property
    def unsealed_bytes(self) -> int:
        """Of rows that are written and not sealed."""
        return self._full_bytes + self._segment.size

    def write(self, group: bytes, rows: int) -> bool:
        """Appends a group to the open segment. True: the segment is full, and nobody seals.

        Raises:
            OSError: nothing of the group is stored.
        """
        with self._lock:
            self._segment.write(group, rows)
            if self.first_row_at is None:
                self.first_row_at = time.monotonic()
            waiting, size = self._segment.rows, self._segment.size
        if waiting >= self._rows_wanted:
            self._due.set()
        return size > _SEGMENT_BYTES and not self._sealing.locked()

    def wait(self, rows: int, seconds: float, stop: threading.Event) -> bool:
        """Returns True when ``rows`` rows are in the open segment, when the oldest has waited
        ``seconds``, or when there was none that long; False when ``stop`` is set."""
        self._rows_wanted = rows
        idle_until = time.monotonic() + seconds
        while not stop.is_set():
            now = time.monotonic()
            first = self.first_row_at
            due = idle_until if first is None else first + seconds
            if self._segment.rows >= rows or now >= due:
                return True
            self._due.wait(min(due - now, _LOOK_SECONDS))
            self._due.clear()
        return False

    def wake(self) -> None:
        """Whoever waits looks again."""
        self._due.set()

    def seal(self) -> None:
        """Closes the open segment, if it holds rows, and begins another; seals all that are full.

        Raises:
            OSError: what is not sealed stays, and is sealed the next time.
        """
        with self._sealing:
            if self._segment.rows:
                fresh = self._new_segment(self._segment.size)
                with self._lock:
                    full, self._segment = self._segment, fresh
                    self.first_row_at = None
                self._full.append(full)
                self._full_bytes += full.size
            while self._full:
                self._waiting.add(self._full[0].seal())
                full = self._full.pop(0)
                self._full_bytes -= full.size
                full.close()
                self._numbers.write_down()

    def unsealed(self) -> list[Path]:
        """The segments that hold rows and are not sealed."""
        with self._sealing:
            here = [full.path for full in self._full]
            if self._segment.rows:
                here.append(self._segment.path)
        return here

    def close(self) -> None:
        """What is to be kept is sealed. Nothing may be written any more."""
        self._segment.close()
        if not self._segment.rows:  # else the disk is full; the next run finds it
            self._segment.path.unlink(missing_ok=True)

    def _new_segment(self, like: int = 0) -> OpenSegment:
        number = self._numbers.of_new_segment()
        return OpenSegment(self._directory, number, durable=self._durable, like=like)
