"""Loads that did not end well: what the next attempt is to be careful with.

A load that ends a process, or its ClickHouse, does so each time. So segments that were stored
together when that happened go one by one, and one that is alone and was cut off again and again is
not loaded as a whole any more."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from whipstitch.core.errors import MendingDied, ShardAway, StorageUnreachable, TooManyRefused
from whipstitch.journal.segments import is_piece
from whipstitch.loader.attempts import SegmentAttempts

_MOST_CRASHES: Final = 3
_MOST_CRASHES_OF_PIECE: Final = 2


class Unfinished:
    """``attempts`` counts loads that were cut off; ``runs`` counts starts of a ClickHouse of our
    own. For the loader's thread only."""

    def __init__(self, attempts: SegmentAttempts, runs: Callable[[], int]) -> None:
        self.first: Path | None = None
        """Of the segments that are being stored, or could not be."""
        self._attempts = attempts
        self._runs = runs
        self._one_by_one = 0
        """How many segments are not to be stored together with others."""
        self._cut_off: tuple[int, Sequence[Path]] | None = None
        """What was being stored when ClickHouse went away, and which run of it that was."""

    @contextlib.contextmanager
    def attempt(self, batch: Sequence[Path]) -> Iterator[None]:
        """While it is made: counts on disk, and remembers how it ended."""
        self._count_cut_off()
        run = self._runs()
        try:
            with self._attempts.at(batch):
                yield
        except StorageUnreachable:
            self._cut_off = run, batch
            raise
        except MendingDied:
            self._attempts.crashed(batch)
            raise
        except (ShardAway, TooManyRefused):
            self.first = None
            raise
        self._cut_off = None

    def begin(self, segments: Sequence[Path]) -> None:
        """These are stored now. Where that ends badly, one of them may be the reason: then they go
        one by one the next time."""
        self.first = segments[0]
        if len(segments) > 1:
            self._one_by_one = len(segments)

    def stored(self, segments: int) -> None:
        """That many of them are."""
        self._one_by_one = max(0, self._one_by_one - segments)

    def end(self) -> None:
        """All of them are."""
        self.first = None

    def goes_alone(self, segment: Path) -> bool:
        """Whether it is not to be stored together with others."""
        return bool(self._one_by_one or self._attempts.crashes(segment) or is_piece(segment))

    def is_fatal(self, segment: Path) -> bool:
        """Whether loading it was cut off too often to try it once more."""
        most = _MOST_CRASHES_OF_PIECE if is_piece(segment) else _MOST_CRASHES
        return self._attempts.crashes(segment) >= most

    def _count_cut_off(self) -> None:
        """A ClickHouse of our own that ended over some segments has been started again."""
        if self._cut_off is not None and self._runs() != self._cut_off[0]:
            self._attempts.crashed(self._cut_off[1])
            self._cut_off = None
