"""Which segments are stored together, and in which order."""

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from whipstitch.loader.behind import Behind
from whipstitch.loader.refusals import RefusalLimit
from whipstitch.loader.source import Segments
from whipstitch.loader.unfinished import Unfinished
from whipstitch.loader.wide import Widths

BATCH_BYTES: Final = 32 * 2**20
"""Stored in one insert, where nobody says another number."""


class Batches:
    """Of what waits in ``source`` and is not ``behind``: at most ``most_bytes`` at once, where
    segments are smaller, and at most so many properties as ``widths`` allows."""

    def __init__(
        self,
        source: Segments,
        behind: Behind,
        unfinished: Unfinished,
        limit: RefusalLimit,
        widths: Widths,
        most_bytes: int,
    ) -> None:
        self._source = source
        self._behind = behind
        self._unfinished = unfinished
        self._limit = limit
        self._widths = widths
        self._most_bytes = most_bytes

    def waiting(self) -> Iterator[list[Path]]:
        """What waits, oldest first, in pieces that are stored at once. A segment that is wide goes
        alone, after the others that came before its turn; one that has other rows, too, goes before
        those that have none: these rows then wait for no more than its splitting.

        Each piece is decided on when it is asked for: how the one before ended counts."""
        tried: set[Path] = set()
        while True:
            waiting = [one for one in self._source.sealed() if one not in self._behind]
            sealed = self._in_order(waiting)
            self._widths.keep(sealed)
            wide: list[Path] = []
            yield from self._others(sealed, wide)
            left = [one for one in wide if one not in tried]
            if not left:
                return
            mixed = [one for one in left if self._widths.of(one).mixed]
            taken = (mixed or left)[0]
            tried.add(taken)
            yield [taken]
            if not mixed:
                self._source.seal()

    def _others(self, segments: Sequence[Path], wide: list[Path]) -> Iterator[list[Path]]:
        """Pieces of those that are not ``wide``."""
        batch: list[Path] = []
        size = properties = 0
        single = False
        for segment in segments:
            # A link may lead nowhere.
            more, wider = segment.lstat().st_size, self._widths.of(segment).properties
            if self._widths.waits(wider):
                wide.append(segment)
                continue
            full = size + more > self._most_bytes or properties + wider > self._widths.most
            alone = self._unfinished.goes_alone(segment)
            if batch and (alone or single or full):
                yield batch
                batch, size, properties = [], 0, 0
            batch.append(segment)
            size += more
            properties += wider
            single = alone
        if batch:
            yield batch

    def _in_order(self, segments: Sequence[Path]) -> Sequence[Path]:
        """The one first whose load failed, though older ones may have come since: an attempt is
        named after its first segment, and a server may still be at the one before."""
        if self._limit.reached:
            # Not always the same first ones: theirs may be the rows that are at fault.
            return random.sample(segments, len(segments))
        first = self._unfinished.first
        if first is None or first not in segments:
            return segments
        return [first, *(segment for segment in segments if segment != first)]
