"""Which segments were being loaded when a process ended that should not have, and how often.

Counted on disk before a load and taken back after it, however it ended: what is still counted at
the next start was cut off. No row is lost where the count is: it only says what to be careful
with."""

import contextlib
import json
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import structlog

from whipstitch.core.files import PART

log = structlog.get_logger(__name__)


class SegmentAttempts:
    """``file`` holds the counts, by the segments' names. May be used from any thread."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._counts = _read(file)
        self._under_way: list[Path] = []

    def crashes(self, segment: Path) -> int:
        """How often a load of ``segment`` was cut off."""
        with self._lock:
            return self._counts.get(segment.stem, 0)

    @contextlib.contextmanager
    def at(self, segments: Sequence[Path]) -> Iterator[None]:
        """While they are being loaded."""
        with self._lock:
            self._under_way = list(segments)
            self._write([*segments])
        try:
            yield
        finally:
            self.end()

    def end(self) -> None:
        """What is under way does not count: it ends in order, or the process does."""
        with self._lock:
            for segment in self._under_way:
                if not segment.exists():
                    self._counts.pop(segment.stem, None)
            if self._under_way:
                self._under_way = []
                self._write([])

    def crashed(self, segments: Sequence[Path]) -> None:
        """Another process ended over them."""
        with self._lock:
            for segment in segments:
                self._counts[segment.stem] = self._counts.get(segment.stem, 0) + 1
            self._write(self._under_way)

    def _write(self, more: Sequence[Path]) -> None:
        """Where that cannot be, nothing is counted: loading is what makes room on a full disk."""
        counts = dict(self._counts)
        for segment in more:
            counts[segment.stem] = counts.get(segment.stem, 0) + 1
        try:
            if not counts:
                self._file.unlink(missing_ok=True)
                return
            part = self._file.with_suffix(PART)
            part.write_text(json.dumps(counts))
            part.replace(self._file)
        except OSError as error:
            log.warning("attempts_not_counted", problem=error.strerror)


def _read(file: Path) -> dict[str, int]:
    try:
        counts = json.loads(file.read_text())
        return {str(name): int(count) for name, count in counts.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}
