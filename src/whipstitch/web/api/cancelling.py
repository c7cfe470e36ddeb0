"""Work that ends when the client goes away: what it asks of ClickHouse at that moment, too."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

_GONE: Final = 499
"""Nobody reads it: the client has closed the connection."""


async def while_present(
    request: Request, answer: Callable[[Request], Awaitable[Response]]
) -> Response:
    """In the task of the request, for what was opened for it has to be closed there."""
    await request.body()  # the next message is then that the client has gone
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - a coroutine runs in one
    gone = False

    async def watch() -> None:
        nonlocal gone
        await request.receive()
        gone = True
        task.cancel()

    watching = asyncio.create_task(watch())
    try:
        return await answer(request)
    except asyncio.CancelledError:
        if gone and task.uncancel() == 0:
            return Response(status_code=_GONE)
        raise
    finally:
        watching.cancel()
