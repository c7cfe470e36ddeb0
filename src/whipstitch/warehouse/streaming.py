"""Large answers, written into a pipe while ClickHouse makes them: nobody holds one as a whole, and
ClickHouse waits where the reader of the pipe is slow."""

import os
import re
from collections.abc import Mapping
from http.client import IncompleteRead
from typing import Any, Final

from clickhouse_connect.driver.exceptions import DatabaseError
from urllib3.exceptions import ProtocolError

from whipstitch.warehouse.client import Client

_CHUNK: Final = 64 * 1024
_EXCEPTION: Final = re.compile(rb"__exception__\r\n\w+\r\n(Code: (\d+)\..*)", re.DOTALL)
"""How an answer ends whose query fails when a part of it is sent already; then it breaks off."""


def pour(
    client: Client,
    sql: str,
    format_: str,
    parameters: Mapping[str, Any],
    settings: Mapping[str, str],
    pipe: int,
) -> None:
    """Passes on what ClickHouse answers. Raises what the driver raises, also after a part of the
    answer, and BrokenPipeError where nobody reads any more."""
    at_once = {**settings, "buffer_size": "0"}
    with client.raw_stream(sql, dict(parameters), at_once, fmt=format_) as answer:
        while chunk := _read(answer):
            rest = memoryview(chunk)
            while rest:
                rest = rest[os.write(pipe, rest) :]


def _read(answer: Any) -> bytes:
    try:
        return bytes(answer.read(_CHUNK))
    except ProtocolError as error:
        cut = error.args[-1]
        said = isinstance(cut, IncompleteRead) and _EXCEPTION.search(cut.partial)
        if not said:
            raise
        raise DatabaseError(said[1].decode(errors="replace"), code=int(said[2])) from None
