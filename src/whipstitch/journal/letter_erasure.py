"""The rows of erased people leave those files of dead letters that are no segments: a large row,
and damaged bytes.

``erased`` tells until when those of some people whom it is given are erased."""

from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final

from whipstitch.core.files import PART, sync_directory
from whipstitch.core.projects import Somebody
from whipstitch.journal.checking import Range, copy_ranges
from whipstitch.journal.dead_letter import HEAD, DeadLetter, large_letter

PIECE: Final = 2**20
"""Bytes that are read at once."""
_LINES_AT_ONCE: Final = 256

Erased = Callable[[Collection[Somebody]], Mapping[Somebody, int]]


def erase_large(file: Path, erased: Erased) -> int:
    """Deletes the file if its row is an erased person's; returns how many rows went."""
    try:
        letter = large_letter(file)
    except FileNotFoundError:  # replayed meanwhile
        return 0
    until = erased(letter.names)
    if not any(until.get(name, -1) >= letter.accepted for name in letter.names):
        return 0
    file.unlink(missing_ok=True)
    sync_directory(file.parent)
    return 1


def erase_damaged(file: Path, erased: Erased) -> int:
    """Deletes the lines of erased people, as far as they can be told; returns how many. In memory
    are beginnings of some lines."""
    gone: list[Range] = []
    end = 0
    with file.open("rb") as opened:
        lines = _beginnings(opened)
        while some := list(islice(lines, _LINES_AT_ONCE)):
            until = erased({name for letter, _ in some for name in letter.names})
            gone += [
                place
                for letter, place in some
                if any(until.get(name, -1) >= letter.accepted for name in letter.names)
            ]
            end = some[-1][1][1]
    if gone:
        starts, ends = [0, *(one[1] for one in gone)], [*(one[0] for one in gone), end]
        part = file.with_suffix(PART)
        copy_ranges(file, tuple(zip(starts, ends, strict=True)), part)
        part.rename(file)
        sync_directory(file.parent)
    return len(gone)


def _beginnings(file: BinaryIO) -> Iterator[tuple[DeadLetter, Range]]:
    """The beginning of each line, and where the line is."""
    start = 0
    while head := file.readline(HEAD):
        piece = head
        while not piece.endswith(b"\n") and (piece := file.readline(PIECE)):
            pass
        yield DeadLetter(head, ""), (start, file.tell())
        start = file.tell()
