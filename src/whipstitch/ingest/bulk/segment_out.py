"""The rows of one large body on their way into a segment of their own."""

import errno
import zlib
from collections.abc import Sequence as Rows
from io import FileIO
from pathlib import Path

import msgspec

from whipstitch.core.portable import sync_data
from whipstitch.ingest.validation.answers import Answer
from whipstitch.ingest.validation.counts import Counts
from whipstitch.ingest.validation.large import Lines, lines_of
from whipstitch.ingest.validation.rows import Row
from whipstitch.journal.groups import commit_line

_MOST_LINES = 8 * 1024 * 1024
_SYNCED_AT_ONCE = 1024 * 1024
"""Bytes. While a disk takes hundreds of megabytes at once, the journal's small syncs, for which the
other clients wait, queue behind them for a tenth of a second."""


class BulkAdmitted(msgspec.Struct, frozen=True):
    """Rows as ``lines``, or, where ``parted``, in the synced segment that the job named.
    ``last``: the last acceptance number used."""

    lines: bytes
    rows: int
    last: int
    tally: Counts
    answer: Answer
    parted: bool


class SegmentOut:
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

    def admitted(self, last: int, tally: Counts, answer: Answer) -> BulkAdmitted:
        if self._file is None:
            lines = b"".join(self._held)
            return BulkAdmitted(lines, self._rows, last, tally, answer, parted=False)
        self._end_group()
        self._file.close()
        return BulkAdmitted(b"", self._rows, last, tally, answer, parted=True)

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
