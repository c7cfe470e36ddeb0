"""The road of a segment: it is screened, read, stored and removed. What is refused on the way is
mended or set aside."""

import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

import structlog

from whipstitch.core.errors import StorageRefused, TooManyRefused
from whipstitch.core.projects import Scope
from whipstitch.journal.segments import is_piece
from whipstitch.loader.behind import Behind
from whipstitch.loader.inserts import Inserts
from whipstitch.loader.refusals import REFUSING, RefusalLimit
from whipstitch.loader.repeats import MOST_MARKED
from whipstitch.loader.screening import Screening
from whipstitch.loader.segment_reader import contents, together
from whipstitch.loader.setting_aside import SettingAside
from whipstitch.loader.source import Segments
from whipstitch.loader.stats import LoaderStats
from whipstitch.loader.unfinished import Unfinished
from whipstitch.loader.wide import split_evenly

log = structlog.get_logger(__name__)

_CRASHED: Final = "the server, its ClickHouse or a worker ended each time it was loaded"


class Storing:
    """Stores batches of segments. A segment is removed after its last row is stored or set aside,
    but for aliases that are put ``behind``: those of a scope with more than ``most_aliases``."""

    def __init__(
        self,
        source: Segments,
        inserts: Inserts,
        *,
        screening: Screening,
        setting_aside: SettingAside,
        behind: Behind,
        unfinished: Unfinished,
        limit: RefusalLimit,
        stats: LoaderStats,
        most_aliases: int,
    ) -> None:
        self._source = source
        self._inserts = inserts
        self._screening = screening
        self._setting_aside = setting_aside
        self._behind = behind
        self._unfinished = unfinished
        self._limit = limit
        self._stats = stats
        self._most_aliases = most_aliases

    def store(self, batch: Sequence[Path]) -> None:
        """Where it is cut off, the same segments may be stored again.

        Raises:
            ShardAway: the rows of a shard wait, others may be stored meanwhile.
            StorageUnavailable: no row can be stored now.
            TooManyRefused: nearly all of a segment is refused, so it waits.
            OSError: a segment cannot be read, or what becomes of it cannot be written.
        """
        with self._unfinished.attempt(batch):
            self._store([segment for segment in batch if self._screening.passes(segment)])

    def _store(self, batch: Sequence[Path]) -> None:
        if not batch:
            return
        self._unfinished.begin(batch)
        if len(batch) > 1 and self._load_together(batch):
            self._unfinished.stored(len(batch))
        else:
            for segment in batch:
                self._load(segment)
                self._unfinished.stored(1)
        self._unfinished.end()

    def _load_together(self, batch: Sequence[Path]) -> bool:
        """Stores some segments in one insert. False: some row is refused, or cannot be read."""
        parts = [contents(segment, self._most_aliases) for segment in batch]
        held = together(parts)
        if held.unreadable:
            return False
        late = self._behind.late(held.named.aliases, self._most_aliases)
        began = time.monotonic()
        try:
            self._inserts.load(batch, batch[0].stem, held.without_aliases(late))
        except StorageRefused as error:
            log.warning("segments_refused", segments=len(batch), problem=str(error))
            return False
        self._stats.inserted(held.rows, time.monotonic() - began)
        self._limit.count(held.rows.total(), 0)
        for segment, part in zip(batch, parts, strict=True):
            self._all_but(segment, late & part.named.aliases.keys())
        return True

    def _load(self, segment: Path) -> None:
        if self._unfinished.is_fatal(segment):
            self._setting_aside.take_apart(segment, _CRASHED)
            return
        held = contents(segment, self._most_aliases)
        if len(held.marked) > MOST_MARKED:
            self._split(segment)
            return
        late = self._behind.late(held.named.aliases, self._most_aliases)
        began = time.monotonic()
        try:
            if held.unreadable:
                raise StorageRefused(f"{held.unreadable} lines cannot be read")
            self._inserts.load([segment], segment.stem, held.without_aliases(late))
        except StorageRefused as error:
            log.warning("segment_refused", segment=segment.stem, problem=str(error))
            if is_piece(segment):  # what mends it may be what ends
                if self._limit.reached:
                    raise TooManyRefused(REFUSING) from None
                self._setting_aside.take_apart(segment, error.detail or str(error))
                return
            self._setting_aside.salvage(segment, late)
        else:
            self._limit.count(held.rows.total(), 0)
        self._stats.inserted(held.rows, time.monotonic() - began)
        self._all_but(segment, late)

    def _split(self, segment: Path) -> None:
        """Its rows wait in segments of fewer: their ids are looked up at once."""
        for part in split_evenly(segment, MOST_MARKED // 2):
            self._source.adopt(part)
        self._source.remove(segment)

    def _all_but(self, segment: Path, late: Collection[Scope]) -> None:
        """All of a segment is stored but the aliases of these scopes."""
        if late:
            self._behind.put(segment, late)
        else:
            self._source.remove(segment)
