"""Segment files: where they lie, what they are called, and how one is written.

``<number>-<random>.open`` is being written, ``<number>-<random>-<bytes>.jsonl`` is sealed and waits
for the loader, ``.part`` is being put together elsewhere. The number, an acceptance number, sorts
them by age; the stem is never used twice, so that ClickHouse can tell a repeated insert by it."""

import os
import re
import secrets
import time
from pathlib import Path

from whipstitch.core.files import sync_directory
from whipstitch.core.portable import sync_data

OPEN = ".open"
SEALED = ".jsonl"
REPLAYED = "-replayed"
_PIECE_OF = "piece"
_STEM = re.compile(r"(\d{1,20})-([0-9A-Za-z]{1,32})(?:-(\d{1,15}))?")
MOST_NUMBER = 2**63
"""An acceptance number is less."""
_LEAST_ROOM = 64 * 1024
_MOST_ROOM = 2 * 1024 * 1024
_PIECE = bytes(32 * 1024)
_PIECES_A_SYNC = 4
_REST_SECONDS = 0.001
_SHARES_FREE = 128


def new_stem(number: int) -> str:
    return f"{number:020d}-{secrets.token_hex(4)}"


def number_of(segment: Path) -> int | None:
    """The acceptance number in a segment's name; None: the journal gives no such names."""
    named = _STEM.fullmatch(segment.stem)
    number = int(named[1]) if named else MOST_NUMBER
    return number if number < MOST_NUMBER else None


def size_of(segment: Path) -> int:
    """How many bytes a segment had when it was sealed, by its name; 0: it does not say."""
    named = _STEM.fullmatch(segment.stem)
    return int(named[3] or 0) if named else 0


def lasting_name(segment: Path) -> str:
    """What of a segment's name stays the same from its first row to its removal."""
    return "-".join(segment.stem.split("-")[:2])


def is_replayed(segment: Path) -> bool:
    """Whether it holds dead letters that are to be loaded again."""
    return segment.stem.endswith(REPLAYED)


def piece_stem(segment: Path, number: int | None = None) -> str:
    """The name of a piece of ``segment``: always the same, so that one that is made again takes its
    own place. None: of all of it."""
    age, unique = segment.stem.split("-")[:2]
    unique = unique if is_piece(segment) else _PIECE_OF + unique
    return f"{age}-{unique}" if number is None else f"{age}-{unique}{number:x}"


def is_piece(segment: Path) -> bool:
    """Whether it has some rows of a segment that was taken apart."""
    return segment.stem.partition("-")[2].startswith(_PIECE_OF)


def seal(segment: Path) -> Path:
    """Gives a finished segment the name by which the loader finds it. Raises OSError."""
    sealed = _sealed_name(segment, segment.stat().st_size)
    segment.rename(sealed)
    sync_directory(segment.parent)
    return sealed


def _sealed_name(segment: Path, size: int) -> Path:
    number, unique = segment.stem.split("-")[:2]
    return segment.with_name(f"{number}-{unique}-{size}{SEALED}")


class OpenSegment:
    """The segment that groups are written to. ``size`` is the length of its whole groups."""

    def __init__(self, directory: Path, number: int, *, durable: bool, like: int = 0) -> None:
        """``like``: the size of the segment before, which this one is expected to reach."""
        self.path = directory / (new_stem(number) + OPEN)
        self.size = 0
        self.rows = 0
        self._durable = durable
        self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        if durable:
            self._make_room(min(max(like * 5 // 4, _LEAST_ROOM), _MOST_ROOM))
        sync_directory(directory)

    def write(self, group: bytes, rows: int) -> None:
        """Appends a group; it is on disk on return (``durable``), or with the operating system.

        Raises:
            OSError: it is not, and the segment ends where it did before.
        """
        try:
            at = 0
            while at < len(group):
                at += os.pwrite(self._file, memoryview(group)[at:], self.size + at)
            if self._durable:
                sync_data(self._file)
        except OSError:
            os.ftruncate(self._file, self.size)
            raise
        self.size += len(group)
        self.rows += rows

    def seal(self) -> Path:
        """Gives the segment its final length and name. Nothing may be written to it any more; where
        this fails with an OSError it may be tried again."""
        os.ftruncate(self._file, self.size)
        os.fsync(self._file)
        sealed = _sealed_name(self.path, self.size)
        return sealed if sealed.exists() else seal(self.path)

    def close(self) -> None:
        os.close(self._file)

    def _make_room(self, size: int) -> None:
        """Zeros, where groups will stand. While a file grows, syncing it waits for the file
        system's own journal, and so for every file that ClickHouse syncs meanwhile: milliseconds,
        once or twice a second. Overwriting waits for nothing. Groups beyond the room still fit, and
        where the disk is small or nearly full there is none.

        In pieces: many a kernel lets nobody else onto the core before a write is done, and the
        segment in use, synced meanwhile, waits for what the disk has not written yet."""
        disk = os.fstatvfs(self._file)
        if disk.f_bavail * disk.f_frsize < size * _SHARES_FREE:
            return
        try:
            for number, at in enumerate(range(0, size, len(_PIECE)), 1):
                os.pwrite(self._file, _PIECE, at)
                if number % _PIECES_A_SYNC == 0:
                    sync_data(self._file)
                    time.sleep(_REST_SECONDS)
            os.fsync(self._file)
        except OSError:  # no room for room
            os.ftruncate(self._file, 0)
