"""The worker's side of bulk admission: one large body, in a process of its own."""

import contextlib
import fcntl
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from mmap import ACCESS_COPY, MAP_ANONYMOUS, MAP_PRIVATE, mmap
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec

from whipstitch.core.placeholders import Placeholders
from whipstitch.core.portable import limit_memory
from whipstitch.core.projects import ProjectSnapshot
from whipstitch.core.sequence import Sequence
from whipstitch.ingest.bulk.segment_out import BulkAdmitted, SegmentOut
from whipstitch.ingest.client import ClientContext
from whipstitch.ingest.http.decompression import BOM, Corrupt, Oversized, unpack_file
from whipstitch.ingest.validation import answers
from whipstitch.ingest.validation.answers import Answer
from whipstitch.ingest.validation.large import LargeValidator
from whipstitch.ingest.validation.validate import Validator

_NICENESS = 10
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


def admit(job: Job) -> BulkAdmitted | Answer:
    """Does for ``job`` what the service does for a small body.

    Raises:
        OSError: no room for the segment, or the spool is gone.
    """
    try:
        return _admit(job)
    except MemoryError:
        # As JSON it is within the limit, as objects it is beyond all measure: millions of numbers
        # where operations belong.
        return answers.TOO_LARGE


def _admit(job: Job) -> BulkAdmitted | Answer:
    try:
        with _body(job) as body:
            return _admit_body(body, job)
    except Oversized:
        return answers.TOO_LARGE
    except Corrupt:
        return answers.INVALID_BODY


def _admit_body(body: memoryview, job: Job) -> BulkAdmitted | Answer:
    sequence = Sequence(lambda: time.time_ns() // 1000, job.floor)
    out = SegmentOut(job.part, job.room)
    validator = Validator(
        sequence,
        lambda: job.directory,
        job.placeholders,
        max_operation=job.max_operation,
        encode=out.take,
    )
    large = LargeValidator(validator, sequence, out.put, job.directory)
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
