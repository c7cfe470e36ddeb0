"""Rows with very many properties. Each property takes ClickHouse several times as long there as in
other rows, so thousands of such rows in one insert would hold up all rows that come after them.
They are put into segments of their own, of so many properties that one is inserted in less than a
second, and other segments go before these."""

import os
from collections.abc import Collection, Iterator
from pathlib import Path
from stat import S_ISREG
from typing import BinaryIO, Final, NamedTuple

from whipstitch.core.files import PART, sync_directory
from whipstitch.journal.groups import COMMIT_START, seal_group
from whipstitch.journal.segments import new_stem, number_of
from whipstitch.loader.large import LARGEST_COPY, NO_COPY

MOST_AT_ONCE: Final = 200_000
"""Properties of wide rows in one insert."""
_WIDTHS: Final = 4
"""A segment with a fourth of what is stored at once waits for others, too."""
_WIDE: Final = 64
"""More properties than that make a row wide."""
_LEAST_BYTES: Final = 900
"""Of a row that has so many."""
_KEY: Final = b'":'
"""Ends a key, or stands in a text: what is counted is about right."""
_GROUP_BYTES: Final = 2**20
_SAMPLED: Final = 8
"""Of so many pieces of a segment one is looked at first."""
_READ_SIZE: Final = 32 * 1024
"""So little that the event loop does not wait for the interpreter meanwhile."""


class Width(NamedTuple):
    """How many wide rows there are, and how many properties these have, about; ``mixed``: beside
    other rows."""

    rows: int
    properties: int
    mixed: bool = False


def width(segment: Path, exact_from: int) -> Width:
    """Of fewer properties than that it says only about how many there are, and no rows: to look at
    every row takes long. May be asked of a segment that nobody has checked yet.

    Raises OSError."""
    if not segment.is_file():
        return Width(0, 0)
    with segment.open("rb") as file:
        about = _sampled(file)
        if about < exact_from:
            return Width(0, about)
        file.seek(0)
        rows = total = others = 0
        for lines in _pieces(file):
            for line in lines:
                found = _properties(line)
                rows += bool(found)
                total += found
                others += not found and not line.startswith(COMMIT_START)
    return Width(rows, total, others > 0)


def _sampled(file: BinaryIO) -> int:
    size = os.fstat(file.fileno()).st_size
    looked_at = found = 0
    for at in range(0, size, _READ_SIZE * _SAMPLED):
        file.seek(at)
        piece = file.read(_READ_SIZE)
        looked_at += len(piece)
        found += sum(_properties(line) for line in piece.split(b"\n") if len(line) > _LEAST_BYTES)
    return found * size // max(1, looked_at)


class Widths:
    """Of the segments that wait, as far as they were looked at. ``most``: so many properties of
    wide rows are stored in one insert."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._known: dict[Path, Width] = {}

    def of(self, segment: Path) -> Width:
        """See ``width``; nothing, where it cannot be read."""
        if segment not in self._known:
            try:
                if not S_ISREG(segment.lstat().st_mode):
                    return Width(0, 0)  # set aside in its turn; a pipe would be waited for
                self._known[segment] = width(segment, self.most // (2 * _WIDTHS))
            except OSError:  # it is looked at again
                return Width(0, 0)
        return self._known[segment]

    def waits(self, properties: int) -> bool:
        """Whether a segment with so many lets others go before."""
        return properties > self.most // _WIDTHS

    def keep(self, segments: Collection[Path]) -> None:
        """Forgets all others."""
        self._known = {one: self._known[one] for one in segments if one in self._known}


def split(segment: Path, most: int = MOST_AT_ONCE) -> Iterator[Path]:
    """Makes parts, synced, of a segment that is whole: one with the other rows, then those with the
    wide ones, of at most ``most`` properties each, or of one row.

    Raises OSError."""
    with segment.open("rb") as file:
        others = _Part(segment)
        for line in _lines(file):
            if not _properties(line):
                others.add(line)
        yield from others.end()
        file.seek(0)
        part, properties = _Part(segment), 0
        for line in _lines(file):
            if found := _properties(line):
                if properties + found > most:
                    yield from part.end()
                    part, properties = _Part(segment), 0
                part.add(line)
                properties += found
        yield from part.end()


def split_evenly(segment: Path, rows: int) -> Iterator[Path]:
    """Makes parts, synced, of so many rows of a segment that is whole.

    Raises OSError."""
    with segment.open("rb") as file:
        part = _Part(segment)
        for number, line in enumerate(_lines(file), 1):
            part.add(line)
            if number % rows == 0:
                yield from part.end()
                part = _Part(segment)
        yield from part.end()


def _pieces(file: BinaryIO) -> Iterator[list[bytes]]:
    """The lines, but for those over 1 MB, of which queries have no copy."""
    rest, cut = b"", False
    while piece := file.read(_READ_SIZE):
        *lines, rest = (rest + piece).split(b"\n")
        yield lines[1:] if cut else lines
        cut = cut and not lines
        if len(rest) > LARGEST_COPY:
            rest, cut = b"", True


def _lines(file: BinaryIO) -> Iterator[bytes]:
    return (line for line in file if not line.startswith(COMMIT_START))


def _properties(line: bytes) -> int:
    """0: it is no wide row."""
    if len(line) <= _LEAST_BYTES or line.rstrip(b"\n").endswith(NO_COPY):
        return 0
    found = line.count(_KEY)
    return found if found > _WIDE else 0


class _Part:
    """A part of a segment, as young as that is; no file before there is a row."""

    def __init__(self, segment: Path) -> None:
        self._path = segment.with_name(new_stem(number_of(segment) or 0) + PART)
        self._file: BinaryIO | None = None
        self._group: list[bytes] = []
        self._bytes = 0

    def add(self, line: bytes) -> None:
        self._group.append(line)
        self._bytes += len(line)
        if self._bytes >= _GROUP_BYTES:
            self._write()

    def end(self) -> Iterator[Path]:
        """The part, if it has rows."""
        self._write()
        if self._file is not None:
            with self._file as file:
                file.flush()
                os.fsync(file.fileno())
            sync_directory(self._path.parent)
            yield self._path

    def _write(self) -> None:
        if self._group:
            self._file = self._file or self._path.open("wb")
            self._file.write(seal_group(self._group, len(self._group)))
            self._group, self._bytes = [], 0
