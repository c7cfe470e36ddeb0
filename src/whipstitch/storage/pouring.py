"""Large answers, written into a pipe while ClickHouse makes them: nobody holds one as a whole, and
ClickHouse waits where the reader of the pipe is slow."""

import os
from collections.abc import Mapping
from typing import Any, Final

from clickhouse_connect.driver.client import Client

_CHUNK: Final = 64 * 1024


def pour(
    client: Client,
    sql: str,
    format_: str,
    parameters: Mapping[str, Any],
    settings: Mapping[str, str],
    pipe: int,
) -> None:
    """Passes on what ClickHouse answers. Raises BrokenPipeError where nobody reads any more."""
    with client.raw_stream(sql, dict(parameters), dict(settings), fmt=format_) as answer:
        while chunk := answer.read(_CHUNK):
            rest = memoryview(chunk)
            while rest:
                rest = rest[os.write(pipe, rest) :]
