"""The journal itself: takes rows from the doors, hands sealed segments to the loader.

Longer than other modules, because the two sides meet here: each method is one step that either side
takes, and what it does with it stands in ``room``, ``writer``, ``waiting`` and ``recovery``."""

import asyncio
import contextlib
import threading
import time
from pathlib import Path
from typing import Final, Literal

import structlog

from whipstitch.core.errors import JournalError
from whipstitch.core.files import PART
from whipstitch.core.sequence import Clock
from whipstitch.journal.acceptance_numbers import AcceptanceNumbers, said_ahead
from whipstitch.journal.aside import put_aside, said_of_aside
from whipstitch.journal.group_commit import Committer, Entry, InlineCommitter, ThreadedCommitter
from whipstitch.journal.groups import seal_group
from whipstitch.journal.recovery import recover
from whipstitch.journal.room import LOOK_SECONDS, Room, said
from whipstitch.journal.segments import lasting_name, new_stem, seal
from whipstitch.journal.waiting import Waiting
from whipstitch.journal.writer import Writer

log = structlog.get_logger(__name__)

_SYNC_PATIENCE: Final = 10.0
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
        clock: Clock = lambda: time.time_ns() // 1000,
    ) -> None:
        """Opens the journal, mending what a killed process left.

        Raises:
            JournalError: the directory cannot be written.
        """
        self.directory = directory
        self._durable = durability == "fsync"
        self._sync_patience = sync_patience
        self._committer: Committer | None = None
        self._queued_bytes = 0
        try:
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._numbers = AcceptanceNumbers(directory, clock, recover(directory))
            self._waiting = Waiting(directory)
            self._writer = Writer(directory, self._numbers, self._waiting, durable=self._durable)
            self._room = Room(directory, backlog_limit, disk_reserve)
        except OSError as error:
            raise JournalError(
                f"The journal in {directory} cannot be opened: {error.strerror or error}. "
                "Check the directory's owner and the free space."
            ) from error
        self.sequence = self._numbers.sequence

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
        if committer is None or (size > self._room.headroom and not self._can_queue(size)):
            return False
        self._room.headroom -= size
        self._queued_bytes += size
        committer.put(entry)
        return True

    def has_room(self, size: int) -> bool:
        """Whether ``size`` more bytes may wait for the loader, as a segment put together elsewhere.
        ``append`` asks by itself."""
        self._look_if_due()
        return self._room.has(size, self.backlog_bytes)

    @property
    def room(self) -> int:
        """Bytes that may still wait for the loader."""
        return self._room.left(self.backlog_bytes)

    @property
    def problem(self) -> str | None:
        """Why rows are refused at the moment, for a person; None: they are not."""
        return self._room.problem

    def new_part(self) -> Path:
        """A name for a segment that is put together elsewhere, to be adopted."""
        return self.directory / (new_stem(self._numbers.of_new_segment()) + PART)

    def adopt(self, part: Path) -> None:
        """Takes over a synced file of whole groups as a sealed segment: its rows are durable on
        return, all of them or none.

        Raises:
            OSError: none of them is.
        """
        self._waiting.add(seal(part))
        self._writer.wake()

    @property
    def warnings(self) -> list[str]:
        """What an operator should look at, though rows are taken and stored."""
        told = [said_of_aside(self.directory)]
        if self._numbers.much_ahead:
            told.append(said_ahead(self.sequence.ahead))
        return [one for one in told if one]

    @property
    def backlog_bytes(self) -> int:
        """What waits for the loader."""
        return self._waiting.bytes + self._writer.unsealed_bytes + self._queued_bytes

    @property
    def oldest_seconds(self) -> float:
        """How long the oldest row that waits for the loader has waited, about."""
        oldest = self._waiting.oldest()
        if oldest is not None:
            return max(0.0, time.time() - oldest)
        first = self._writer.first_row_at
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
        return self._writer.wait(rows, seconds, stop)

    def seal(self) -> None:
        """Closes the open segment, if it holds rows, and begins another. Where the disk has no
        room for that, the segment stays open and ``problem`` says so."""
        try:
            self._writer.seal()
        except OSError as error:
            self._room.refuse(f"no journal segment can be begun or sealed: {said(error)}")

    def sealed(self) -> list[Path]:
        """The sealed segments, oldest first. Raises OSError."""
        return self._waiting.segments()

    def unstored(self) -> set[str]:
        """The lasting names of all segments that hold rows, the one being written among them.
        Raises OSError."""
        unsealed = self._writer.unsealed()
        return {lasting_name(segment) for segment in (*unsealed, *self.sealed())}

    def remove(self, segment: Path) -> None:
        """Forgets a segment that ClickHouse has."""
        segment.unlink(missing_ok=True)
        self._waiting.discard(segment)

    def set_aside(self, segment: Path, why: str) -> None:
        """Moves a sealed segment that cannot be read out of the way, or passes over it from now
        on."""
        put_aside(segment, why)
        self._waiting.pass_over(segment)

    def close(self) -> None:
        """Seals what is left. Nothing may be written any more."""
        self.seal()
        self._writer.close()

    # Inside

    def _look_again(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._committer is not None:
            loop.call_later(LOOK_SECONDS, self._look_again, loop)
            self._look_if_due()

    def _look_if_due(self) -> None:
        if not self._room.is_look_due():
            return
        if self._committer is not None and self._committer.hangs():
            self._room.refuse(f"the disk has not answered for {self._sync_patience:g} seconds")
        else:
            self._room.look(self.backlog_bytes)

    def _can_queue(self, size: int) -> bool:
        self._look_if_due()
        return self._room.can_queue(size, self.backlog_bytes, self._queued_bytes)

    def _write(self, group: list[Entry]) -> bool:
        """Makes a group durable, on the committer's thread."""
        rows = sum(entry.rows for entry in group)
        if not rows:
            return True  # marks alone: what came before them is durable by now
        text = seal_group([entry.lines for entry in group], rows)
        try:
            full = self._writer.write(text, rows)
        except OSError as error:
            self._room.refuse(f"the journal cannot be written: {said(error)}")
            return False
        if full:
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
