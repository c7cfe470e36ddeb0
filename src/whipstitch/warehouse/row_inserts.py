"""Rows that Python has, into a table.

The driver's own ``insert`` would load pandas where it is installed, which it is with chdb-core:
90 MB, and half a second."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from whipstitch.warehouse.client import Client

_lines = msgspec.json.Encoder()
# As msgspec writes times.
_SETTINGS: Final = {"date_time_input_format": "best_effort"}


def insert(
    client: Client, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """Adds ``rows``, each with a value for every one of ``columns``: texts, numbers, aware times,
    lists and tuples of them."""
    if rows:
        client.raw_insert(
            table,
            list(columns),
            _lines.encode_lines(rows),
            settings=dict(_SETTINGS),
            fmt="JSONCompactEachRow",
        )
