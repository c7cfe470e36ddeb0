"""Rows that ClickHouse will not take, set aside where an operator sees them and can have them
loaded again."""

import contextlib
import json
import os
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Final

from whipstitch.core.errors import StorageError
from whipstitch.core.files import PART, sync_directory, write_whole
from whipstitch.core.projects import Somebody
from whipstitch.journal.checking import Damage, Range, copy_ranges
from whipstitch.journal.dead_letter import DeadLetter, large_letter
from whipstitch.journal.groups import closing_line, commit_line
from whipstitch.journal.letter_erasure import PIECE, erase_damaged, erase_large
from whipstitch.journal.segments import REPLAYED, SEALED, is_piece

_DAMAGED: Final = ".damaged"
_LARGE: Final = ".large"


class DeadLetters:
    """The dead-letter files in ``directory``, one for each segment that had some."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._counts: dict[Path, tuple[int, int, int]] = {}
        """Rows in each file, and of which state of it: when it was changed, and its size."""

    def add(self, stem: str, letters: Iterable[DeadLetter]) -> None:
        """Sets the rows of one segment aside; they are on disk on return. The same segment set
        aside again takes its own place.

        Raises:
            OSError: they are not.
        """
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(self._directory / (stem + SEALED), map(_line, letters))

    def keep_damaged(self, segment: Path, damage: Damage) -> Path:
        """Keeps the damaged bytes of a segment as they are, in a file of their own that nothing
        loads; returns it. The same segment again takes its own place.

        Raises:
            OSError: they are not kept.
        """
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        kept = self._directory / (segment.stem + _DAMAGED)
        part = kept.with_suffix(PART)
        copy_ranges(segment, damage.damaged, part)
        part.rename(kept)
        sync_directory(self._directory)
        return kept

    def keep_large(self, segment: Path, place: Range) -> None:
        """Sets a row aside that is too large to be stored, in a file of its own. The same row again
        takes its own place.

        Raises:
            OSError: it is not kept.
        """
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        kept = self._directory / f"{segment.stem}-{place[0]}{_LARGE}"
        part = kept.with_suffix(PART)
        copy_ranges(segment, (place,), part)
        part.rename(kept)
        sync_directory(self._directory)

    def crashed(self) -> list[Path]:
        """The files with rows that were set aside because loading them ended a process, or because
        they were refused while such a one was looked for."""
        return [file for file in self._files() if is_piece(file)]

    def damaged(self) -> list[Path]:
        """The files with damaged bytes."""
        return sorted(self._directory.glob(f"*{_DAMAGED}"))

    def letters(self, since: float = 0.0) -> Iterator[DeadLetter]:
        """All of them, oldest segment first; at least those set aside ``since`` (unix seconds).

        Raises:
            StorageError: a file cannot be read.
        """
        for file in self._files():
            with contextlib.suppress(FileNotFoundError):  # replayed meanwhile
                if file.stat().st_mtime < since:
                    continue
            yield from self._read(file)
        for file in self._large():
            with contextlib.suppress(FileNotFoundError):
                if file.stat().st_mtime >= since:
                    yield large_letter(file)

    def count(self) -> int:
        """How many rows wait here."""
        counts: dict[Path, tuple[int, int, int]] = {}
        for file in self._files():
            with contextlib.suppress(FileNotFoundError):  # replayed meanwhile
                stat = file.stat()
                known = self._counts.get(file)
                if known is None or known[:2] != (stat.st_mtime_ns, stat.st_size):
                    known = stat.st_mtime_ns, stat.st_size, _lines_in(file)
                counts[file] = known
        self._counts = counts
        return sum(rows for _, _, rows in counts.values()) + len(self._large())

    def replay(self, journal: Path, number: int) -> int:
        """Hands all rows to the loader, as segments in the directory ``journal``; returns how many.
        A running server loads them within seconds, another one when it starts. ``number`` is the
        time in unix microseconds. A row whose replay was cut short is not loaded twice.

        Raises:
            StorageError: the files cannot be moved; what was not is still here.
        """
        moved = 0
        try:
            for file in self._files():
                rows = [letter.row + b"\n" for letter in self._read(file)]
                journal.mkdir(parents=True, exist_ok=True, mode=0o700)
                while (target := journal / f"{number:020d}{REPLAYED}{SEALED}").exists():
                    number += 1
                number += 1
                write_whole(target, [*rows, closing_line(rows, len(rows))])
                file.unlink()
                sync_directory(self._directory)
                moved += len(rows)
            for file in self._large():
                journal.mkdir(parents=True, exist_ok=True, mode=0o700)
                while (target := journal / f"{number:020d}{REPLAYED}{SEALED}").exists():
                    number += 1
                number += 1
                _as_segment(file, target)
                file.unlink()
                sync_directory(self._directory)
                moved += 1
        except OSError as error:
            raise StorageError(
                f"The dead letters cannot be moved to {journal}: {error.strerror or error}. "
                "Check the owner of both directories and the free space."
            ) from error
        return moved

    def erase(self, erased: Callable[[Collection[Somebody]], Mapping[Somebody, int]]) -> int:
        """Deletes the rows of erased people; returns how many. ``erased`` tells which of some are,
        and up to which acceptance.

        Raises:
            StorageError: a file cannot be read, or what ``erased`` raises.
            OSError: one cannot be written; it stays as it was.
        """
        gone = 0
        for file in self._files():
            try:
                letters = list(self._read(file))
            except StorageError:
                if file.exists():
                    raise
                continue  # replayed meanwhile
            until = erased({name for letter in letters for name in letter.names})
            kept = [
                letter
                for letter in letters
                if not any(until.get(name, -1) >= letter.accepted for name in letter.names)
            ]
            gone += len(letters) - len(kept)
            if len(kept) < len(letters) and kept:
                write_whole(file, map(_line, kept))
            elif not kept:
                file.unlink(missing_ok=True)
                sync_directory(self._directory)
        gone += sum(erase_large(file, erased) for file in self._large())
        return gone + sum(erase_damaged(file, erased) for file in self.damaged())

    def _files(self) -> list[Path]:
        return sorted(self._directory.glob(f"*{SEALED}"))

    def _large(self) -> list[Path]:
        """The files of one row each."""
        return sorted(self._directory.glob(f"*{_LARGE}"))

    def _read(self, file: Path) -> Iterator[DeadLetter]:
        try:
            for line in file.read_bytes().splitlines():
                letter = json.loads(line)
                row = letter["row"].encode("utf-8", "surrogateescape")
                yield DeadLetter(row, letter["reason"], file.name)
        except (OSError, ValueError, KeyError) as error:
            raise StorageError(f"The dead letters in {file} cannot be read: {error}") from error


def _lines_in(file: Path) -> int:
    with file.open("rb") as opened:
        return sum(piece.count(b"\n") for piece in iter(lambda: opened.read(PIECE), b""))


def _as_segment(file: Path, target: Path) -> None:
    """The row as a segment of one group, durably; in pieces, whatever its size."""
    part = target.with_suffix(PART)
    crc = size = 0
    with file.open("rb") as old, part.open("wb") as new:
        for piece in chain(iter(lambda: old.read(PIECE), b""), [b"\n"]):
            new.write(piece)
            crc, size = zlib.crc32(piece, crc), size + len(piece)
        new.write(commit_line(1, size, crc))
        new.flush()
        os.fsync(new.fileno())
    part.rename(target)
    sync_directory(target.parent)


def _line(letter: DeadLetter) -> bytes:
    # Bytes that are no UTF-8 survive as lone surrogates.
    row = letter.row.decode("utf-8", "surrogateescape")
    return json.dumps({"reason": letter.reason, "row": row}).encode() + b"\n"
