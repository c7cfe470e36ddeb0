"""Segments that cannot be stored as they are: refused rows are mended, those that stay refused or
end a process are set aside, and their neighbours are stored."""

import shutil
from collections.abc import Callable, Collection
from pathlib import Path

import structlog

from whipstitch.core.errors import TooManyRefused
from whipstitch.core.projects import Scope
from whipstitch.journal.dead_letter import DeadLetter
from whipstitch.journal.dead_letters import DeadLetters
from whipstitch.journal.segments import piece_stem
from whipstitch.loader.bisect import Mend, Salvage, salvage
from whipstitch.loader.inserts import Inserts
from whipstitch.loader.pieces import rows_of, take_apart
from whipstitch.loader.refusals import REFUSING, RefusalLimit
from whipstitch.loader.source import Segments
from whipstitch.loader.stats import LoaderStats

log = structlog.get_logger(__name__)


class SettingAside:
    """``scratch`` is a directory for it alone; it is emptied. ``mend`` does what ``mend_segment``
    does."""

    def __init__(
        self,
        source: Segments,
        inserts: Inserts,
        dead_letters: DeadLetters,
        limit: RefusalLimit,
        stats: LoaderStats,
        scratch: Path,
        mend: Mend,
    ) -> None:
        self._source = source
        self._inserts = inserts
        self._dead_letters = dead_letters
        self._limit = limit
        self._stats = stats
        self._scratch = scratch
        self._mend = mend

    def salvage(
        self,
        segment: Path,
        late: Collection[Scope] = (),
        rows: Callable[[Path], None] | None = None,
        place: int = 0,
    ) -> None:
        """Stores what can be stored of a refused segment but for the aliases of ``late`` scopes,
        and sets aside the rest. ``rows`` writes those of the segment that are meant, where not all
        are, from a ``place`` on. The segment stays.

        Raises:
            TooManyRefused: nearly all rows are refused, so they stay where they are.
            StorageUnavailable: not now; the whole of it may be tried again.
            OSError: ``scratch`` or the dead letters cannot be written.
        """
        shutil.rmtree(self._scratch, ignore_errors=True)
        mending = self._scratch / "mending"
        mending.mkdir(parents=True, mode=0o700)
        meant = segment
        try:
            if rows is not None:
                meant = self._scratch / segment.name
                rows(meant)
            outcome = salvage(self._inserts, meant, mending, late, mend=self._mend, look=self._look)
            self._look(outcome, all_=True)
        finally:
            shutil.rmtree(self._scratch, ignore_errors=True)
        self._limit.count(outcome.stored, len(outcome.dead))
        if outcome.dead:
            # Each place has a file: what of the segment was set aside before stays.
            stem = segment.stem if rows is None else f"{segment.stem}-{place}"
            self._dead_letters.add(stem, outcome.dead)
            log.error("rows_set_aside", segment=segment.stem, rows=len(outcome.dead))
        self._stats.repaired += outcome.repaired
        self._stats.dead_letters += len(outcome.dead)

    def take_apart(self, segment: Path, why: str) -> None:
        """Into pieces that are loaded by themselves; a row that is alone already is set aside. The
        segment is gone.

        Raises OSError."""
        parts = take_apart(segment)
        if len(parts) > 1:
            for part in parts:
                self._source.adopt(part)
            self._stats.taken_apart += 1
            log.error("segment_taken_apart", segment=segment.stem, pieces=len(parts))
        else:
            for part in parts:
                part.unlink()
            rows = [DeadLetter(row.rstrip(b"\n"), why) for row in rows_of(segment)]
            self._dead_letters.add(piece_stem(segment), rows)
            self._stats.dead_letters += len(rows)
            log.error("rows_set_aside", segment=segment.stem, rows=len(rows), reason="crashes")
        self._source.remove(segment)

    def _look(self, outcome: Salvage, *, all_: bool = False) -> None:
        if self._limit.is_passed(outcome.stored, len(outcome.dead), all_=all_):
            raise TooManyRefused(REFUSING)
