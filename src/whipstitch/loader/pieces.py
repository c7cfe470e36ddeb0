"""Segments taken apart: where one ends a process or cannot be mended, its rows are loaded in ever
smaller pieces, until the row at fault is alone."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from whipstitch.core.files import PART, sync_directory
from whipstitch.journal.groups import COMMIT_START, seal_group
from whipstitch.journal.segments import piece_stem

_PIECES: Final = 16
"""Of one segment, at most."""
_GROUP_BYTES: Final = 1024 * 1024


def take_apart(segment: Path) -> list[Path]:
    """Parts, synced, that have its rows between them; only one where it has one row, none where it
    has none.

    Raises OSError."""
    rows = sum(1 for _ in rows_of(segment))
    each = -(-rows // _PIECES)
    parts: list[Path] = []
    lines = rows_of(segment)
    while rows > 0:
        part = segment.with_name(piece_stem(segment, len(parts)) + PART)
        with part.open("wb") as file:
            for group in _groups(lines, min(each, rows)):
                file.write(seal_group(group, len(group)))
            file.flush()
            os.fsync(file.fileno())
        parts.append(part)
        rows -= each
    sync_directory(segment.parent)
    return parts


def rows_of(segment: Path) -> Iterator[bytes]:
    """Its lines that are rows, with their line breaks."""
    with segment.open("rb") as lines:
        for line in lines:
            if not line.startswith(COMMIT_START):
                yield line if line.endswith(b"\n") else line + b"\n"


def _groups(lines: Iterator[bytes], rows: int) -> Iterator[list[bytes]]:
    """The next ``rows`` of ``lines``, about a megabyte at once."""
    group: list[bytes] = []
    size = 0
    for _ in range(rows):
        group.append(next(lines))
        size += len(group[-1])
        if size >= _GROUP_BYTES:
            yield group
            group, size = [], 0
    if group:
        yield group
