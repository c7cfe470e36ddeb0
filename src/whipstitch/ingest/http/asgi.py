"""The ordinary door: the four ingestion endpoints as an ASGI application."""

import asyncio
import contextlib
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, NamedTuple
from urllib.parse import parse_qs

from starlette.types import Message, Receive, Scope, Send

from whipstitch.ingest.client import ClientContext
from whipstitch.ingest.endpoints import PATHS
from whipstitch.ingest.http.responses import Headers, headers_of, preflight_headers
from whipstitch.ingest.http.strictness import header_map
from whipstitch.ingest.service import LARGEST_SMALL_BODY, IngestService, answer_to_come
from whipstitch.ingest.validation import answers
from whipstitch.ingest.validation.answers import Answer

_SPOOL_BYTES = 1024 * 1024
"""A heavy body goes to its file in pieces of about this size, each on a thread."""

_LINGER_SECONDS = 2.0


class ClientGone(Exception):
    """The client went away before its request was complete: there is nobody to answer."""


class Reply(NamedTuple):
    """``complete_at``: when the body was there (``perf_counter``), None where none was needed.
    ``unread``: the client is still sending what will not be read. ``client``: None where it was not
    let in."""

    answer: Answer
    complete_at: float | None = None
    unread: bool = False
    client: ClientContext | None = None


class PostDoor(ABC):
    """An ASGI application that any web page may send to with ``POST``. What a page sends with a key
    in the query, as ``x-api-key``, and as plain text the browser sends without a preflight."""

    def __init__(self, intake: IngestService) -> None:
        self._intake = intake

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "OPTIONS":
            await _send_preflight(scope, send)
            return
        reply = Reply(answers.METHOD_NOT_ALLOWED)
        if scope["method"] == "POST":
            try:
                reply = await self._enter(scope, receive)
            except ClientGone:
                return
            except asyncio.CancelledError:
                # The server stops and has given up on this one; uvicorn would answer 500, and
                # clients do not repeat that.
                reply = Reply(answers.UNAVAILABLE)
        await send_reply(receive, send, reply, headers_of(reply.answer))
        seconds = None if reply.complete_at is None else time.perf_counter() - reply.complete_at
        self._intake.count(reply.answer, "asgi", seconds, _endpoint_of(scope["path"]), reply.client)

    async def _enter(self, scope: Scope, receive: Receive) -> Reply:
        headers = header_map(scope["headers"])
        if scope["query_string"] and not headers.get(b"x-api-key"):
            headers[b"x-api-key"] = key_in(scope["query_string"])
        peer = scope["client"][0] if scope.get("client") else ""
        client = self._intake.enter(_endpoint_of(scope["path"]), headers, peer)
        if isinstance(client, Answer):
            return Reply(client)
        body = RequestBody(receive, headers, self._intake.new_spool)
        try:
            reply = await self.reply(scope["path"], client, headers, body)
            return reply._replace(client=client)
        except OSError:
            return Reply(answers.UNAVAILABLE)  # no room for the body's file
        finally:
            body.forget()

    @abstractmethod
    async def reply(
        self, path: str, client: ClientContext, headers: dict[bytes, bytes], body: "RequestBody"
    ) -> Reply:
        """What a request that may enter is told. ``body`` is not read yet."""


class AsgiDoor(PostDoor):
    """The door for the paths in ``PATHS``."""

    async def reply(
        self, path: str, client: ClientContext, headers: dict[bytes, bytes], body: "RequestBody"
    ) -> Reply:
        if not await body.read(self._intake.max_body):
            return Reply(answers.TOO_LARGE, unread=True)
        endpoint = PATHS[path]
        encoding = headers.get(b"content-encoding", b"").decode("latin-1")
        if body.spool is not None:
            answer = await self._intake.accept_bulk(endpoint, client, body.spool, encoding)
        else:
            awaited, respond = answer_to_come()
            self._intake.take(endpoint, client, bytes(body.light), encoding, respond)
            answer = await awaited
        return Reply(answer, body.complete_at)


class RequestBody:
    """A request's body: in ``light`` while it is small, else in the file ``spool``."""

    def __init__(
        self, receive: Receive, headers: dict[bytes, bytes], new_spool: Callable[[], Path]
    ) -> None:
        self.light = bytearray()
        self.spool: Path | None = None
        self.complete_at = 0.0
        self._receive = receive
        self._new_spool = new_spool
        self._file: BinaryIO | None = None
        length = headers.get(b"content-length", b"")
        self.announced = int(length) if length.isdigit() else 0

    async def read(self, limit: int) -> bool:
        """Receives all of it; False: it is over ``limit`` bytes, and the rest was not read.

        Raises:
            ClientGone
            OSError: its file cannot be written.
        """
        if self.announced > limit:
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
            if size > limit:
                return False
            self.light += piece
            if len(self.light) > (_SPOOL_BYTES if self.spool else LARGEST_SMALL_BODY):
                await self._flush()
        if self._file is not None:
            await self._flush()
            await asyncio.to_thread(self._file.flush)
        self.complete_at = time.perf_counter()
        return True

    async def skip(self, limit: int) -> bool:
        """Receives all of it and keeps nothing; False: as ``read``.

        Raises:
            ClientGone
        """
        size = self.announced
        more = True
        while more and size <= limit:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            more = message.get("more_body", False)
            size = size if self.announced else size + len(message.get("body", b""))
        return not more

    def forget(self) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):  # what it could not write is not wanted any more
                self._file.close()
        if self.spool is not None:
            self.spool.unlink(missing_ok=True)

    async def _flush(self) -> None:
        if self._file is None:
            self.spool = self._new_spool()
            self._file = await asyncio.to_thread(self.spool.open, "xb")
        piece, self.light = self.light, bytearray()
        await asyncio.to_thread(self._file.write, piece)


async def send_reply(receive: Receive, send: Send, reply: Reply, headers: Headers) -> None:
    """Sends the answer of ``reply``."""
    answer = reply.answer
    if reply.unread:
        await _send_and_linger(receive, send, answer, headers)
    else:
        await send(_start(answer.status, headers))
        await send({"type": "http.response.body", "body": answer.body})


async def _send_and_linger(receive: Receive, send: Send, answer: Answer, headers: Headers) -> None:
    """Answers while the client is still sending, and closes once it has had time to see that: a
    socket closed on unread data is reset, and the answer may be lost with it."""
    await send(_start(answer.status, [*headers, (b"connection", b"close")]))
    await send({"type": "http.response.body", "body": answer.body, "more_body": True})
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_LINGER_SECONDS):
            while (await receive()).get("more_body"):
                pass
    await send({"type": "http.response.body", "body": b""})


async def _send_preflight(scope: Scope, send: Send) -> None:
    asked = dict(scope["headers"]).get(b"access-control-request-headers", b"")
    await send(_start(204, preflight_headers(asked)))
    await send({"type": "http.response.body", "body": b""})


def key_in(query: bytes) -> bytes:
    """The key that a query string holds; blank: none."""
    try:
        found = parse_qs(query.decode("latin-1"), max_num_fields=100).get("x-api-key", [""])
    except ValueError:
        return b""
    return found[0].encode("latin-1", "replace")


def _endpoint_of(path: str) -> str:
    return path.rpartition("/")[2]


def _start(status: int, headers: list[tuple[bytes, bytes]]) -> Message:
    return {"type": "http.response.start", "status": status, "headers": headers}
