"""A row of the journal, as far as others than ClickHouse read it."""

import contextlib
from typing import Final

import msgspec

from whipstitch.core.projects import Environment


class Row(msgspec.Struct, gc=False):
    """What is read of each row. Of aliases there may be many that are known already (see
    ``identity.known_aliases``): arrivals are made of the others only."""

    k: str = ""
    project_id: str = ""
    environment: Environment = "live"
    distinct_id: str = ""
    accepted: int = 0
    received: int = 0
    # Of events of an import only: their ids tell them from what is stored.
    id: str = ""
    imported: bool = False
    # Read of aliases only; what an event has wrong is ClickHouse's to refuse.
    alias_id: str = ""
    refused: str = ""
    timestamp: msgspec.Raw = msgspec.Raw(b"0")
    via: str = ""
    client: str = ""
    # What tells an operation that comes again, and its number where its rows have others.
    once: str = ""
    part_of: int = 0


_row: Final = msgspec.json.Decoder(Row)
_NO_ROW: Final = (ValueError, RecursionError)
"""What decoding raises: bytes that are no UTF-8 are no error of the decoder's own kind."""


def rows_of(text: bytes) -> tuple[list[Row], int]:
    """The rows of some lines, and how many lines are none."""
    with contextlib.suppress(*_NO_ROW):
        return _row.decode_lines(text), 0
    rows, damaged = [], 0
    for line in text.splitlines(keepends=True):
        try:
            rows.append(_row.decode(line))
        except _NO_ROW:
            damaged += 1
    return rows, damaged
