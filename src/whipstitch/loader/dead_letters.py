"""Rows that ClickHouse will not take, set aside where an operator sees them and can have them
loaded again."""

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from whipstitch.errors import StorageError
from whipstitch.journal.segments import PART, SEALED, sync_directory

_REPLAYED: Final = "-replayed"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A row as it stood in the journal, and why it is here. ``file`` is the name of the file that
    holds it."""

    row: bytes
    reason: str
    file: str = ""

    @property
    def fields(self) -> dict[str, Any]:
        """The row's fields but the properties, as far as it can be read."""
        try:
            raw = msgspec.json.decode(self.row, type=dict[str, msgspec.Raw])
        except (msgspec.DecodeError, RecursionError):
            return {}
        fields = {}
        for name, value in raw.items():
            if bytes(value)[:1] not in (b"{", b"["):
                fields[name] = msgspec.json.decode(value)
        return fields


class DeadLetters:
    """The dead-letter files in ``directory``, one for each segment that had some."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def add(self, stem: str, letters: Iterable[DeadLetter]) -> None:
        """Sets the rows of one segment aside; they are on disk on return. The same segment set
        aside again takes its own place.

        Raises:
            OSError: they are not.
        """
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        lines = (
            # Bytes that are no UTF-8 survive as lone surrogates.
            json.dumps(
                {"reason": letter.reason, "row": letter.row.decode("utf-8", "surrogateescape")}
            ).encode()
            for letter in letters
        )
        _write_whole(self._directory / (stem + SEALED), lines)

    def letters(self) -> Iterator[DeadLetter]:
        """All of them, oldest segment first.

        Raises:
            StorageError: a file cannot be read.
        """
        for file in self._files():
            yield from self._read(file)

    def count(self) -> int:
        """How many rows wait here."""
        return sum(file.read_bytes().count(b"\n") for file in self._files())

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
                rows = [letter.row for letter in self._read(file)]
                journal.mkdir(parents=True, exist_ok=True, mode=0o700)
                while (target := journal / f"{number:020d}{_REPLAYED}{SEALED}").exists():
                    number += 1
                number += 1
                _write_whole(target, rows)
                file.unlink()
                sync_directory(self._directory)
                moved += len(rows)
        except OSError as error:
            raise StorageError(
                f"The dead letters cannot be moved to {journal}: {error.strerror or error}. "
                "Check the owner of both directories and the free space."
            ) from error
        return moved

    def _files(self) -> list[Path]:
        return sorted(self._directory.glob(f"*{SEALED}"))

    def _read(self, file: Path) -> Iterator[DeadLetter]:
        try:
            for line in file.read_bytes().splitlines():
                letter = json.loads(line)
                row = letter["row"].encode("utf-8", "surrogateescape")
                yield DeadLetter(row, letter["reason"], file.name)
        except (OSError, ValueError, KeyError) as error:
            raise StorageError(f"The dead letters in {file} cannot be read: {error}") from error


def _write_whole(target: Path, lines: Iterable[bytes]) -> None:
    """All of ``lines`` under the name ``target``, durably, or none."""
    part = target.with_suffix(PART)
    with part.open("wb") as file:
        file.writelines(line + b"\n" for line in lines)
        file.flush()
        os.fsync(file.fileno())
    part.rename(target)
    sync_directory(target.parent)
