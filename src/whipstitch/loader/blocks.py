"""The bytes of a segment: piece by piece as they are sent, and block by block where an insert is to
be one block of ClickHouse's. Where a block begins depends on nothing but the segment, so that it is
the same one at each attempt."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

PIECE: Final = 256 * 1024
"""Bytes that are sent at once."""
BLOCK: Final = 24 * 2**20
"""Bytes, and the rest of a line: in ClickHouse's memory they take several times as much."""


def pieces_of(segment: Path, start: int = 0, end: int | None = None) -> Iterator[bytes]:
    """What stands between two places, as it is. Raises OSError."""
    with segment.open("rb") as rows:
        rows.seek(start)
        while piece := rows.read(PIECE if end is None else min(PIECE, end - rows.tell())):
            yield piece


def blocks_of(segment: Path, most: int = BLOCK) -> Iterator[tuple[int, int]]:
    """Where blocks of whole lines begin and end. Raises OSError."""
    with segment.open("rb") as rows:
        size = rows.seek(0, 2)
        start = 0
        while start < size:
            rows.seek(min(start + most, size) - 1)
            rows.readline()
            yield start, rows.tell()
            start = rows.tell()
