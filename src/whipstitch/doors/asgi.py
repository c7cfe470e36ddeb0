"""The ordinary door: the four ingestion endpoints as an ASGI application."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import BinaryIO

from starlette.types import Message, Receive, Scope, Send

from whipstitch.admission import answers
from whipstitch.admission.admit import Caller
from whipstitch.admission.answers import Answer
from whipstitch.doors.intake import LIGHT_BODY, PATHS, Intake, answer_to_come
from whipstitch.doors.wire import headers_of, preflight_headers

_SPOOL_BYTES = 1024 * 1024
"""A heavy body goes to its file in pieces of about this size, each on a thread."""

_LINGER_SECONDS = 2.0


class ClientGone(Exception):
    """The client went away before its request was complete: there is nobody to answer."""


class AsgiDoor:
    """An ASGI application for the paths in ``PATHS``."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = None
        if scope["method"] == "OPTIONS":
            await send_preflight(scope, send)
            return
        try:
            if scope["method"] != "POST":
                answer = answers.METHOD_NOT_ALLOWED
            else:
                answer, began = await self._answer(scope, receive)
        except ClientGone:
            return
        if answer is answers.TOO_LARGE:
            await _send_and_linger(receive, send, answer)
        else:
            await send_answer(send, answer)
        seconds = None if began is None else time.perf_counter() - began
        self._intake.count(answer, "asgi", seconds)

    async def _answer(self, scope: Scope, receive: Receive) -> tuple[Answer, float | None]:
        """The answer, and when the body was there (None: it was not needed)."""
        intake = self._intake
        headers = dict(scope["headers"])
        caller = intake.enter(headers, scope["client"][0] if scope.get("client") else "")
        if isinstance(caller, Answer):
            return caller, None
        body = Body(receive, headers, intake.max_body, intake.new_spool)
        try:
            if not await body.read():
                return answers.TOO_LARGE, None
            return await self._admit(scope["path"], caller, headers, body), body.complete_at
        except OSError:
            return answers.UNAVAILABLE, None  # no room for the body's file
        finally:
            body.forget()

    def _admit(
        self, path: str, caller: Caller, headers: dict[bytes, bytes], body: "Body"
    ) -> Awaitable[Answer]:
        endpoint = PATHS[path]
        encoding = headers.get(b"content-encoding", b"").decode("latin-1")
        if body.spool is not None:
            return self._intake.take_heavy(endpoint, caller, body.spool, encoding)
        answer, respond = answer_to_come()
        self._intake.take(endpoint, caller, bytes(body.light), encoding, respond)
        return answer


class Body:
    """A request's body: in ``light`` while it is small, else in the file ``spool``."""

    def __init__(
        self,
        receive: Receive,
        headers: dict[bytes, bytes],
        limit: int,
        new_spool: Callable[[], Path],
    ) -> None:
        self.light = bytearray()
        self.spool: Path | None = None
        self.complete_at = 0.0
        self._receive = receive
        self._limit = limit
        self._new_spool = new_spool
        self._file: BinaryIO | None = None
        length = headers.get(b"content-length", b"")
        self._announced = int(length) if length.isdigit() else 0

    async def read(self) -> bool:
        """Receives all of it; False: it is over the limit, and the rest was not read.

        Raises:
            ClientGone
            OSError: its file cannot be written.
        """
        if self._announced > self._limit:
            return False
        size = 0
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            piece: bytes = message.get("body", b"")
            more = message.get("more_body", False)
            size += len(piece)
            if size > self._limit:
                return False
            self.light += piece
            if len(self.light) > (_SPOOL_BYTES if self.spool else LIGHT_BODY):
                await self._flush()
        if self.spool is not None:
            await self._flush()
        self.complete_at = time.perf_counter()
        return True

    def forget(self) -> None:
        if self._file is not None:
            self._file.close()
        if self.spool is not None:
            self.spool.unlink(missing_ok=True)

    async def _flush(self) -> None:
        if self._file is None:
            self.spool = self._new_spool()
            self._file = await asyncio.to_thread(self.spool.open, "xb", 0)
        piece, self.light = self.light, bytearray()
        await asyncio.to_thread(self._file.write, piece)


async def send_answer(send: Send, answer: Answer) -> None:
    await send(_start(answer.status, headers_of(answer)))
    await send({"type": "http.response.body", "body": answer.body})


async def _send_and_linger(receive: Receive, send: Send, answer: Answer) -> None:
    """Answers while the client is still sending, and closes once it has had time to see that: a
    socket closed on unread data is reset, and the answer may be lost with it."""
    await send(_start(answer.status, [*headers_of(answer), (b"connection", b"close")]))
    await send({"type": "http.response.body", "body": answer.body, "more_body": True})
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_LINGER_SECONDS):
            while (await receive())["type"] != "http.disconnect":
                pass
    await send({"type": "http.response.body", "body": b""})


async def send_preflight(scope: Scope, send: Send) -> None:
    asked = dict(scope["headers"]).get(b"access-control-request-headers", b"")
    await send(_start(204, preflight_headers(asked)))
    await send({"type": "http.response.body", "body": b""})


def _start(status: int, headers: list[tuple[bytes, bytes]]) -> Message:
    return {"type": "http.response.start", "status": status, "headers": headers}
