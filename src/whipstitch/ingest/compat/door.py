"""The door for released clients of other products, as an ASGI application.

Their keys may be inside the body, so that the body is read first: there is a limit to its size, and
to how many large ones are received at one time. All else is the same as for ``/api/v1/batch``: the
rate limit, the checks of key, origin and address, validation, journal and counters."""

import asyncio
import time
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

import msgspec
import structlog
from starlette.types import Receive, Scope, Send

from whipstitch.core.reasons import Reason
from whipstitch.core.turns import Claim, NoRoom, Turns
from whipstitch.ingest.client import ClientContext
from whipstitch.ingest.compat.request import CompatRequest, Unreadable, peel
from whipstitch.ingest.compat.routing import RouteMatch, matches
from whipstitch.ingest.compat.translating import (
    Translated,
    UnreadableFor,
    peel_and_translate,
    translate_for,
)
from whipstitch.ingest.compat.translation import CompatAnswer, Translation
from whipstitch.ingest.http.asgi import Reply, send_reply
from whipstitch.ingest.http.decompression import Oversized
from whipstitch.ingest.http.request_body import ClientGone, RequestBody
from whipstitch.ingest.http.responses import credentialed_cors, headers_of
from whipstitch.ingest.http.strictness import header_map
from whipstitch.ingest.service import IngestService, answer_to_come
from whipstitch.ingest.validation import answers
from whipstitch.ingest.validation.answers import Answer

log = structlog.get_logger(__name__)

LARGEST_BODY: Final = 20 * 1024 * 1024
"""Bytes of a body, packed and unpacked: as much as any of these products takes."""
_RECEIVED: Final = 64
"""Large bodies that are received at one time, in all and from one address."""
_RECEIVED_OF_ONE: Final = 16
_TRANSLATED_AT_ONCE: Final = 1
"""Of those whose translation takes too long for the event loop: each takes some 100 MB at most."""
_QUICK: Final = 64 * 1024
"""Bytes. An unpacked body up to this is translated on the event loop."""
_MOST_PARAMETERS: Final = 1000
_UNAVAILABLE: Final = 503
_NO_CONTENT: Final = Answer(204, b"")
_NO_METHOD: Final = answers.refusal(
    405, "Method not allowed", Reason.METHOD_NOT_ALLOWED, allow="GET, POST, OPTIONS"
)


class _Outcome(msgspec.Struct):
    """``answer``: what the service says; ``told``: the same as the client reads it."""

    answer: Answer
    told: CompatAnswer
    complete_at: float | None = None
    unread: bool = False
    client: ClientContext | None = None


