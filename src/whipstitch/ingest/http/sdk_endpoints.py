"""The further endpoints that released Sankofa SDKs call, besides those that take operations in.

Only ``/screens/seen`` stores something. The others are answered so that the SDKs stay quiet: they
report missing endpoints on a browser's console, and keep for ever what is not taken."""

import asyncio
import hashlib
import re
import time
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec
from starlette.types import Receive, Scope, Send

from whipstitch.core.rate_limit import RateLimiter, seconds_left
from whipstitch.core.reasons import Reason
from whipstitch.ingest.client import ClientContext
from whipstitch.ingest.http.asgi import ClientGone, Reply, RequestBody, key_in, send_reply
from whipstitch.ingest.http.decompression import (
    Corrupt,
    Oversized,
    UnsupportedEncoding,
    encoding_of,
    unpack,
)
from whipstitch.ingest.http.responses import Headers, credentialed_cors, headers_of
from whipstitch.ingest.http.strictness import header_map
from whipstitch.ingest.service import IngestService, answer_to_come
from whipstitch.ingest.validation import answers
from whipstitch.ingest.validation.answers import JSON, Answer
from whipstitch.ingest.validation.screens import SEEN_EVENT

_DROPPED_BODY: Final = 16 * 1024 * 1024
"""Bytes of a body that is not kept. The connection of who sends more is closed."""
_SEEN_TIMES: Final = 20
"""Views reported a minute and key, as a multiple of the rate limit that other requests have."""
_READ: Final = frozenset({"GET", "HEAD"})
_WRITE: Final = frozenset({"POST"})
_CATCH: Final = "/api/catch/"
_SLASHES: Final = re.compile("/{2,}")

_REPLAY_OFF: Final = {
    "enabled": False,
    "sample_rate": 0,
    "mask_all_inputs": True,
    "high_fidelity_triggers": [],
    "high_fidelity_duration_seconds": 0,
}
_OK: Final = Answer(200, b'{"ok":true}')
_NO_CONTENT: Final = Answer(204, b"")
_NOT_MODIFIED: Final = Answer(304, b"")
_MISSING_SCREEN: Final = answers.refusal(400, "Missing screen", Reason.MISSING_SCREEN_NAME)
_NO_METHOD: Final = {
    _READ: answers.refusal(
        405,
        "Method not allowed: use GET",
        Reason.METHOD_NOT_ALLOWED,
        allow="GET, HEAD, OPTIONS",
    ),
    _WRITE: answers.METHOD_NOT_ALLOWED,
}


class _Endpoint(NamedTuple):
    """``answer``: always the same; None: another method of the door makes it. ``dropped``: why what
    is sent is not kept. ``counted``: by the rate limit."""

    methods: frozenset[str]
    answer: Answer | None = None
    dropped: Reason | None = None
    counted: bool = True


def _json(**fields: Any) -> Answer:
    return Answer(200, JSON.encode(fields))


_HANDSHAKE: Final = "/api/v1/handshake"
_SEEN: Final = "/api/v1/screens/seen"
_HEARTBEAT: Final = "/api/v1/screens/heartbeat"
_CAUGHT: Final = _Endpoint(_WRITE, _OK, Reason.NOT_COLLECTED)
_ENDPOINTS: Final[Mapping[str, _Endpoint]] = {
    _HANDSHAKE: _Endpoint(_READ),
    "/api/v1/handshake/integrations": _Endpoint(_WRITE, _json(stored=0)),
    _SEEN: _Endpoint(_WRITE, counted=False),
    _HEARTBEAT: _Endpoint(_WRITE, _NO_CONTENT, counted=False),
    "/api/replay/config": _Endpoint(_READ, _json(**_REPLAY_OFF)),
    "/api/replay/chunk": _Endpoint(_WRITE, _OK, Reason.REPLAY_OFF),
    "/api/ee/replay/chunk": _Endpoint(_WRITE, _OK, Reason.REPLAY_OFF),
    "/api/switch/exposures": _Endpoint(_WRITE, _OK, Reason.NOT_COLLECTED),
    "/api/pulse/surveys": _Endpoint(_READ, _json(surveys=[])),
    "/api/deploy/check": _Endpoint(
        _READ, _json(enabled=True, has_update=False, reason="no_matching_release")
    ),
}


class _View(msgspec.Struct, frozen=True):
    """The body of ``/screens/seen``; raw: what is odd about a value is for validation to say."""

    screen: str | None = None
    distinct_id: msgspec.Raw = msgspec.Raw(b"null")
    session_id: msgspec.Raw = msgspec.Raw(b"null")
    ts_ms: msgspec.Raw = msgspec.Raw(b"null")
    properties: dict[str, msgspec.Raw] | None = None


_view = msgspec.json.Decoder(_View)


def sdk_path(path: str) -> str | None:
    """The endpoint that ``path`` means, though with more slashes than it has; None: none of
    these."""
    plain = _SLASHES.sub("/", path).rstrip("/")
    return plain if plain in _ENDPOINTS or plain.startswith(_CATCH) else None


