"""Rows too large for what is done with all others. Of the properties of a row over 1 MB queries
have no copy: taken apart, it would take many times its size in memory, here and in ClickHouse. What
was sent is stored all the same. A row over a limit of the operator is not stored but kept as it is.

Segments are looked through and taken apart in pieces: no such row is ever decoded here."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

from whipstitch.core.files import PART, sync_directory
from whipstitch.journal.groups import COMMIT_START, seal_group

LARGEST_ROW: Final = 16 * 2**20
"""Bytes, where nobody says another number."""
LARGEST_COPY: Final = 2**20
"""Bytes of a row's line."""
NO_COPY: Final = b',"repaired":"{}","default_repaired":"{}"}'
"""How the line of an event ends whose properties queries are not to see. No client can say so: its
own objects end before the line does."""
_NEXT_LINE: Final = b"\n"

Range = tuple[int, int]
Keep = Callable[[Path, Range], None]


def larger_rows(segment: Path) -> list[Range]:
    """Where lines over 1 MB are, that are not marked already; each without its line break.

    Raises OSError."""
    found = []
    with segment.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        at = 0
        while at + LARGEST_COPY < size:
            file.seek(at)
            piece = file.read(LARGEST_COPY + 1)
            last = piece.rfind(_NEXT_LINE)
            if last < 0:
                end, marked = _rest_of_line(file, piece)
                if not marked:
                    found.append((at, end))
                last = end - at
            at += last + 1
    return found


def _rest_of_line(file: BinaryIO, before: bytes) -> tuple[int, bool]:
    """Where the line ends that is being read, and whether it is marked; ``before`` was read."""
    while piece := file.read(LARGEST_COPY):
        end = piece.find(_NEXT_LINE)
        if end >= 0:
            line_end = file.tell() - len(piece) + end
            return line_end, (before + piece[:end]).endswith(NO_COPY)
        before = (before + piece)[-len(NO_COPY) :]
    return file.tell(), before.endswith(NO_COPY)


def separate(segment: Path, large: list[Range], largest: int, keep: Keep) -> Path:
    """A part, synced, with all rows of ``segment`` that are to be stored, the ``large`` ones
    marked; those over ``largest`` bytes go to ``keep``, each as its place in the segment.

    Raises OSError."""
    part = segment.with_suffix(PART)
    with segment.open("rb") as old, part.open("wb") as new:
        at = 0
        for start, end in [*large, (os.fstat(old.fileno()).st_size, 0)]:
            _copy_others(old, at, start, new)
            if not end:
                break
            if end - start > largest:
                keep(segment, (start, end))
            else:
                old.seek(start)
                line = old.read(end - start)
                new.write(seal_group([line.rstrip()[:-1], NO_COPY, _NEXT_LINE], 1))
            at = end + 1
        new.flush()
        os.fsync(new.fileno())
    sync_directory(part.parent)
    return part


def _copy_others(old: BinaryIO, start: int, end: int, new: BinaryIO) -> None:
    """The rows between two places, in groups of their own."""
    for lines in _pieces(old, start, end):
        rows = [line for line in lines if not line.startswith(COMMIT_START)]
        if rows:
            new.write(seal_group(rows, len(rows)))


def _pieces(old: BinaryIO, start: int, end: int) -> Iterator[list[bytes]]:
    """The lines, about 1 MB of them at once."""
    old.seek(start)
    while start < end:
        piece = old.read(min(LARGEST_COPY, end - start))
        if start + len(piece) < end:
            piece += old.readline()
        start += len(piece)
        yield [line + _NEXT_LINE for line in piece.split(_NEXT_LINE) if line]
