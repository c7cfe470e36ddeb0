"""The worker's side of the heavy lane: one body, in a process of its own."""

import contextlib
import os
import resource
import signal
import threading
import time
from collections.abc import Iterator
from io import FileIO
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec

from whipstitch.admission import answers, screens
from whipstitch.admission.admit import Admission, Caller, Tally, keep, seen_screens, summary
from whipstitch.admission.answers import Answer
from whipstitch.admission.bodies import Operation, read_operations, split_batch
from whipstitch.admission.rows import encode_lines
from whipstitch.admission.sequence import Sequence
from whipstitch.doors.unpacking import Corrupt, Oversized, unpack
from whipstitch.journal.groups import closing_line
from whipstitch.placeholders import Placeholders
from whipstitch.projects import Directory

_NICENESS = 10
_CHUNK = 1000
_MOST_LINES = 8 * 1024 * 1024
_SYNCED_AT_ONCE = 1024 * 1024
"""Bytes. While a disk takes hundreds of megabytes at once, the journal's small syncs, for which the
other clients wait, queue behind them for a tenth of a second."""


class Job(msgspec.Struct, frozen=True):
    """One body to admit. ``limit``: bytes that it may unpack to; ``part``: where a segment of its
    own may be written; ``floor``: the last acceptance number used."""

    endpoint: str
    caller: Caller
    spool: Path
    encoding: str
    limit: int
    part: Path
    floor: int
    placeholders: Placeholders
    directory: Directory


class HeavyAdmitted(msgspec.Struct, frozen=True):
    """Rows as ``lines``, or, where ``parted``, in the synced segment that the job named.
    ``last``: the last acceptance number used."""

    lines: bytes
    rows: int
    last: int
    tally: Tally
    answer: Answer
    parted: bool


def begin(lifeline: Connection, memory: int) -> None:
    """Gives way to the event loop, takes at most ``memory`` bytes, and goes when the server goes:
    ``lifeline`` ends with it."""
    os.nice(_NICENESS)
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
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
        body = unpack(job.spool.read_bytes(), job.encoding, job.limit)
    except Oversized:
        return answers.TOO_LARGE
    except Corrupt:
        return answers.INVALID_BODY
    sequence = Sequence(lambda: time.time_ns() // 1000, job.floor)
    admission = Admission(sequence, lambda: job.directory, job.placeholders)
    if job.endpoint == "batch":
        return _admit_batch(body, job, admission)
    admitted = getattr(admission, job.endpoint)(body, job.caller)
    if isinstance(admitted, Answer):
        return admitted
    del body  # a row may be as large
    out = _Out(job.part)
    out.add(admitted.lines, admitted.rows)
    return out.admitted(sequence.last, admitted.tally, admitted.answer)


def _admit_batch(body: bytes, job: Job, admission: Admission) -> HeavyAdmitted | Answer:
    """In steps, so that a batch of half a gigabyte is never there as Python objects all at once."""
    raws = split_batch(body)
    if isinstance(raws, Answer):
        return raws
    total = Tally()
    for operations in _chunks(raws, body):
        if isinstance(operations, Answer):
            return operations
        total += keep(operations).tally(len(operations))
    if not total.accepted:
        return answers.DISCARDED_ALL
    numbers = admission.numbers(total)
    last = numbers.alias + total.accepted - 1
    seen: dict[tuple[str, str | None], None] = {}
    out = _Out(job.part)
    for operations in _chunks(raws, body):
        assert not isinstance(operations, Answer)  # noqa: S101 - every one was read above
        kept = keep(operations)
        rows = list(admission.rows(kept, job.caller, numbers))
        out.add(encode_lines(rows), len(rows))
        seen.update(dict.fromkeys(seen_screens(event.payload for event in kept.events)))
    wanted = screens.missing(seen, job.caller.key, job.directory)
    total = admission.with_times(total)
    return out.admitted(last, total, summary(total, job.caller.key, wanted))


def _chunks(raws: list[msgspec.Raw], body: bytes) -> Iterator[list[Operation] | Answer]:
    for at in range(0, len(raws), _CHUNK):
        yield read_operations(raws[at : at + _CHUNK], body)


class _Out:
    """Rows in memory, or in a segment once they are many."""

    def __init__(self, part: Path) -> None:
        self._part = part
        self._file: FileIO | None = None
        self._chunks: list[bytes] = []
        self._size = 0
        self._group_rows = 0
        self._rows = 0

    def add(self, lines: bytes, rows: int) -> None:
        self._chunks.append(lines)
        self._size += len(lines)
        self._group_rows += rows
        self._rows += rows
        if self._size > _MOST_LINES:
            self._write()

    def admitted(self, last: int, tally: Tally, answer: Answer) -> HeavyAdmitted:
        if self._file is None:
            lines = b"".join(self._chunks)
            return HeavyAdmitted(lines, self._rows, last, tally, answer, parted=False)
        self._write()
        self._file.close()
        return HeavyAdmitted(b"", self._rows, last, tally, answer, parted=True)

    def _write(self) -> None:
        if self._file is None:
            self._file = self._part.open("xb", buffering=0)
        if self._chunks:
            # Not as one text: a chunk may be one row of hundreds of megabytes.
            closing = closing_line(self._chunks, self._group_rows)
            for chunk in (*self._chunks, closing):
                text = memoryview(chunk)
                while text:
                    text = text[self._file.write(text[:_SYNCED_AT_ONCE]) :]
                    os.fdatasync(self._file.fileno())
        self._chunks, self._size, self._group_rows = [], 0, 0
