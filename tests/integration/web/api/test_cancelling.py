"""What becomes of a question when nobody waits for its answer, or that asks for too much."""

import asyncio
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from tests.support.doors import DOORS, Door, Options, post, serving

from whipstitch.core.errors import QueryTimedOut, QueryTooLarge
from whipstitch.web.api import errors
from whipstitch.web.api.cancelling import while_present

_Answer = Callable[[Any], Any]


def _app(answer: _Answer) -> Starlette:
    async def ask(request: Request) -> Response:
        return JSONResponse(await answer(await request.json()))

    async def ask_while_present(request: Request) -> Response:
        return await while_present(request, ask)

    routes = [Route("/ask", ask_while_present, methods=["POST"])]
    return Starlette(routes=routes, exception_handlers=errors.handlers())


def _post(answer: _Answer, body: object, gone: asyncio.Event | None = None) -> tuple[int, Any]:
    """The status and the JSON of what a client is answered that goes away when ``gone`` is set."""

    async def run() -> tuple[int, Any]:
        waiting = [{"type": "http.request", "body": json.dumps(body).encode()}]
        sent: list[Any] = []

        async def receive() -> Any:
            if waiting:
                return waiting.pop()
            await (gone or asyncio.Event()).wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "POST",
            "path": "/ask",
            "raw_path": b"/ask",
            "root_path": "",
            "scheme": "http",
            "query_string": b"",
            "headers": [(b"content-type", b"application/json")],
        }
        await _app(answer)(scope, receive, send)
        content = b"".join(message.get("body", b"") for message in sent)
        return sent[0]["status"], json.loads(content) if content else None

    return asyncio.run(asyncio.wait_for(run(), 10))


def test_an_answer_comes_back() -> None:
    async def answer(body: Any) -> Any:
        return {"asked": body}

    assert _post(answer, [1, 2]) == (200, {"asked": [1, 2]})


def test_when_the_client_goes_away_the_work_ends() -> None:
    gone, ended = asyncio.Event(), False

    async def answer(_body: Any) -> None:
        nonlocal ended
        gone.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0)  # as long as ending takes
            ended = True
            raise

    status, _ = _post(answer, {}, gone)

    assert (status, ended) == (499, True)


@pytest.mark.parametrize("door", DOORS)
def test_a_connection_that_is_closed_ends_the_work(door: Door, tmp_path: Path) -> None:
    began, ended = threading.Event(), threading.Event()

    async def answer(_body: Any) -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    options = Options(routes=[Mount("/api/v1", _app(answer))])
    with serving(door, tmp_path, options) as server:
        with server.connect() as client:
            client.send(post("ask", {"a": 1}))
            assert began.wait(30)

        assert ended.wait(30)


def test_limits_are_answered_with_what_helps() -> None:
    async def slow(_body: Any) -> None:
        raise QueryTimedOut("Ask for less.")

    async def large(_body: Any) -> None:
        raise QueryTooLarge("Ask for less.")

    assert _post(slow, {}) == (408, {"ok": False, "error": "Ask for less."})
    assert _post(large, {}) == (413, {"ok": False, "error": "Ask for less."})
