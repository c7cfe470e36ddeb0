"""The loader: a thread that turns the journal's segments into rows of ClickHouse."""

import random
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from errno import ENOENT
from functools import partial
from pathlib import Path
from stat import S_ISREG
from typing import Final, Protocol

import structlog

from whipstitch.core.errors import (
    MendingDied,
    ShardAway,
    StorageRefused,
    StorageUnreachable,
    TooManyRefused,
    WhipstitchError,
)
from whipstitch.core.projects import Scope
from whipstitch.core.threads import VitalThread
from whipstitch.identity.arrivals import Named
from whipstitch.journal.checking import UNREADABLE, check, write_whole_groups
from whipstitch.journal.dead_letters import DeadLetter, DeadLetters
from whipstitch.journal.segments import is_piece, piece_stem
from whipstitch.loader.attempts import SegmentAttempts
from whipstitch.loader.behind import MOST_ALIASES, Behind, copy, read
from whipstitch.loader.bisect import Mend, Salvage, mend_segment, salvage
from whipstitch.loader.insert_statements import Kind, Span
from whipstitch.loader.inserts import Inserts
from whipstitch.loader.large import LARGEST_COPY, larger_rows, separate
from whipstitch.loader.pieces import rows_of, take_apart
from whipstitch.loader.refusals import RefusalLimit
from whipstitch.loader.repeats import MOST_MARKED, mark_of
from whipstitch.loader.segment_reader import Contents, contents, together
from whipstitch.loader.stats import LoaderStats
from whipstitch.loader.wide import MOST_AT_ONCE, Width, split, split_evenly, width

log = structlog.get_logger(__name__)

_FIRST_BACKOFF: Final = 0.1
_LONGEST_BACKOFF: Final = 5.0
LARGEST_ROW: Final = 16 * 2**20
"""Bytes, where nobody says another number."""
MOST_REFUSED: Final = 1_000
"""Rows, where nobody says another number."""
_NEVER: Final = 2**63
_BATCH_BYTES: Final = 32 * 2**20
_WIDTHS: Final = 4
"""A segment with a fourth of what is stored at once waits for others, too."""
_ATTEMPTS: Final = "attempts.json"
_MOST_CRASHES: Final = 3
_MOST_CRASHES_OF_PIECE: Final = 2
_CRASHED: Final = "the server, its ClickHouse or a worker ended each time it was loaded"
_REFUSING: Final = (
    "ClickHouse refuses nearly all rows, so they wait in the journal and are not set aside. The "
    "log (segment_refused) says why. Once that is mended, loading goes on by itself; with "
    "dead_letter_limit = 0 they are set aside."
)
_AWAY_SECONDS: Final = 2.0
"""Between two looks whether a shard is back; meanwhile other rows are stored."""
_TRIED_AT_ONCE: Final = 3
"""Segments, while nearly all rows are refused."""
_REFUSED_SECONDS: Final = 30.0
"""How often a segment is closed meanwhile."""


