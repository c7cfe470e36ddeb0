"""The worker's side of the heavy lane: one body, in a process of its own."""

import contextlib
import errno
import fcntl
import os
import signal
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from collections.abc import Sequence as Rows
from contextlib import contextmanager
from io import FileIO
from mmap import ACCESS_COPY, MAP_ANONYMOUS, MAP_PRIVATE, mmap
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec

from whipstitch.core.placeholders import Placeholders
from whipstitch.core.portable import limit_memory, sync_data
from whipstitch.core.projects import ProjectSnapshot
from whipstitch.core.sequence import Sequence
from whipstitch.ingest.client import ClientContext
from whipstitch.ingest.http.decompression import BOM, Corrupt, Oversized, unpack_file
from whipstitch.ingest.validation import answers
from whipstitch.ingest.validation.answers import Answer
from whipstitch.ingest.validation.counts import Counts
from whipstitch.ingest.validation.large import LargeAdmission, Lines, lines_of
from whipstitch.ingest.validation.rows import Row
from whipstitch.ingest.validation.validate import Validator
from whipstitch.journal.groups import commit_line

_NICENESS = 10
_MOST_LINES = 8 * 1024 * 1024
_SYNCED_AT_ONCE = 1024 * 1024
"""Bytes. While a disk takes hundreds of megabytes at once, the journal's small syncs, for which the
other clients wait, queue behind them for a tenth of a second."""
_HUGE = 64 * 1024 * 1024
"""Bytes. Of larger bodies one is in memory at a time."""


class Job(msgspec.Struct, frozen=True):
    """One body to admit. ``limit``: bytes that it may unpack to; ``part``: where a segment of its
    own may be written, of at most ``room`` bytes; ``floor``: the last acceptance number used."""

    endpoint: str
    client: ClientContext
    spool: Path
    encoding: str
    limit: int
    part: Path
    room: int
    floor: int
    placeholders: Placeholders
    directory: ProjectSnapshot
    max_operation: int


class HeavyAdmitted(msgspec.Struct, frozen=True):
    """Rows as ``lines``, or, where ``parted``, in the synced segment that the job named.
    ``last``: the last acceptance number used."""

    lines: bytes
    rows: int
    last: int
    tally: Counts
    answer: Answer
    parted: bool


def begin(lifeline: Connection, memory: int) -> None:
    """Gives way to the event loop, takes at most ``memory`` bytes, and goes when the server goes:
    ``lifeline`` ends with it."""
    os.nice(_NICENESS)
    limit_memory(memory)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C reaches us too; the server ends us

    def watch() -> None:
        with contextlib.suppress(EOFError, OSError):
            lifeline.recv_bytes()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def admit(job: Job) -> HeavyAdmitted | Answer:
    """Does for ``job`` what the intake does for a light body.

    Raises:
        OSError: no room for the segment, or the spool is gone.
    """
    try:
        return _admit(job)
    except MemoryError:
        # As JSON it is within the limit, as objects it is beyond all measure: millions of numbers
        # where operations belong.
        return answers.TOO_LARGE


def _admit(job: Job) -> HeavyAdmitted | Answer:
    try:
        with _body(job) as body:
            return _admit_body(body, job)
    except Oversized:
        return answers.TOO_LARGE
    except Corrupt:
        return answers.INVALID_BODY


