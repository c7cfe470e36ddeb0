"""The loader: a thread that turns the journal's segments into rows of ClickHouse.

What becomes of a segment is read in ``storing``; here is when that is done, and what a failure
changes about it. Longer than other modules, because it also puts the loader's parts together."""

import random
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog

from whipstitch.core.errors import ShardAway, TooManyRefused, WhipstitchError
from whipstitch.core.projects import Scope
from whipstitch.core.threads import VitalThread
from whipstitch.journal.dead_letters import DeadLetters
from whipstitch.loader.attempts import SegmentAttempts
from whipstitch.loader.batches import BATCH_BYTES, Batches
from whipstitch.loader.behind import MOST_ALIASES, Behind
from whipstitch.loader.bisect import Mend, mend_segment
from whipstitch.loader.inserts import Inserts
from whipstitch.loader.large import LARGEST_ROW
from whipstitch.loader.late_aliases import LateAliases
from whipstitch.loader.refusals import MOST_REFUSED, RefusalLimit
from whipstitch.loader.screening import Screening
from whipstitch.loader.setting_aside import SettingAside
from whipstitch.loader.source import Segments
from whipstitch.loader.stats import LoaderStats
from whipstitch.loader.storing import Storing
from whipstitch.loader.unfinished import Unfinished
from whipstitch.loader.wide import MOST_AT_ONCE, Widths

log = structlog.get_logger(__name__)

_FIRST_BACKOFF: Final = 0.1
_LONGEST_BACKOFF: Final = 5.0
_ATTEMPTS: Final = "attempts.json"
_AWAY_SECONDS: Final = 2.0
"""Between two looks whether a shard is back; meanwhile other rows are stored."""
_TRIED_AT_ONCE: Final = 3
"""Segments, while nearly all rows are refused."""
_REFUSED_SECONDS: Final = 30.0
"""How often a segment is closed meanwhile."""


