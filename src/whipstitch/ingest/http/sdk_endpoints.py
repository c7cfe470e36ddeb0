"""The further endpoints that released Sankofa SDKs call, besides those that take operations in.

Only ``/screens/seen`` stores something. The others are answered so that the SDKs stay quiet: they
report missing endpoints on a browser's console, and keep for ever what is not taken."""

import asyncio
import time
from collections.abc import Mapping
from typing import Final

from starlette.types import Receive, Scope, Send

from whipstitch.core.rate_limit import RateLimiter, seconds_left
from whipstitch.ingest.client import ClientContext
from whipstitch.ingest.http.asgi import Reply, key_in, send_reply
from whipstitch.ingest.http.decompression import (
    Corrupt,
    Oversized,
    UnsupportedEncoding,
    encoding_of,
    unpack,
)
from whipstitch.ingest.http.request_body import ClientGone, RequestBody
from whipstitch.ingest.http.responses import Headers, credentialed_cors, headers_of
from whipstitch.ingest.http.screen_views import read_view
from whipstitch.ingest.http.sdk_answers import (
    CAUGHT,
    ENDPOINTS,
    HANDSHAKE,
    HEARTBEAT,
    NO_CONTENT,
    NO_METHOD,
    READ,
    SEEN,
    SdkEndpoint,
    handshake,
    name_of,
    sdk_path,
)
from whipstitch.ingest.http.strictness import header_map
from whipstitch.ingest.service import IngestService, answer_to_come
from whipstitch.ingest.validation import answers
from whipstitch.ingest.validation.answers import Answer

_DROPPED_BODY: Final = 16 * 1024 * 1024
"""Bytes of a body that is not kept. The connection of who sends more is closed."""
_SEEN_TIMES: Final = 20
"""Views reported a minute and key, as a multiple of the rate limit that other requests have."""


class SdkDoor:
    """An ASGI application for the paths that ``sdk_path`` knows, with the key rules of ingestion.
    Beacons, which have no headers of their own, carry the key in the query, as ``x-api-key``."""

    def __init__(self, service: IngestService) -> None:
        self._service = service
        self._views = RateLimiter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = sdk_path(scope["path"]) or scope["path"]
        headers = header_map(scope["headers"])
        cors = credentialed_cors(headers)
        if scope["method"] == "OPTIONS":
            await send_reply(receive, send, Reply(NO_CONTENT), headers_of(NO_CONTENT, cors))
            return
        try:
            reply, own = await self._reply(path, scope, headers, receive)
        except ClientGone:
            return
        except asyncio.CancelledError:
            reply, own = Reply(answers.UNAVAILABLE), []
        await send_reply(receive, send, reply, headers_of(reply.answer, cors) + own)
        seconds = None if reply.complete_at is None else time.perf_counter() - reply.complete_at
        self._service.count(reply.answer, "asgi", seconds, name_of(path), reply.client)

    async def _reply(
        self, path: str, scope: Scope, headers: dict[bytes, bytes], receive: Receive
    ) -> tuple[Reply, Headers]:
        endpoint = ENDPOINTS.get(path, CAUGHT)
        if scope["method"] not in endpoint.methods:
            return Reply(NO_METHOD[endpoint.methods]), []
        key = headers.get(b"x-api-key") or key_in(scope["query_string"])
        if path == HEARTBEAT and not key:
            # A beacon on leaving has none. It says nothing that is kept.
            return await self._drop(endpoint, None, receive, headers), []
        peer = scope["client"][0] if scope.get("client") else ""
        client = self._service.enter(
            name_of(path), {**headers, b"x-api-key": key}, peer, counted=endpoint.counted
        )
        if isinstance(client, Answer):
            return Reply(client), []
        if path == HANDSHAKE:
            answer, own = handshake(client, headers)
            return Reply(answer, client=client), own
        if path == SEEN:
            return (await self._seen(client, headers, receive))._replace(client=client), []
        return await self._drop(endpoint, client, receive, headers), []

    async def _drop(
        self,
        endpoint: SdkEndpoint,
        client: ClientContext | None,
        receive: Receive,
        headers: dict[bytes, bytes],
    ) -> Reply:
        """Answers; of a body no byte is kept."""
        assert endpoint.answer is not None  # noqa: S101 - tells the type checker
        if endpoint.methods is READ:
            return Reply(endpoint.answer, client=client)
        body = RequestBody(receive, headers, self._service.new_spool)
        whole = await body.skip(_DROPPED_BODY)
        if endpoint.dropped is not None and client is not None:
            self._service.note_dropped(endpoint.dropped, "sdk", client)
        return Reply(endpoint.answer, unread=not whole, client=client)

    async def _seen(
        self, client: ClientContext, headers: dict[bytes, bytes], receive: Receive
    ) -> Reply:
        limit = client.limit * _SEEN_TIMES
        if not self._views.allow(client.counted_by, limit, now := time.time()):
            return Reply(answers.rate_limited(seconds_left(now)), unread=True)
        body = RequestBody(receive, headers, self._service.new_spool)
        try:
            if not await body.read(self._service.largest_small_body):
                return Reply(answers.TOO_LARGE, unread=True)
            event = read_view(self._unpacked(bytes(body.small), headers))
        except UnsupportedEncoding:
            return Reply(answers.INVALID_ENCODING)
        except Corrupt:
            return Reply(answers.INVALID_BODY)
        except Oversized:
            return Reply(answers.TOO_LARGE)
        except OSError:
            return Reply(answers.UNAVAILABLE)
        finally:
            body.forget()
        if isinstance(event, Answer):
            return Reply(event, body.complete_at)
        awaited, answered = answer_to_come()
        self._service.take("track", client, event, "", answered)
        answer = await awaited
        accepted = answer.status == 200
        return Reply(NO_CONTENT if accepted else answer, body.complete_at)

    def _unpacked(self, body: bytes, headers: Mapping[bytes, bytes]) -> bytes:
        encoding = encoding_of(headers.get(b"content-encoding", b"").decode("latin-1"))
        return unpack(body, encoding, self._service.largest_small_body)