class CompatDoor:
    """For every path that ``routing.matches`` knows."""

    def __init__(self, service: IngestService) -> None:
        self._service = service
        self._limit = min(LARGEST_BODY, service.max_body)
        self._receiving = Turns(_RECEIVED, waiting=0, waiting_each=0)
        self._translating = Turns(_TRANSLATED_AT_ONCE, waiting=_RECEIVED, waiting_each=_RECEIVED)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = header_map(scope["headers"])
        cors = credentialed_cors(headers)
        if scope["method"] == "OPTIONS":
            await send_reply(receive, send, Reply(_NO_CONTENT), headers_of(_NO_CONTENT, cors))
            return
        found = matches(scope["path"])
        name = found[0].ecosystem.name
        fitting = [one for one in found if scope["method"] in one.route.methods]
        try:
            outcome = await self._outcome(fitting or [found[0]], scope, headers, receive)
        except ClientGone:
            return
        except asyncio.CancelledError:
            outcome = _Outcome(answers.UNAVAILABLE, CompatAnswer(_UNAVAILABLE))
        told = outcome.told
        answer = msgspec.structs.replace(outcome.answer, status=told.status, body=told.body)
        reply = Reply(answer, unread=outcome.unread)
        sent = headers_of(answer, cors, told.content_type)
        await send_reply(receive, send, reply, sent)
        started = outcome.complete_at
        seconds = None if started is None else time.perf_counter() - started
        self._service.count(outcome.answer, "asgi", seconds, name, outcome.client)

    async def _outcome(
        self, found: list[RouteMatch], scope: Scope, headers: dict[bytes, bytes], receive: Receive
    ) -> _Outcome:
        match = found[0]
        request = CompatRequest(scope["method"], match.path, _query(scope["query_string"]), headers)
        if scope["method"] not in match.route.methods:
            return _refused(match, request, None, _NO_METHOD)
        body = RequestBody(receive, headers, self._service.new_spool)
        quiet = match.route.quiet
        if quiet is not None:
            whole = await body.skip(self._limit)
            told = quiet(request) if callable(quiet) else quiet
            return _Outcome(Answer(200, b""), told, unread=not whole)
        peer = scope["client"][0] if scope.get("client") else ""
        client: ClientContext | None = None
        if len(found) == 1 and (key := match.ecosystem.key_of(request)):
            entered = self._enter(match, request, key, peer)
            if isinstance(entered, Answer):
                return _refused(match, request, None, entered)
            client = entered
        try:
            if body.announced <= self._service.largest_small_body:
                return await self._receive(found, request, body, client, peer)
            async with self._receiving.turn(Claim(peer, _RECEIVED_OF_ONE)):
                return await self._receive(found, request, body, client, peer)
        except (NoRoom, OSError):
            return _refused(match, request, None, answers.UNAVAILABLE, client, unread=True)
        finally:
            body.forget()

    async def _receive(
        self,
        found: list[RouteMatch],
        request: CompatRequest,
        body: RequestBody,
        client: ClientContext | None,
        peer: str,
    ) -> _Outcome:
        match = found[0]
        if not await body.read(self._limit):
            return _refused(match, request, None, answers.TOO_LARGE, client, unread=True)
        try:
            small = self._unpacked_small(body)
            request = request._replace(body=bytes(body.small))
            if small is not None:
                translated = translate_for(found, request, small)
            else:
                async with self._translating.turn(Claim(peer, _TRANSLATED_AT_ONCE)):
                    request, translated = await asyncio.to_thread(
                        peel_and_translate, found, request, body.spool, self._limit
                    )
        except UnreadableFor as error:
            outcome = _refused(error.match, request, None, answers.INVALID_BODY, client)
        except Unreadable:
            outcome = _refused(match, request, None, answers.INVALID_BODY, client)
        except Oversized:
            outcome = _refused(match, request, None, answers.TOO_LARGE, client)
        except Exception:
            # A fault of ours, which must not leave the client without an answer.
            log.exception("translation_failed", ecosystem=match.ecosystem.name)
            outcome = _refused(match, request, None, answers.FAILED, client)
        else:
            outcome = await self._deliver(translated, request, client, peer)
        outcome.complete_at = body.complete_at
        return outcome

    async def _deliver(
        self,
        translated: Translated,
        request: CompatRequest,
        client: ClientContext | None,
        peer: str,
    ) -> _Outcome:
        match, translation, batch = translated
        if client is None:
            entered = self._enter(match, request, translation.key, peer)
            if isinstance(entered, Answer):
                return _refused(match, request, translation, entered)
            client = entered
        answer = Answer(200, b"")
        if batch:
            answer = await self._queue(client, batch)
            if answer.refuses:
                return _refused(match, request, translation, answer, client)
        for reason, count in translation.drops.items():
            self._service.note_dropped(reason, match.ecosystem.name, client, count)
        told = match.ecosystem.success(request, translation)
        return _Outcome(answer, told, client=client)

    async def _queue(self, client: ClientContext, batch: bytes) -> Answer:
        if len(batch) <= self._service.largest_small_body:
            awaited, respond = answer_to_come()
            self._service.take("batch", client, batch, "", respond)
            return await awaited
        spool = self._service.new_spool()
        try:
            await asyncio.to_thread(spool.write_bytes, batch)
            return await self._service.accept_bulk("batch", client, spool, "")
        finally:
            spool.unlink(missing_ok=True)

    def _unpacked_small(self, body: RequestBody) -> bytes | None:
        """The unpacked body, if the event loop has the time to translate it."""
        if body.spool is not None:
            return None
        try:
            return peel(bytes(body.small), _QUICK)
        except Oversized:
            return None

    def _enter(
        self, match: RouteMatch, request: CompatRequest, key: str, peer: str
    ) -> ClientContext | Answer:
        sent = key.encode("latin-1", "replace")
        name = match.ecosystem.name
        entered = self._service.enter(name, {**request.headers, b"x-api-key": sent}, peer)
        if isinstance(entered, Answer):
            return entered
        return msgspec.structs.replace(entered, door=name)


def _refused(
    match: RouteMatch,
    request: CompatRequest,
    translation: Translation | None,
    answer: Answer,
    client: ClientContext | None = None,
    *,
    unread: bool = False,
) -> _Outcome:
    """Who sends too much is told to wait as who meets a full queue: some clients drop on 429."""
    told = answer
    if answer.reason is Reason.RATE_LIMITED:
        told = msgspec.structs.replace(answer, status=_UNAVAILABLE)
    return _Outcome(
        answer,
        match.ecosystem.failure(request, translation, told),
        unread=unread,
        client=client,
    )


def _query(query: bytes) -> Mapping[str, str]:
    try:
        return dict(
            parse_qsl(
                query.decode("latin-1"), keep_blank_values=True, max_num_fields=_MOST_PARAMETERS
            )
        )
    except ValueError:
        return {}
