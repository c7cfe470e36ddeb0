"""Whether a sealed segment is what was written: each group against its checksum, the whole against
the length in its name."""

import errno
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG
from typing import Final, NamedTuple

from whipstitch.core.files import PART, sync_directory
from whipstitch.journal.groups import COMMIT, COMMIT_START
from whipstitch.journal.segments import is_replayed, size_of

UNREADABLE: Final = {
    *(errno.EACCES, errno.EPERM, errno.EISDIR, errno.ELOOP, errno.ENXIO),
    *(errno.EIO, errno.EUCLEAN, errno.EBADMSG),
}
"""Errors that say that a file cannot be read, now or later: forbidden, no file, or a bad disk."""
_PIECE: Final = 1024 * 1024
_LONGEST_COMMIT: Final = 128

Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Damage:
    """What is wrong with a segment: where its ``whole`` groups are, and all other bytes.
    ``missing``: bytes that were there when it was sealed."""

    whole: tuple[Range, ...]
    damaged: tuple[Range, ...]
    missing: int

    @property
    def bytes(self) -> int:
        return sum(end - start for start, end in self.damaged)


def check(segment: Path) -> Damage | None:
    """What is damaged; None: nothing.

    Raises OSError."""
    # A pipe would be waited for, a link may lead anywhere.
    file = os.open(segment, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        stat = os.fstat(file)
        if not S_ISREG(stat.st_mode):
            raise OSError(errno.ENXIO, "it is no regular file")
        size = stat.st_size
        missing = max(0, size_of(segment) - size)
        if size and not missing and _is_whole(file, size):
            return None
    finally:
        os.close(file)
    return _look_closely(segment, missing)


def write_whole_groups(segment: Path, damage: Damage) -> Path:
    """A part with what is whole of ``segment``, synced.

    Raises OSError."""
    part = segment.with_suffix(PART)
    copy_ranges(segment, damage.whole, part)
    return part


def copy_ranges(source: Path, ranges: tuple[Range, ...], target: Path) -> None:
    """Writes those bytes of ``source``; they are on disk on return.

    Raises OSError."""
    with source.open("rb") as old, target.open("wb") as new:
        for start, end in ranges:
            old.seek(start)
            while start < end and (piece := old.read(min(_PIECE, end - start))):
                new.write(piece)
                start += len(piece)
        new.flush()
        os.fsync(new.fileno())
    sync_directory(target.parent)


def _is_whole(file: int, size: int) -> bool:
    """Whether the file is groups from end to end. It is read in pieces, from the end on: the line
    that closes a group says where that begins, so that nothing is searched for."""
    end = base = size
    text, view = b"", memoryview(b"")
    while end:
        if end - base < _LONGEST_COMMIT and base:
            base = max(0, end - _PIECE)
            text = os.pread(file, end - base, base)
            view = memoryview(text)
        here = end - base
        line = text.rfind(b"\n", max(0, here - _LONGEST_COMMIT), here - 1) + 1
        commit = COMMIT.match(text, line, here)
        if commit is None or commit.end() != here:
            return False
        start = base + line - int(commit[2])
        if start >= base:
            crc = zlib.crc32(view[start - base : line])
        else:
            crc = _crc(file, start, base + line) if start >= 0 else -1
        if crc != int(commit[3]):
            return False
        end = start
    return True


def _crc(file: int, start: int, end: int) -> int:
    crc = 0
    while start < end and (piece := os.pread(file, min(_PIECE, end - start), start)):
        crc = zlib.crc32(piece, crc)
        start += len(piece)
    return crc


def _look_closely(segment: Path, missing: int) -> Damage | None:
    """In pieces: a damaged segment may have any size."""
    whole: list[Range] = []
    damaged: list[Range] = []
    at = 0
    with segment.open("rb") as file:
        descriptor = file.fileno()
        size = os.fstat(descriptor).st_size
        closed = False
        for line, end, commit in _commits(descriptor, size):
            closed = True
            start = line - commit.bytes
            if start < at or _crc(descriptor, start, line) != commit.crc:
                continue
            if start > at:
                damaged.append((at, start))
            whole.append((start, end))
            at = end
        if at < size:
            damaged.append((at, size))
        if size and not closed and is_replayed(segment) and not _has_commit(descriptor, size):
            return None  # earlier versions closed no group there
    return Damage(tuple(whole), tuple(damaged), missing)


class _Commit(NamedTuple):
    bytes: int
    crc: int


def _commits(file: int, size: int) -> Iterator[tuple[int, int, _Commit]]:
    """Where lines that close groups begin and end, and what they say."""
    seen = 0
    for base, text in _pieces(file, size):
        for found in COMMIT.finditer(text):
            line, end = base + found.start(), base + found.end()
            # What stands at the beginning of a piece is no line by that.
            if end <= seen or (base and not found.start()):
                continue
            seen = end
            yield line, end, _Commit(int(found[2]), int(found[3]))


def _has_commit(file: int, size: int) -> bool:
    return any(COMMIT_START in text for _, text in _pieces(file, size))


def _pieces(file: int, size: int) -> Iterator[tuple[int, bytes]]:
    """Each with the end of the one before, in which a line that closes a group may begin."""
    for at in range(0, size, _PIECE):
        base = max(0, at - _LONGEST_COMMIT)
        yield base, os.pread(file, at + _PIECE - base, base)
