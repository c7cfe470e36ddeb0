"""In front of everything that reads: who sends a body is known before it is read, and then it is
read up to a size. So no route can forget either."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST: Final = 2**20
"""Bytes of a body."""
_LINGER_SECONDS: Final = 10.0
_READ_ANYWAY: Final = 64 * 1024
"""Bytes that the server has read when the answer is known, and then throws away."""
_UNKNOWN: Final = float("inf")


class Bounded:
    """An application behind those checks. They are made when it first asks for a piece of a body:
    what it answers without reading one needs none. They raise HTTPException there."""

    def __init__(
        self,
        app: ASGIApp,
        authenticate: Callable[[Request], Awaitable[object]],
        largest: int = LARGEST,
    ) -> None:
        """``authenticate`` raises HTTPException for who may not send."""
        self._app = app
        self._authenticate = authenticate
        self._largest = largest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        announced = _announced(scope)
        if not announced:
            await self._app(scope, receive, send)
            return
        gate = _Gate(scope, receive, send, announced, self._largest, self._authenticate)
        await self._app(scope, gate.receive, gate.send)


class _Gate:
    """One request with a body."""

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        announced: float,
        largest: int,
        authenticate: Callable[[Request], Awaitable[object]],
    ) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._announced = announced
        self._largest = largest
        self._authenticate = authenticate
        self._entered = False
        self._size = 0
        self._complete = False

    async def receive(self) -> Message:
        if not self._entered:
            await self._authenticate(Request(self._scope))
            if self._largest < self._announced < _UNKNOWN:
                raise HTTPException(413, "Request body too large")
            self._entered = True
        message = await self._receive()
        self._size += len(message.get("body", b""))
        if self._size > self._largest:
            raise HTTPException(413, "Request body too large")
        self._complete = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """Where the body was not read to its end, it is not, either, for another request: the
        connection ends with this answer, once the client has had time to see it."""
        if self._complete or self._announced <= _READ_ANYWAY:
            await self._send(message)
        elif message["type"] == "http.response.start":
            headers = [*message.get("headers", ()), (b"connection", b"close")]
            await self._send({**message, "headers": headers})
        elif message.get("more_body", False):
            await self._send(message)
        else:
            await self._send({**message, "more_body": True})
            await self._let_pass()
            await self._send({"type": "http.response.body", "body": b""})

    async def _let_pass(self) -> None:
        """Throws the rest away: a socket that is closed on unread data is reset, and the answer may
        be lost with it."""
        self._complete = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LINGER_SECONDS):
                while (await self._receive()).get("more_body", False):
                    pass


def _announced(scope: Scope) -> float:
    """Bytes that the body of a request has; infinite where it comes in pieces."""
    if scope["type"] != "http":
        return 0
    headers = dict(scope["headers"])
    if b"transfer-encoding" in headers:
        return _UNKNOWN
    length = headers.get(b"content-length", b"0").strip()
    return int(length) if length.isdigit() and len(length) < 20 else _UNKNOWN