class Segments(Protocol):
    """The journal, as the loader sees it."""

    def wait(self, rows: int, seconds: float, stop: threading.Event) -> bool:
        """Until that many rows wait or the oldest waits that long; False: ``stop`` is set."""

    def seal(self) -> None:
        """Closes the segment being written, if it holds rows."""

    def sealed(self) -> Sequence[Path]:
        """Oldest first."""

    def remove(self, segment: Path) -> None:
        """Forgets a segment whose rows are stored."""

    def adopt(self, part: Path) -> None:
        """Makes a segment of a synced file of whole groups."""

    def set_aside(self, segment: Path, why: str) -> None:
        """Puts what cannot be read out of the way."""


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
        batch_bytes: int = _BATCH_BYTES,
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
        self._source = source
        self._inserts = inserts
        self._dead_letters = dead_letters
        self._scratch = scratch
        self._rows = rows
        self._seconds = seconds
        self._stop = threading.Event()
        self._began = -spacing
        self._spacing = spacing
        self._batch_bytes = batch_bytes
        self._largest_row = largest_row
        self._widest = widest
        self._widths: dict[Path, Width] = {}
        """Of segments that wait, as far as they were looked at."""
        self._most_aliases = most_aliases
        self._behind = Behind()
        self._mend = mend
        self._runs = runs
        self._cut_off: tuple[int, list[Path]] | None = None
        """What was being stored when ClickHouse went away, and which run of it that was."""
        self._attempts = SegmentAttempts(scratch.with_name(_ATTEMPTS))
        self.limit = RefusalLimit(most_refused)
        self._sealed_at = -_REFUSED_SECONDS
        self._first: Path | None = None
        """Of the segments that are being stored, or could not be."""
        self._away: str | None = None
        """Why some rows wait though others are stored: a shard does not answer."""
        self._one_by_one = 0
        """How many segments are not to be stored together with others."""
        self._deadline = 0.0
        self._failures = 0
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
        return self._try(self._take_slice) if self._behind else True

    def _try(self, work: Callable[[], bool]) -> bool:
        try:
            return work()
        except (WhipstitchError, OSError) as error:
            self._failed(str(error))
            return False
        except Exception as error:
            # The thread must outlive what nobody foresaw: rows would gather for ever.
            log.exception("loader_failed", segment=self._first.stem if self._first else None)
            self._failed(f"The loader met an error of its own: {error!r}")
            return False

    def _load_batches(self) -> bool:
        refusing: str | None = None
        self._away = None
        tried = 0
        for batch in self._batches():
            refusing = self._try_batch(batch) or refusing
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

    def _take_slice(self) -> bool:
        taken = self._behind.next()
        try:
            said, end = read(taken, self._most_aliases)
        except OSError as error:
            if error.errno not in {*UNREADABLE, ENOENT}:
                raise
            self._behind.forget(taken.segment)
            self._source.set_aside(taken.segment, error.strerror or str(error))
            return True
        if said:
            named = Named({}, {taken.scope: said}, since=_NEVER)
            rows: Counter[Kind] = Counter({"alias": len(said)})
            marked = [mark_of(row) for row in said if row.once]
            held = Contents(rows, Span(0, 0, 0, 0), 0, named, marked)
            with self._attempts.at([taken.segment]):
                try:
                    self._inserts.load([taken.segment], taken.segment.stem, held)
                except StorageRefused as error:
                    log.warning("aliases_refused", segment=taken.segment.stem, problem=str(error))
                    self._salvage(taken.segment, rows=partial(copy, taken, end), place=taken.start)
        if self._behind.done(taken, end):
            self._source.remove(taken.segment)
        self._succeeded()
        return True

    def _succeeded(self) -> None:
        self.turns += 1
        self._failures = 0
        if self.problem is not None:
            log.info("loader_resumed", was=self.problem)
            self.problem = None

    def _batches(self) -> Iterator[list[Path]]:
        """What waits, oldest first, in pieces that are stored at once. A segment that is wide goes
        alone, after the others that came before its turn."""
        wide = True
        while wide:
            waiting = [one for one in self._source.sealed() if one not in self._behind]
            sealed = self._in_order(waiting)
            self._widths = {one: self._widths[one] for one in sealed if one in self._widths}
            behind: list[Path] = []
            yield from self._others(sealed, behind)
            yield from [behind[:1]] if behind else []
            if wide := bool(behind):
                self._source.seal()

    def _others(self, segments: Sequence[Path], wide: list[Path]) -> Iterator[list[Path]]:
        """Pieces of those that are not ``wide``."""
        batch: list[Path] = []
        size = properties = 0
        single: object = False
        for segment in segments:
            # A link may lead nowhere.
            more, wider = segment.lstat().st_size, self._width(segment).properties
            if wider > self._widest // _WIDTHS:
                wide.append(segment)
                continue
            full = size + more > self._batch_bytes or properties + wider > self._widest
            alone = self._one_by_one or self._attempts.crashes(segment) or is_piece(segment)
            if batch and (alone or single or full):
                yield batch
                batch, size, properties = [], 0, 0
            batch.append(segment)
            size += more
            properties += wider
            single = alone
        if batch:
            yield batch

    def _width(self, segment: Path) -> Width:
        if segment not in self._widths:
            try:
                if not S_ISREG(segment.lstat().st_mode):
                    return Width(0, 0)  # set aside in its turn; a pipe would be waited for
                self._widths[segment] = width(segment, self._widest // (2 * _WIDTHS))
            except OSError:  # it is looked at again
                return Width(0, 0)
        return self._widths[segment]

    def _in_order(self, segments: Sequence[Path]) -> Sequence[Path]:
        """The one first whose load failed, though older ones may have come since: an attempt is
        named after its first segment, and a server may still be at the one before."""
        if self.limit.reached:
            # Not always the same first ones: theirs may be the rows that are at fault.
            return random.sample(segments, len(segments))
        first = self._first
        if first is None or first not in segments:
            return segments
        return [first, *(segment for segment in segments if segment != first)]

    def _try_batch(self, batch: list[Path]) -> str | None:
        """What to say where nearly all of it is refused, so that it waits; None: it is stored."""
        self._count_cut_off()
        run = self._runs()
        try:
            with self._attempts.at(batch):
                self._load_batch(batch)
        except StorageUnreachable:
            self._cut_off = run, batch
            raise
        except ShardAway as error:
            self._first = None
            self._away = str(error)
            return None
        except MendingDied:
            self._attempts.crashed(batch)
            raise
        except TooManyRefused as error:
            self._first = None
            return str(error)
        self._cut_off = None
        return None

    def _count_cut_off(self) -> None:
        """A ClickHouse of our own that ended over some segments has been started again."""
        if self._cut_off is not None and self._runs() != self._cut_off[0]:
            self._attempts.crashed(self._cut_off[1])
            self._cut_off = None

    def _load_batch(self, batch: list[Path]) -> None:
        batch = [segment for segment in batch if self._is_whole(segment)]
        if not batch:
            return
        self._first = batch[0]
        if len(batch) > 1:
            # Where this ends badly, one of them may be the reason: they go one by one next time.
            self._one_by_one = len(batch)
            if self._load_together(batch):
                self._one_by_one = 0
                batch = []
        for segment in batch:
            self._load(segment)
            self._one_by_one = max(0, self._one_by_one - 1)
        self._first = None

    def _is_whole(self, segment: Path) -> bool:
        """False: it was not, and what is whole of it waits as a segment of its own, or it cannot be
        read and is out of the way."""
        try:
            damage = check(segment)
        except OSError as error:
            if error.errno not in UNREADABLE:
                raise
            self._source.set_aside(segment, error.strerror or str(error))
            return False
        if damage is None:
            return not self._has_large(segment) and not self._is_too_wide(segment)
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
        self.stats.damaged_segments += 1
        if damage.whole:
            self._source.adopt(write_whole_groups(segment, damage))
        self._source.remove(segment)
        return False

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
        self.stats.dead_letters += aside
        return True

    def _is_too_wide(self, segment: Path) -> bool:
        """True: its rows wait in segments that are not; where one row is, there is no other way."""
        rows, properties = self._width(segment)
        if properties <= self._widest or rows == 1 or is_piece(segment):
            return False
        for part in split(segment, self._widest):
            self._source.adopt(part)
        self._source.remove(segment)
        return True

    def _load_together(self, batch: list[Path]) -> bool:
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
        self.stats.inserted(held.rows, time.monotonic() - began)
        self.limit.count(held.rows.total(), 0)
        for segment, part in zip(batch, parts, strict=True):
            self._all_but(segment, late & part.named.aliases.keys())
        return True

    def _load(self, segment: Path) -> None:
        piece = is_piece(segment)
        if self._attempts.crashes(segment) >= (_MOST_CRASHES_OF_PIECE if piece else _MOST_CRASHES):
            self._take_apart(segment, _CRASHED)
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
            if piece:  # what mends it may be what ends
                if self.limit.reached:
                    raise TooManyRefused(_REFUSING) from None
                self._take_apart(segment, error.detail or str(error))
                return
            self._salvage(segment, late)
        else:
            self.limit.count(held.rows.total(), 0)
        self.stats.inserted(held.rows, time.monotonic() - began)
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

    def _salvage(
        self,
        segment: Path,
        late: Collection[Scope] = (),
        rows: Callable[[Path], None] | None = None,
        place: int = 0,
    ) -> None:
        """``rows`` writes those of the segment that are meant, where not all are, from a ``place``
        on."""
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
        self.limit.count(outcome.stored, len(outcome.dead))
        if outcome.dead:
            # Each place has a file: what of the segment was set aside before stays.
            stem = segment.stem if rows is None else f"{segment.stem}-{place}"
            self._dead_letters.add(stem, outcome.dead)
            log.error("rows_set_aside", segment=segment.stem, rows=len(outcome.dead))
        self.stats.repaired += outcome.repaired
        self.stats.dead_letters += len(outcome.dead)

    def _look(self, outcome: Salvage, *, all_: bool = False) -> None:
        if self.limit.is_passed(outcome.stored, len(outcome.dead), all_=all_):
            raise TooManyRefused(_REFUSING)

    def _take_apart(self, segment: Path, why: str) -> None:
        """Into pieces that are loaded by themselves; a row that is alone already is set aside."""
        parts = take_apart(segment)
        if len(parts) > 1:
            for part in parts:
                self._source.adopt(part)
            self.stats.taken_apart += 1
            log.error("segment_taken_apart", segment=segment.stem, pieces=len(parts))
        else:
            for part in parts:
                part.unlink()
            rows = [DeadLetter(row.rstrip(b"\n"), why) for row in rows_of(segment)]
            self._dead_letters.add(piece_stem(segment), rows)
            self.stats.dead_letters += len(rows)
            log.error("rows_set_aside", segment=segment.stem, rows=len(rows), reason="crashes")
        self._source.remove(segment)

    def _failed(self, problem: str) -> None:
        self._failures += 1
        self.stats.retries += 1
        if self.problem is None:
            log.warning("loader_waits", problem=problem)
        self.problem = problem
