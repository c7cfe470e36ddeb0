"""Large answers, written into a pipe while ClickHouse makes them: nobody holds one as a whole, and
ClickHouse waits where the reader of the pipe is slow."""

import os
from collections.abc import Mapping
from typing import Any, Final

from clickhouse_connect.driver.client import Client

_CHUNK: Final = 64 * 1024


def from_engine(
    client: Client,
    sql: str,
    format_: str,
    parameters: Mapping[str, Any],
    settings: Mapping[str, str],
    pipe: int,
) -> None:
    """Has the embedded engine write what ``sql`` finds: it opens the pipe by its number."""
    # Not a command: it writes nothing that is to stay.
    client.raw_query(
        f"INSERT INTO FUNCTION file('/dev/fd/{pipe:d}', '{format_}') {sql}",
        dict(parameters),
        settings=dict(settings),
    )


def from_server(
    client: Client,
    sql: str,
    format_: str,
    parameters: Mapping[str, Any],
    settings: Mapping[str, str],
    pipe: int,
) -> None:
    """Passes on what a server answers. Raises BrokenPipeError where nobody reads any more."""
    with client.raw_stream(sql, dict(parameters), dict(settings), fmt=format_) as answer:
        while chunk := answer.read(_CHUNK):
            rest = memoryview(chunk)
            while rest:
                rest = rest[os.write(pipe, rest) :]