class SdkDoor:
    """An ASGI application for the paths that ``sdk_path`` knows, with the key rules of ingestion.
    Beacons, which have no headers of their own, carry the key in the query, as ``x-api-key``."""

    def __init__(self, intake: IngestService) -> None:
        self._intake = intake
        self._views = RateLimiter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = sdk_path(scope["path"]) or scope["path"]
        headers = header_map(scope["headers"])
        cors = credentialed_cors(headers)
        if scope["method"] == "OPTIONS":
            await send_reply(receive, send, Reply(_NO_CONTENT), headers_of(_NO_CONTENT, cors))
            return
        try:
            reply, own = await self._reply(path, scope, headers, receive)
        except ClientGone:
            return
        except asyncio.CancelledError:
            reply, own = Reply(answers.UNAVAILABLE), []
        await send_reply(receive, send, reply, headers_of(reply.answer, cors) + own)
        seconds = None if reply.complete_at is None else time.perf_counter() - reply.complete_at
        self._intake.count(reply.answer, "asgi", seconds, _name_of(path), reply.client)

    async def _reply(
        self, path: str, scope: Scope, headers: dict[bytes, bytes], receive: Receive
    ) -> tuple[Reply, Headers]:
        endpoint = _ENDPOINTS.get(path, _CAUGHT)
        if scope["method"] not in endpoint.methods:
            return Reply(_NO_METHOD[endpoint.methods]), []
        key = headers.get(b"x-api-key") or key_in(scope["query_string"])
        if path == _HEARTBEAT and not key:
            # A beacon on leaving has none. It says nothing that is kept.
            return await self._drop(endpoint, None, receive, headers), []
        peer = scope["client"][0] if scope.get("client") else ""
        client = self._intake.enter(
            _name_of(path), {**headers, b"x-api-key": key}, peer, counted=endpoint.counted
        )
        if isinstance(client, Answer):
            return Reply(client), []
        if path == _HANDSHAKE:
            answer, own = _handshake(client, headers)
            return Reply(answer, client=client), own
        if path == _SEEN:
            return (await self._seen(client, headers, receive))._replace(client=client), []
        return await self._drop(endpoint, client, receive, headers), []

    async def _drop(
        self,
        endpoint: _Endpoint,
        client: ClientContext | None,
        receive: Receive,
        headers: dict[bytes, bytes],
    ) -> Reply:
        """Answers; of a body no byte is kept."""
        assert endpoint.answer is not None  # noqa: S101 - tells the type checker
        if endpoint.methods is _READ:
            return Reply(endpoint.answer, client=client)
        body = RequestBody(receive, headers, self._intake.new_spool)
        whole = await body.skip(_DROPPED_BODY)
        if endpoint.dropped is not None and client is not None:
            self._intake.note_dropped(endpoint.dropped, "sdk", client)
        return Reply(endpoint.answer, unread=not whole, client=client)

    async def _seen(
        self, client: ClientContext, headers: dict[bytes, bytes], receive: Receive
    ) -> Reply:
        limit = client.limit * _SEEN_TIMES
        if not self._views.allow(client.counted_by, limit, now := time.time()):
            return Reply(answers.rate_limited(seconds_left(now)), unread=True)
        body = RequestBody(receive, headers, self._intake.new_spool)
        try:
            if not await body.read(self._intake.largest_small_body):
                return Reply(answers.TOO_LARGE, unread=True)
            event = read_view(self._unpacked(bytes(body.light), headers))
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
        self._intake.take("track", client, event, "", answered)
        answer = await awaited
        accepted = answer.status == 200
        return Reply(_NO_CONTENT if accepted else answer, body.complete_at)

    def _unpacked(self, body: bytes, headers: Mapping[bytes, bytes]) -> bytes:
        encoding = encoding_of(headers.get(b"content-encoding", b"").decode("latin-1"))
        return unpack(body, encoding, self._intake.largest_small_body)


def read_view(body: bytes) -> bytes | Answer:
    """The event, as the body of ``/track``, that a view of a screen is, or the answer that refuses
    it."""
    try:
        view = _view.decode(body)
    except (ValueError, RecursionError):
        return answers.INVALID_BODY
    if not view.screen:
        return _MISSING_SCREEN
    properties: dict[str, Any] = dict(view.properties or {})
    properties["$screen_name"] = view.screen
    if bytes(view.session_id) != b"null":
        properties["$session_id"] = view.session_id
    return JSON.encode(
        {
            "event_name": SEEN_EVENT,
            "distinct_id": view.distinct_id,
            "timestamp": view.ts_ms,
            "properties": properties,
        }
    )


def _handshake(client: ClientContext, headers: Mapping[bytes, bytes]) -> tuple[Answer, Headers]:
    body = JSON.encode(
        {
            "project_id": client.key.project.id,
            "modules": {"analytics": {"enabled": True}, "replay": _REPLAY_OFF},
        }
    )
    tag = b'"%b"' % hashlib.sha256(body).hexdigest()[:20].encode()
    known = {
        one.strip().removeprefix(b"W/") for one in headers.get(b"if-none-match", b"").split(b",")
    }
    fresh = tag in known or b"*" in known
    return _NOT_MODIFIED if fresh else Answer(200, body), [(b"etag", tag)]


def _name_of(path: str) -> str:
    """As what refusals name it: the last two words of the path."""
    return "/".join(path.split("/")[-2:]) if not path.startswith(_CATCH) else "catch"
