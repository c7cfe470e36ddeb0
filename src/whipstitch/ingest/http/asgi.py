"""The ordinary door: the four ingestion endpoints as an ASGI application."""

import asyncio
import contextlib
import time
from abc import ABC, abstractmethod
from typing import NamedTuple
from urllib.parse import parse_qs

from starlette.types import Message, Receive, Scope, Send

from whipstitch.ingest.client import ClientContext
from whipstitch.ingest.endpoints import PATHS
from whipstitch.ingest.http.request_body import ClientGone, RequestBody
from whipstitch.ingest.http.responses import Headers, headers_of, preflight_headers
from whipstitch.ingest.http.strictness import header_map
from whipstitch.ingest.service import IngestService, answer_to_come
from whipstitch.ingest.validation import answers
from whipstitch.ingest.validation.answers import Answer

_LINGER_SECONDS = 2.0


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

    def __init__(self, service: IngestService) -> None:
        self._service = service

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
        self._service.count(
            reply.answer, "asgi", seconds, _endpoint_of(scope["path"]), reply.client
        )

    async def _enter(self, scope: Scope, receive: Receive) -> Reply:
        headers = header_map(scope["headers"])
        if scope["query_string"] and not headers.get(b"x-api-key"):
            headers[b"x-api-key"] = key_in(scope["query_string"])
        peer = scope["client"][0] if scope.get("client") else ""
        client = self._service.enter(_endpoint_of(scope["path"]), headers, peer)
        if isinstance(client, Answer):
            return Reply(client)
        body = RequestBody(receive, headers, self._service.new_spool)
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
        if not await body.read(self._service.max_body):
            return Reply(answers.TOO_LARGE, unread=True)
        endpoint = PATHS[path]
        encoding = headers.get(b"content-encoding", b"").decode("latin-1")
        if body.spool is not None:
            answer = await self._service.accept_bulk(endpoint, client, body.spool, encoding)
        else:
            awaited, respond = answer_to_come()
            self._service.take(endpoint, client, bytes(body.small), encoding, respond)
            answer = await awaited
        return Reply(answer, body.complete_at)


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