def _admit_body(body: memoryview, job: Job) -> HeavyAdmitted | Answer:
    sequence = Sequence(lambda: time.time_ns() // 1000, job.floor)
    out = _Out(job.part, job.room)
    admission = Validator(
        sequence,
        lambda: job.directory,
        job.placeholders,
        max_operation=job.max_operation,
        encode=out.take,
    )
    large = LargeAdmission(admission, sequence, out.put, job.directory)
    tally, answer = large.admit(job.endpoint, body, job.client)
    return answer if answer.refuses else out.admitted(sequence.last, tally, answer)


@contextmanager
def _body(job: Job) -> Iterator[memoryview]:
    """What was sent, as it was before it was packed.

    Raises:
        Oversized, Corrupt, OSError
    """
    with job.spool.open("rb") as spool, contextlib.ExitStack() as stack:
        size = os.fstat(spool.fileno()).st_size
        if not size:
            raise Corrupt
        if job.encoding:
            plain = _Plain(job.limit, lambda: stack.enter_context(_turn(job.spool)))
            unpack_file(spool, job.encoding, job.limit, plain)
            memory, size = plain.memory, plain.size
        else:
            if size > job.limit:
                raise Oversized
            if size > _HUGE:
                stack.enter_context(_turn(job.spool))
            memory = mmap(spool.fileno(), size, access=ACCESS_COPY)
        start = len(BOM) if memory[: len(BOM)] == BOM else 0
        # What was decoded may still look into it: the memory goes with the last that does.
        yield memoryview(memory)[start:size]


@contextmanager
def _turn(spool: Path) -> Iterator[None]:
    """One worker at a time."""
    directory = os.open(spool.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)
        yield
    finally:
        os.close(directory)


class _Plain:
    """A text that is being unpacked, in memory that is not there before it is needed."""

    def __init__(self, limit: int, wait: Callable[[], None]) -> None:
        """``wait`` is called before it gets huge."""
        self.memory = mmap(-1, max(limit, 1), flags=MAP_PRIVATE | MAP_ANONYMOUS)
        self.size = 0
        self._wait = wait
        self._waited = False

    def append(self, piece: bytes) -> None:
        end = self.size + len(piece)
        if end > _HUGE and not self._waited:
            self._waited = True
            self._wait()
        self.memory[self.size : end] = piece
        self.size = end

    def clear(self) -> None:
        self.size = 0


class _Out:
    """Rows in memory, or in a segment once they are many."""

    def __init__(self, part: Path, room: int) -> None:
        self._part = part
        self._room = room
        self._file: FileIO | None = None
        self._held: list[bytes | memoryview] = []
        self._held_bytes = 0
        self._rows = 0
        self._group_rows = self._group_bytes = self._group_crc = 0

    def take(self, rows: Rows[Row]) -> bytes:
        """``put`` for rows; the lines are nobody else's affair."""
        self.put(lines_of(rows), len(rows))
        return b""

    def put(self, lines: Lines, rows: int) -> None:
        """Raises OSError where there is no room."""
        for piece in lines:
            self._held.append(piece)
            self._held_bytes += len(piece)
            if self._held_bytes > _MOST_LINES:
                self._write()
        self._rows += rows
        self._group_rows += rows
        if self._group_bytes:
            self._end_group()

    def admitted(self, last: int, tally: Counts, answer: Answer) -> HeavyAdmitted:
        if self._file is None:
            lines = b"".join(self._held)
            return HeavyAdmitted(lines, self._rows, last, tally, answer, parted=False)
        self._end_group()
        self._file.close()
        return HeavyAdmitted(b"", self._rows, last, tally, answer, parted=True)

    def _end_group(self) -> None:
        self._write()
        if self._group_rows:
            self._append(commit_line(self._group_rows, self._group_bytes, self._group_crc))
        self._group_rows = self._group_bytes = self._group_crc = 0

    def _write(self) -> None:
        if self._file is None:
            self._file = self._part.open("xb", buffering=0)
        for piece in self._held:
            self._group_crc = zlib.crc32(piece, self._group_crc)
            self._group_bytes += len(piece)
            self._append(piece)
        self._held, self._held_bytes = [], 0

    def _append(self, piece: bytes | memoryview) -> None:
        assert self._file is not None  # noqa: S101 - opened before
        self._room -= len(piece)
        if self._room < 0:
            raise OSError(errno.ENOSPC, "its rows are more than the backlog has room for")
        text = memoryview(piece)
        while text:
            text = text[self._file.write(text[:_SYNCED_AT_ONCE]) :]
            sync_data(self._file.fileno())
