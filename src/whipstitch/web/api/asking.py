"""The way of a question from its body to its answer: ``APIRouter(route_class=QueryRoute)``."""

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Final

from fastapi import Request, Response
from fastapi.routing import APIRoute

from whipstitch.core.errors import InvalidQuery, PatternRefused
from whipstitch.web.api.errors import Refused

_GONE: Final = 499
"""Nobody reads it: the client has closed the connection."""
_Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class CancellableRoute(APIRoute):
    """A route whose work ends when the client goes away: what it asks of ClickHouse at that moment,
    too."""

    def get_route_handler(self) -> _Handler:
        answer = super().get_route_handler()

        async def handle(request: Request) -> Response:
            body = await request.body()
            try:
                return await _while_present(request, answer(request))
            except PatternRefused as error:
                raise InvalidQuery(_path_of(error.pattern, body), str(error)) from None

        return handle


async def _while_present(request: Request, answer: Coroutine[Any, Any, Response]) -> Response:
    """In the task of the request, for what was opened for it has to be closed there."""
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - a coroutine runs in one
    gone = False

    async def watch() -> None:
        nonlocal gone
        # The body has been read: the next message is that the client has gone.
        await request.receive()
        gone = True
        task.cancel()

    watching = asyncio.create_task(watch())
    try:
        return await answer
    except asyncio.CancelledError:
        if gone and task.uncancel() == 0:
            return Response(status_code=_GONE)
        raise
    finally:
        watching.cancel()


def _path_of(text: str, body: bytes) -> str:
    """Where the body has it, as errors name fields; blank where it does not."""
    try:
        return next(_paths_of(text, json.loads(body), ""), "")
    except ValueError:
        return ""


def _paths_of(text: str, value: object, path: str) -> Iterator[str]:
    if value == text:
        yield path.removeprefix(".")
    elif isinstance(value, dict):
        for name, one in value.items():
            yield from _paths_of(text, one, f"{path}.{name}")
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from _paths_of(text, one, f"{path}[{index}]")


def answers(examples: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    """What a question is answered, for the description of its endpoint."""
    why = {
        400: "It cannot be asked so; `error` names the field.",
        401: "No token, or one that is not valid.",
        408: "It took too long; `error` says what helps.",
        413: "It is too much; `error` says what helps.",
        503: "ClickHouse or the registry does not answer.",
    }
    return {
        200: {"content": {"application/json": {"examples": examples}}},
        **{status: {"model": Refused, "description": text} for status, text in why.items()},
    }
