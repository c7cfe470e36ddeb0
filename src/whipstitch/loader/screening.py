"""A segment before it is loaded: what of it is damaged, too large or too wide is taken out, and the
rest waits as segments of its own."""

from pathlib import Path

import structlog

from whipstitch.journal.checking import UNREADABLE, Damage, check, write_whole_groups
from whipstitch.journal.dead_letters import DeadLetters
from whipstitch.journal.segments import is_piece
from whipstitch.loader.large import LARGEST_COPY, larger_rows, separate
from whipstitch.loader.source import Segments
from whipstitch.loader.stats import LoaderStats
from whipstitch.loader.wide import Widths, split

log = structlog.get_logger(__name__)


class Screening:
    """``largest_row``: bytes of a row beyond which it is set aside."""

    def __init__(
        self,
        source: Segments,
        dead_letters: DeadLetters,
        stats: LoaderStats,
        widths: Widths,
        largest_row: int,
    ) -> None:
        self._source = source
        self._dead_letters = dead_letters
        self._stats = stats
        self._widths = widths
        self._largest_row = largest_row

    def passes(self, segment: Path) -> bool:
        """Whether it is to be loaded as it is. False: it is gone, and what is to be stored of it
        waits in other segments; or it cannot be read and is out of the way.

        Raises OSError."""
        try:
            damage = check(segment)
        except OSError as error:
            if error.errno not in UNREADABLE:
                raise
            self._source.set_aside(segment, error.strerror or str(error))
            return False
        if damage is not None:
            self._keep_whole_groups(segment, damage)
            return False
        return not self._has_large(segment) and not self._is_too_wide(segment)

    def _keep_whole_groups(self, segment: Path, damage: Damage) -> None:
        kept = self._dead_letters.keep_damaged(segment, damage)
        log.error(
            "segment_damaged",
            segment=segment.stem,
            whole_groups=len(damage.whole),
            damaged_places=len(damage.damaged),
            damaged_bytes=damage.bytes,
            missing_bytes=damage.missing,
            kept_in=str(kept),
        )
        self._stats.damaged_segments += 1
        if damage.whole:
            self._source.adopt(write_whole_groups(segment, damage))
        self._source.remove(segment)

    def _has_large(self, segment: Path) -> bool:
        """True: it had rows that are too large for some of what is done with others; they are
        marked, or set aside, and what is to be stored waits as a segment of its own."""
        if segment.stat().st_size <= LARGEST_COPY or not (large := larger_rows(segment)):
            return False
        aside = sum(end - start > self._largest_row for start, end in large)
        keep = self._dead_letters.keep_large
        part = separate(segment, large, self._largest_row, keep)
        if part.stat().st_size:
            self._source.adopt(part)
        else:
            part.unlink()
        self._source.remove(segment)
        if aside:
            log.error("rows_set_aside", segment=segment.stem, rows=aside, reason="too large")
        self._stats.dead_letters += aside
        return True

    def _is_too_wide(self, segment: Path) -> bool:
        """True: its rows wait in segments that are not; where one row is, there is no other way."""
        rows, properties, _ = self._widths.of(segment)
        if properties <= self._widths.most or rows == 1 or is_piece(segment):
            return False
        for part in split(segment, self._widths.most):
            self._source.adopt(part)
        self._source.remove(segment)
        return True
