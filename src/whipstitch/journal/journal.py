"""The journal itself: takes rows from the doors, hands sealed segments to the loader."""

import asyncio
import contextlib
import errno
import os
import secrets
import threading
import time
from collections.abc import Callable
from pathlib import Path
from stat import S_ISREG
from typing import Literal

import structlog

from whipstitch.core.errors import JournalError
from whipstitch.core.sequence import Sequence
from whipstitch.journal import segments
from whipstitch.journal.checking import UNREADABLE
from whipstitch.journal.group_commit import Committer, Entry, InlineCommitter, ThreadedCommitter
from whipstitch.journal.groups import seal_group
from whipstitch.journal.segments import OPEN, PART, SEALED, OpenSegment
from whipstitch.journal.waiting import Waiting

log = structlog.get_logger(__name__)

_SEGMENT_BYTES = 64 * 1024 * 1024
_MOST_QUEUED_BYTES = 64 * 1024 * 1024
_LAST_ROOM = 64 * 1024
_LOOK_SECONDS = 0.25
_LAST_NUMBER = "last-number"
_ASIDE = "aside"
"""Holds what was found in the directory and is no segment, or cannot be read."""
_SYNC_PATIENCE = 10.0
"""Seconds after which clients no longer wait for the disk."""


class Journal:
    """Append-only segments in ``directory``. ``append`` belongs to the event loop's thread; the
    methods of the loader (``wait``, ``seal``, ``sealed``, ``remove``) to another.

    It refuses rows (``append`` answers False) while more than ``backlog_limit`` bytes wait for the
    loader, while less than ``disk_reserve`` bytes (at most a tenth of the file system) are free,
    because ClickHouse needs room to take what waits, while too much is queued for the disk, and
    while the disk does not answer a sync: rows that waited for that may be stored all the same.
    It looks again by itself, so service resumes when there is room."""

    def __init__(
        self,
        directory: Path,
        *,
        durability: Literal["fsync", "os"] = "fsync",
        backlog_limit: int,
        disk_reserve: int,
        sync_patience: float = _SYNC_PATIENCE,
        clock: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> None:
        """Opens the journal, mending what a killed process left.

        Raises:
            JournalError: the directory cannot be written.
        """
        self.directory = directory
        self.problem: str | None = None
        self._durable = durability == "fsync"
        self._sync_patience = sync_patience
        self._backlog_limit = backlog_limit
        # So near to the limit, hardly a request has room any more, whatever its size.
        self._last_room = min(_LAST_ROOM, backlog_limit // 10)
        self._committer: Committer | None = None
        self._lock = threading.Lock()  # the open segment and what is counted of it
        self._sealing = threading.Lock()  # one seals at a time
        self._full: list[OpenSegment] = []  # to be sealed, now or when the disk lets us
        self._full_bytes = 0
        self._due = threading.Event()
        self._rows_wanted = 0
        self._first_row_at: float | None = None
        self._queued_bytes = 0
        self._looked_at = 0.0
        self._has_room = True
        self._headroom = 0
        """Bytes that may be queued without another look."""
        try:
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            last = self._recover()
            self._clock = clock
            self.sequence = Sequence(clock, last)
            if self._much_ahead:
                log.warning("journal_clock_was_ahead", seconds=round(self.sequence.ahead))
            self._segment = self._new_segment()
            self._waiting = Waiting(directory)
            disk = os.statvfs(directory)
        except OSError as error:
            raise JournalError(
                f"The journal in {directory} cannot be opened: {error.strerror or error}. "
                "Check the directory's owner and the free space."
            ) from error
        self._reserve = min(disk_reserve, disk.f_blocks * disk.f_frsize // 10)

    # For the doors, on the event loop's thread

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Starts taking rows from ``loop``'s thread."""
        committer = ThreadedCommitter if self._durable else InlineCommitter
        self._committer = committer(self._write, self._tell, loop, self._sync_patience)
        self._look_again(loop)

    def append(self, entry: Entry) -> bool:
        """Queues one request's rows. True: ``entry.done`` will be called with whether they are
        durable. False: there is no room, nothing was queued, and it will not be called."""
        committer = self._committer
        size = len(entry.lines)
        if committer is None or (size > self._headroom and not self._can_queue(size)):
            return False
        self._headroom -= size
        self._queued_bytes += size
        committer.put(entry)
        return True

    def has_room(self, size: int) -> bool:
        """Whether ``size`` more bytes may wait for the loader, as a segment put together elsewhere.
        ``append`` asks by itself."""
        now = time.monotonic()
        if now - self._looked_at > _LOOK_SECONDS:
            self._look_at_disk(now)
        return self._has_room and size <= self._backlog_limit - self.backlog_bytes

    @property
    def room(self) -> int:
        """Bytes that may still wait for the loader."""
        disk = os.statvfs(self.directory)
        free = disk.f_bavail * disk.f_frsize - self._reserve
        return max(0, min(free, self._backlog_limit - self.backlog_bytes))

    def new_part(self) -> Path:
        """A name for a segment that is put together elsewhere, to be adopted."""
        return self.directory / (segments.new_stem(self._number()) + PART)

    def adopt(self, part: Path) -> None:
        """Takes over a synced file of whole groups as a sealed segment: its rows are durable on
        return, all of them or none.

        Raises:
            OSError: none of them is.
        """
        self._waiting.add(segments.seal(part))
        self._due.set()

    @property
    def warnings(self) -> list[str]:
        """What an operator should look at, though rows are taken and stored."""
        try:
            found = sum(1 for _ in (self.directory / _ASIDE).iterdir())
        except OSError:
            found = 0
        told = []
        if found:
            aside = self.directory / _ASIDE
            told.append(f"What is no journal segment, or cannot be read ({found}), is in {aside}.")
        if self._much_ahead:
            told.append(segments.said_ahead(self.sequence.ahead))
        return told

    @property
    def _much_ahead(self) -> bool:
        return self.sequence.ahead >= segments.MUCH_AHEAD

    @property
    def backlog_bytes(self) -> int:
        """What waits for the loader."""
        return self._waiting.bytes + self._full_bytes + self._segment.size + self._queued_bytes

    @property
    def oldest_seconds(self) -> float:
        """How long the oldest row that waits for the loader has waited, about."""
        oldest = self._waiting.oldest()
        if oldest is not None:
            return max(0.0, time.time() - oldest)
        first = self._first_row_at
        return 0.0 if first is None else time.monotonic() - first

    def detach(self) -> None:
        """Writes what is queued and takes no more."""
        if self._committer is not None:
            committer, self._committer = self._committer, None
            committer.close()

    # For the loader, on its own thread

    def wait(self, rows: int, seconds: float, stop: threading.Event) -> bool:
        """Returns True when ``rows`` rows wait, when the oldest has waited ``seconds``, or when
        sealed segments are there that long; False when ``stop`` is set."""
        self._rows_wanted = rows
        idle_until = time.monotonic() + seconds
        while not stop.is_set():
            now = time.monotonic()
            first = self._first_row_at
            due = idle_until if first is None else first + seconds
            if self._segment.rows >= rows or now >= due:
                return True
            self._due.wait(min(due - now, _LOOK_SECONDS))
            self._due.clear()
        return False

    def seal(self) -> None:
        """Closes the open segment, if it holds rows, and begins another. Where the disk has no
        room for that, the segment stays open and ``problem`` says so."""
        with self._sealing:
            try:
                if self._segment.rows:
                    fresh = self._new_segment(self._segment.size)
                    with self._lock:
                        full, self._segment = self._segment, fresh
                        self._first_row_at = None
                    self._full.append(full)
                    self._full_bytes += full.size
                while self._full:
                    self._waiting.add(self._full[0].seal())
                    full = self._full.pop(0)
                    self._full_bytes -= full.size
                    full.close()
                    self._remember_number()
            except OSError as error:
                self._report(f"no journal segment can be begun or sealed: {_said(error)}")

    def sealed(self) -> list[Path]:
        """The sealed segments, oldest first. Raises OSError."""
        return self._waiting.segments()

    def unstored(self) -> set[str]:
        """The lasting names of all segments that hold rows, the one being written among them.
        Raises OSError."""
        with self._sealing:
            here = [full.path for full in self._full]
            if self._segment.rows:
                here.append(self._segment.path)
        return {segments.lasting_name(segment) for segment in (*here, *self.sealed())}

    def remove(self, segment: Path) -> None:
        """Forgets a segment that ClickHouse has."""
        segment.unlink(missing_ok=True)
        self._waiting.discard(segment)

    def set_aside(self, segment: Path, why: str) -> None:
        """Moves a sealed segment that cannot be read out of the way, or passes over it from now
        on."""
        self._put_aside(segment, why)
        self._waiting.pass_over(segment)

    def close(self) -> None:
        """Seals what is left. Nothing may be written any more."""
        self.seal()
        self._segment.close()
        if not self._segment.rows:  # else the disk is full; the next run finds it
            self._segment.path.unlink(missing_ok=True)

    # Inside

    def _look_again(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._committer is not None:
            loop.call_later(_LOOK_SECONDS, self._look_again, loop)
            self.has_room(0)

    def _can_queue(self, size: int) -> bool:
        if not self.has_room(size):
            return False
        room = self._backlog_limit - self.backlog_bytes
        self._headroom = min(room, _MOST_QUEUED_BYTES - self._queued_bytes)
        # What is larger than the queue must pass when nothing else is queued.
        alone = size > _MOST_QUEUED_BYTES and not self._queued_bytes
        return alone or size <= self._headroom

    def _write(self, group: list[Entry]) -> bool:
        """Makes a group durable, on the committer's thread."""
        rows = sum(entry.rows for entry in group)
        if not rows:
            return True  # marks alone: what came before them is durable by now
        text = seal_group([entry.lines for entry in group], rows)
        try:
            with self._lock:
                self._segment.write(text, rows)
                if self._first_row_at is None:
                    self._first_row_at = time.monotonic()
                waiting, size = self._segment.rows, self._segment.size
        except OSError as error:
            self._report(f"the journal cannot be written: {_said(error)}")
            return False
        if waiting >= self._rows_wanted:
            self._due.set()
        if size > _SEGMENT_BYTES and not self._sealing.locked():
            # Beside the committer: sealing syncs the disk. The loader may be held up elsewhere.
            with contextlib.suppress(RuntimeError):  # no thread can be had: the loader seals it
                threading.Thread(target=self.seal, name="journal-seal", daemon=True).start()
        return True

    def _tell(self, group: list[Entry], durable: bool) -> None:
        self._queued_bytes -= sum(len(entry.lines) for entry in group)
        for entry in group:
            try:
                entry.done(durable)
            except Exception:
                # Whatever is wrong with one who waits, the others are told.
                log.exception("answer_not_given")

    def _look_at_disk(self, now: float) -> None:
        self._looked_at = now
        if self._committer is not None and self._committer.hangs():
            self._report(f"the disk has not answered for {self._sync_patience:g} seconds")
            return
        try:
            disk = os.statvfs(self.directory)
        except OSError as error:
            self._report(f"the journal's disk does not answer: {_said(error)}")
            return
        free = disk.f_bavail * disk.f_frsize
        if free < self._reserve:
            self._report(
                f"the disk is nearly full ({free // 2**20} MiB free, {self._reserve // 2**20} MiB "
                "are kept for ClickHouse)"
            )
        elif self.backlog_bytes >= self._backlog_limit - self._last_room:
            self._report(f"the backlog limit of {self._backlog_limit} bytes is reached")
            self._has_room = True  # compared for each request
        elif self.problem is not None:
            log.info("journal_resumed", was=self.problem)
            self.problem = None
            self._has_room = True

    def _report(self, problem: str) -> None:
        if self.problem is None:
            log.error("journal_refuses", problem=problem)
        self.problem = problem
        self._has_room = False
        self._headroom = 0
        self._looked_at = time.monotonic()

    def _recover(self) -> int:
        """Seals what was left open, puts aside what is no segment; returns the highest acceptance
        number found."""
        last = remembered_number(self.directory)
        for segment in sorted(self.directory.iterdir()):
            if segment.name in (_LAST_NUMBER, _LAST_NUMBER + ".new", _ASIDE, "lost+found"):
                continue
            try:
                last = max(last, self._recover_one(segment))
            except OSError as error:
                if error.errno not in UNREADABLE:
                    raise
                self._put_aside(segment, error.strerror or str(error))
        return last

    def _recover_one(self, segment: Path) -> int:
        """Returns the highest acceptance number that is seen of it."""
        number = segments.number_of(segment)
        stat = segment.lstat()
        if not S_ISREG(stat.st_mode):
            self._put_aside(segment, "it is no regular file")
        elif number is None or segment.suffix not in (OPEN, PART, SEALED):
            self._put_aside(segment, "the journal gives no such names")
        elif segment.suffix == PART:
            segment.unlink()
        elif segment.suffix == OPEN:
            recovered = segments.recover(segment)
            log.info(
                "journal_recovered",
                segment=segment.stem,
                bytes=recovered.sealed.stat().st_size if recovered.sealed else 0,
                torn=recovered.torn,
                damaged=recovered.damaged,
            )
            return max(number, recovered.last)
        elif not stat.st_size and not segments.size_of(segment):
            self._put_aside(segment, "it is empty")
        else:
            return number
        return 0

    def _put_aside(self, thing: Path, why: str) -> None:
        """Moves what is no segment, or cannot be read, out of the way; where that cannot be done
        it is passed over."""
        aside = self.directory / _ASIDE
        target = aside / f"{thing.name[:200]}-{secrets.token_hex(4)}"
        try:
            aside.mkdir(mode=0o700, exist_ok=True)
            thing.rename(target)
            segments.sync_directory(self.directory)
        except OSError as error:
            log.error(
                "journal_passes_over",
                name=thing.name,
                why=why,
                problem=error.strerror or str(error),
            )
            return
        log.error("journal_sets_aside", name=thing.name, why=why, kept_in=str(target))

    def _new_segment(self, like: int = 0) -> OpenSegment:
        return OpenSegment(self.directory, self._number(), durable=self._durable, like=like)

    def _number(self) -> int:
        """Names later segments after earlier ones, also when the clock was set back."""
        return max(self._clock(), self.sequence.last)

    def _remember_number(self) -> None:
        """So that a clock that was set back between two runs does not repeat numbers."""
        target = self.directory / _LAST_NUMBER
        fresh = target.with_suffix(".new")
        try:
            fresh.write_text(str(self.sequence.last))
            fresh.replace(target)
        except OSError:
            log.warning("journal_number_not_remembered")


def remembered_number(directory: Path) -> int:
    """The last acceptance number, as far as the journal in ``directory`` wrote it down; else 0."""
    try:
        number = int((directory / _LAST_NUMBER).read_text()[:20])
    except (OSError, ValueError):
        return 0
    return number if 0 <= number < 2**63 else 0


def _said(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full, or the quota used up: free some space"
    return error.strerror or str(error)
