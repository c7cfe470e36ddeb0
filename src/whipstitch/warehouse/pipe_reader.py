"""Reading a pipe that a thread writes into, on the event loop."""

import asyncio
import os
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import Future
from typing import Any, Final

_CHUNK: Final = 64 * 1024


async def poured(pour: Callable[[int], Future[Any]]) -> AsyncGenerator[bytes]:
    """What ``pour`` writes into the pipe that it is given, while it does. It closes the pipe when
    its future is done, whose error is raised then. Where the generator is closed first, the future
    is cancelled.

    Use it with ``contextlib.aclosing``."""
    source, sink = os.pipe()
    os.set_blocking(source, False)
    pouring = pour(sink)
    try:
        while chunk := await _read(source):
            yield chunk
        await asyncio.wrap_future(pouring)
    except BaseException:
        pouring.cancel()
        raise
    finally:
        os.close(source)


async def _read(source: int) -> bytes:
    """The next bytes; none: whoever wrote has closed the pipe."""
    loop = asyncio.get_running_loop()
    while True:
        try:
            return os.read(source, _CHUNK)
        except BlockingIOError:
            readable = loop.create_future()
            loop.add_reader(source, _wake, readable)
            try:
                await readable
            finally:
                loop.remove_reader(source)


def _wake(readable: asyncio.Future[None]) -> None:
    if not readable.done():
        readable.set_result(None)