class Loader:
    """Loads about every ``rows`` rows or ``seconds`` seconds; what gathers meanwhile goes in one
    larger insert, and so do small segments that wait. A segment is removed after its last row is
    stored or set aside; one whose load was cut off, in this process or an earlier one, is simply
    loaded again. While loads fail no segment is closed. What has a wrong checksum is not loaded."""

    def __init__(
        self,
        source: Segments,
        inserts: Inserts,
        dead_letters: DeadLetters,
        *,
        scratch: Path,
        rows: int = 1_000,
        seconds: float = 1.2,
        spacing: float = 1.2,
        batch_bytes: int = BATCH_BYTES,
        largest_row: int = LARGEST_ROW,
        widest: int = MOST_AT_ONCE,
        most_aliases: int = MOST_ALIASES,
        most_refused: int = MOST_REFUSED,
        mend: Mend = mend_segment,
        runs: Callable[[], int] = lambda: 0,
    ) -> None:
        """``scratch`` is a directory for the loader alone; it is emptied. ``batch_bytes``: so much
        is stored in one insert, where segments are smaller. ``largest_row``: bytes of a row beyond
        which it is set aside. ``widest``: so many properties of wide rows are stored in one insert
        (see ``wide``). ``most_aliases``: so many are linked in one go; where a scope sends more,
        they wait behind the rows of others (see ``behind``). ``most_refused``: see
        ``RefusalLimit``. ``mend`` does what ``mend_segment`` does. ``runs`` counts starts of a
        ClickHouse of our own."""
        self.stats = LoaderStats()
        self.problem: str | None = None
        """Why rows are not being stored at the moment, for a person; None: they are."""
        self.turns = 0
        """How often it looked for something to do, or stored something."""
        self.limit = RefusalLimit(most_refused)
        self._source = source
        self._rows = rows
        self._seconds = seconds
        self._spacing = spacing
        self._attempts = SegmentAttempts(scratch.with_name(_ATTEMPTS))
        self._unfinished = Unfinished(self._attempts, runs)
        self._behind = Behind()
        widths = Widths(widest)
        self._batches = Batches(
            source, self._behind, self._unfinished, self.limit, widths, batch_bytes
        )
        setting_aside = SettingAside(
            source, inserts, dead_letters, self.limit, self.stats, scratch, mend
        )
        self._storing = Storing(
            source,
            inserts,
            screening=Screening(source, dead_letters, self.stats, widths, largest_row),
            setting_aside=setting_aside,
            behind=self._behind,
            unfinished=self._unfinished,
            limit=self.limit,
            stats=self.stats,
            most_aliases=most_aliases,
        )
        self._late_aliases = LateAliases(
            source, inserts, self._behind, self._attempts, setting_aside, most_aliases
        )
        self._began = -spacing
        self._sealed_at = -_REFUSED_SECONDS
        self._away: str | None = None
        """Why some rows wait though others are stored: a shard does not answer."""
        self._failures = 0
        self._stop = threading.Event()
        self._deadline = 0.0
        self._thread = VitalThread("loader", self._run)

    def start(self) -> None:
        self._thread.start()

    def drain(self, seconds: float) -> bool:
        """Stops, loading what can be loaded within ``seconds``; the rest stays in the journal.
        Returns whether nothing is left and the thread has ended."""
        self._deadline = time.monotonic() + seconds
        self._stop.set()
        self._thread.join(seconds)
        self._attempts.end()
        return not self._thread.is_alive() and not self._source.sealed()

    def has_stored(self, segment: str, scope: Scope) -> bool:
        """Whether all that a scope has in a segment, by its lasting name, is stored, though the
        segment is still there. May be asked on any thread."""
        return self._behind.has_stored(segment, scope)

    # Inside, on the loader's thread

    def _run(self) -> None:
        while self._turn():
            pass
        try:
            self._source.seal()
            while time.monotonic() < self._deadline and self._source.sealed():
                if not self._load_all() or not self._take_aliases():
                    break
        except OSError as error:
            self._failed(str(error))

    def _turn(self) -> bool:
        """Whatever goes wrong in one, the next is taken. False: it is time to stop."""
        self.turns += 1
        try:
            if self._behind and not self._failures and self._rest():
                self._take_aliases()
                return not self._stop.is_set()
            if not self._pause():
                return False
            self._began = time.monotonic()
            # While nothing can be stored the journal goes on in one segment: a day in thousands of
            # small ones would take long to store. Where all that waits is refused, what has come
            # since tells whether that is the rows' own fault.
            if not self._failures or self._away or self._is_refused_long():
                self._source.seal()
            if self._load_all():
                self._take_aliases()
        except Exception as error:
            self._failed(f"The loader met an error of its own: {error!r}")
        return True

    def _is_refused_long(self) -> bool:
        now = time.monotonic()
        if not self.limit.reached or now < self._sealed_at + _REFUSED_SECONDS:
            return False
        self._sealed_at = now
        return True

    def _rest(self) -> float:
        """Seconds until rows are to be loaded again. While an insert is synced to the disk, so is
        the journal, and the two hold each other up. So where rows come fast they go in fewer,
        larger inserts."""
        return max(0.0, self._began + self._spacing - time.monotonic())

    def _pause(self) -> bool:
        """Until there is something to do; False when it is time to stop."""
        if self._away:
            return not self._stop.wait(_AWAY_SECONDS)
        if not self._failures:
            if self._stop.wait(self._rest()):
                return False
            return bool(self._behind) or self._source.wait(self._rows, self._seconds, self._stop)
        backoff = min(_LONGEST_BACKOFF, _FIRST_BACKOFF * 2 ** min(self._failures, 10))
        return not self._stop.wait(backoff * random.uniform(0.5, 1.0))  # noqa: S311 - no secret

    def _load_all(self) -> bool:
        """Whether all that waited is stored, but for aliases that are behind."""
        return self._try(self._load_batches)

    def _take_aliases(self) -> bool:
        """Whether some that are behind were taken, or there are none."""
        return self._try(self._store_late) if self._behind else True

    def _try(self, work: Callable[[], bool]) -> bool:
        try:
            return work()
        except (WhipstitchError, OSError) as error:
            self._failed(str(error))
            return False
        except Exception as error:
            # The thread must outlive what nobody foresaw: rows would gather for ever.
            first = self._unfinished.first
            log.exception("loader_failed", segment=first.stem if first else None)
            self._failed(f"The loader met an error of its own: {error!r}")
            return False

    def _load_batches(self) -> bool:
        refusing: str | None = None
        self._away = None
        tried = 0
        for batch in self._batches.waiting():
            try:
                self._storing.store(batch)
            except ShardAway as error:
                self._away = str(error)
            except TooManyRefused as error:
                refusing = str(error)
            if refusing:
                self.turns += 1
                tried += 1
                if tried >= _TRIED_AT_ONCE:
                    break
                continue
            if self._away is None:
                self._succeeded()
            if self._stop.is_set() and time.monotonic() >= self._deadline:
                return False
        if why := refusing or self._away:
            self._failed(why)
        return not why

    def _store_late(self) -> bool:
        if self._late_aliases.store_some():
            self._succeeded()
        return True

    def _succeeded(self) -> None:
        self.turns += 1
        self._failures = 0
        if self.problem is not None:
            log.info("loader_resumed", was=self.problem)
            self.problem = None

    def _failed(self, problem: str) -> None:
        self._failures += 1
        self.stats.retries += 1
        if self.problem is None:
            log.warning("loader_waits", problem=problem)
        self.problem = problem
