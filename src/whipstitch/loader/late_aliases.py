"""Stores the aliases that are behind, some at a time."""

from collections import Counter
from errno import ENOENT
from functools import partial
from typing import Final

import structlog

from whipstitch.core.errors import StorageRefused
from whipstitch.identity.arrivals import Named
from whipstitch.journal.checking import UNREADABLE
from whipstitch.journal.rows import Row
from whipstitch.loader.attempts import SegmentAttempts
from whipstitch.loader.behind import Behind, Slice, copy, read
from whipstitch.loader.insert_statements import Kind, Span
from whipstitch.loader.inserts import Inserts
from whipstitch.loader.repeats import mark_of
from whipstitch.loader.segment_reader import Contents
from whipstitch.loader.setting_aside import SettingAside
from whipstitch.loader.source import Segments

log = structlog.get_logger(__name__)

_NEVER: Final = 2**63


class LateAliases:
    """Those that ``behind`` knows of, at most about ``most`` at once."""

    def __init__(
        self,
        source: Segments,
        inserts: Inserts,
        behind: Behind,
        attempts: SegmentAttempts,
        setting_aside: SettingAside,
        most: int,
    ) -> None:
        self._source = source
        self._inserts = inserts
        self._behind = behind
        self._attempts = attempts
        self._setting_aside = setting_aside
        self._most = most

    def store_some(self) -> bool:
        """Stores the next ones; there must be some. A segment that has no more of them is removed.
        False: their segment cannot be read any more and is out of the way.

        Raises:
            StorageUnavailable: not now.
            TooManyRefused: nearly all are refused, so they wait.
            OSError: the segment cannot be read now, or what is refused cannot be written.
        """
        taken = self._behind.next()
        try:
            said, end = read(taken, self._most)
        except OSError as error:
            if error.errno not in {*UNREADABLE, ENOENT}:
                raise
            self._behind.forget(taken.segment)
            self._source.set_aside(taken.segment, error.strerror or str(error))
            return False
        if said:
            self._store(taken, said, end)
        if self._behind.done(taken, end):
            self._source.remove(taken.segment)
        return True

    def _store(self, taken: Slice, said: list[Row], end: int | None) -> None:
        named = Named({}, {taken.scope: said}, since=_NEVER)
        rows: Counter[Kind] = Counter({"alias": len(said)})
        marked = [mark_of(row) for row in said if row.once]
        held = Contents(rows, Span(0, 0, 0, 0), 0, named, marked)
        with self._attempts.at([taken.segment]):
            try:
                self._inserts.load([taken.segment], taken.segment.stem, held)
            except StorageRefused as error:
                log.warning("aliases_refused", segment=taken.segment.stem, problem=str(error))
                lines = partial(copy, taken, end)
                self._setting_aside.salvage(taken.segment, rows=lines, place=taken.start)
