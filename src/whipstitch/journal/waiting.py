"""Which sealed segments wait for the loader, known without a look at the directory each time."""

import os
import threading
import time
from pathlib import Path
from typing import Final, NamedTuple

from whipstitch.journal.segments import SEALED

_SCAN_SECONDS: Final = 1.0


class _File(NamedTuple):
    size: int
    mtime: float


class Waiting:
    """The sealed segments in ``directory``. May be used from any thread.

    What the journal itself seals and removes it is told. Other processes put segments there, too
    (replayed dead letters): it looks for those now and then."""

    def __init__(self, directory: Path) -> None:
        """Raises OSError."""
        self._directory = directory
        self._files: dict[str, _File] = {}
        self._passed_over: set[str] = set()
        self._lock = threading.Lock()
        self._scanned_at = 0.0
        self.bytes = 0
        """Of all of them."""
        self._scan()

    def add(self, segment: Path) -> None:
        """A segment that was sealed. Raises OSError."""
        with self._lock:
            self._note(segment.name, segment.stat())

    def discard(self, segment: Path) -> None:
        """A segment that is gone."""
        with self._lock:
            self._forget(segment.name)

    def pass_over(self, segment: Path) -> None:
        """A segment that is not to be loaded, though it may be there."""
        with self._lock:
            self._passed_over.add(segment.name)
            self._forget(segment.name)

    def segments(self) -> list[Path]:
        """Oldest first; those of other processes some time after they came. Raises OSError."""
        if time.monotonic() - self._scanned_at > _SCAN_SECONDS:
            self._scan()
        with self._lock:
            names = sorted(self._files)
        return [self._directory / name for name in names]

    def oldest(self) -> float | None:
        """When the one that waits longest was written last (unix seconds); None: none waits."""
        with self._lock:
            return min((file.mtime for file in self._files.values()), default=None)

    # Inside

    def _scan(self) -> None:
        with self._lock:
            there = set()
            with os.scandir(self._directory) as entries:
                for entry in entries:
                    if entry.name.endswith(SEALED) and entry.name not in self._passed_over:
                        there.add(entry.name)
                        if entry.name not in self._files:
                            self._note(entry.name, entry.stat(follow_symlinks=False))
            for name in self._files.keys() - there:
                self._forget(name)
            self._scanned_at = time.monotonic()

    def _note(self, name: str, stat: os.stat_result) -> None:
        self._forget(name)
        self._files[name] = _File(stat.st_size, stat.st_mtime)
        self.bytes += stat.st_size

    def _forget(self, name: str) -> None:
        known = self._files.pop(name, None)
        if known is not None:
            self.bytes -= known.size
