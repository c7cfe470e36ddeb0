"""Uploads of pristine screens: ``POST /api/heatmaps/snapshot`` (contract README, "Order of
checks", the ruling on ``commands``)."""

import asyncio
import base64
import binascii
import time

import msgspec

from whipstitch.core.errors import RegistryError
from whipstitch.core.rate_limit import RateLimiter, seconds_left
from whipstitch.core.reasons import Reason
from whipstitch.core.turns import Claim, NoRoom, Turns
from whipstitch.ingest.client import ClientContext
from whipstitch.ingest.http.asgi import PostDoor, Reply
from whipstitch.ingest.http.decompression import (
    Corrupt,
    Oversized,
    UnsupportedEncoding,
    encoding_of,
    unpack,
)
from whipstitch.ingest.http.request_body import RequestBody
from whipstitch.ingest.service import IngestService
from whipstitch.ingest.validation import answers
from whipstitch.ingest.validation.answers import Answer, refusal
from whipstitch.ingest.validation.surrogates import without_lone_surrogates
from whipstitch.registry.store import Registry
from whipstitch.registry.values import Screen

MOST_IMAGE_BYTES = 8 * 1024 * 1024
_MOST_BODY_BYTES = MOST_IMAGE_BYTES * 4 // 3 + 64 * 1024
_MOST_NAME = 1000
_A_MINUTE = 120
"""Uploads that a key may send."""
_RECEIVED = 64
"""Bodies that are received or wait at one time, in all and of one key."""
_RECEIVED_OF_ONE = 16
_STORED_AT_ONCE = 2

_STORED = Answer(200, b'{"ok":true}')
_MISSING_SCREEN = refusal(400, "Missing screen_name", Reason.MISSING_SCREEN_NAME)
_MISSING_IMAGE = refusal(400, "Missing image_base64", Reason.MISSING_IMAGE)
_INVALID_IMAGE = refusal(
    400,
    "Invalid image_base64: send a PNG, JPEG or WebP of at most 8 MB, base64-encoded",
    Reason.INVALID_IMAGE,
)


class Upload(msgspec.Struct, frozen=True):
    screen_name: str | None = None
    app_version: str | None = None
    os: str | None = None
    device_width: float | None = None
    device_height: float | None = None
    scroll_offset_y: float | None = None
    image_base64: str | None = None


_upload = msgspec.json.Decoder(Upload)


class SnapshotDoor(PostDoor):
    """The door for ``SNAPSHOT_PATH``, with the key rules of ingestion. The snapshot is stored when
    the answer comes, and within 2 seconds no client is asked for it any more."""

    def __init__(self, service: IngestService, registry: Registry, limit: int) -> None:
        """``limit``: bytes that the pictures of one project may take."""
        super().__init__(service)
        self._registry = registry
        self._limit = limit
        self._rate = RateLimiter()
        self._receiving = Turns(_RECEIVED, waiting=0, waiting_each=0)
        self._storing = Turns(_STORED_AT_ONCE, waiting=_RECEIVED, waiting_each=_RECEIVED)

    async def reply(
        self, _path: str, client: ClientContext, headers: dict[bytes, bytes], body: RequestBody
    ) -> Reply:
        key = client.key.key
        if not self._rate.allow(key, _A_MINUTE, now := time.time()):
            return Reply(answers.rate_limited(seconds_left(now)), unread=True)
        try:
            async with self._receiving.turn(Claim(key, _RECEIVED_OF_ONE)):
                return await self._receive(client, headers, body)
        except NoRoom:
            return Reply(answers.UNAVAILABLE, unread=True)

    async def _receive(
        self, client: ClientContext, headers: dict[bytes, bytes], body: RequestBody
    ) -> Reply:
        if not await body.read(min(_MOST_BODY_BYTES, self._service.max_body)):
            refused = body.announced > self._service.max_body
            return Reply(answers.TOO_LARGE if refused else _INVALID_IMAGE, unread=True)
        encoding = headers.get(b"content-encoding", b"").decode("latin-1")
        async with self._storing.turn(Claim(client.key.key, _STORED_AT_ONCE)):
            # Megabytes to decode and to store: not on the event loop.
            return Reply(await asyncio.to_thread(self._store, body, encoding, client))

    def _store(self, body: RequestBody, encoding: str, client: ClientContext) -> Answer:
        packed = bytes(body.small) if body.spool is None else body.spool.read_bytes()
        try:
            screen = read_upload(unpack(packed, encoding_of(encoding), _MOST_BODY_BYTES), client)
            if isinstance(screen, Answer):
                return screen
            self._registry.save_screen(screen, self._limit)
        except UnsupportedEncoding:
            return answers.INVALID_ENCODING
        except Oversized:
            return _INVALID_IMAGE
        except Corrupt:
            return answers.INVALID_BODY
        except RegistryError:
            return answers.UNAVAILABLE
        return _STORED


def read_upload(body: bytes, client: ClientContext) -> Screen | Answer:
    """The snapshot in ``body``, or the answer that refuses it."""
    try:
        upload = _upload.decode(without_lone_surrogates(body))
    except (ValueError, RecursionError):
        return answers.INVALID_BODY
    if not upload.screen_name:
        return _MISSING_SCREEN
    texts = (upload.screen_name, upload.app_version or "", upload.os or "")
    if any("\0" in text or len(text) > _MOST_NAME for text in texts):
        return answers.INVALID_BODY
    if not upload.image_base64:
        return _MISSING_IMAGE
    try:
        # Browsers hand out data URLs.
        image = base64.b64decode(upload.image_base64.rpartition(",")[2], validate=True)
    except (binascii.Error, ValueError):
        return _INVALID_IMAGE
    content_type = image_type(image)
    if content_type is None or len(image) > MOST_IMAGE_BYTES:
        return _INVALID_IMAGE
    return Screen(
        project_id=client.key.project.id,
        environment=client.key.environment,
        screen=upload.screen_name,
        content_type=content_type,
        image=image,
        app_version=upload.app_version or None,
        os=upload.os.lower() if upload.os else None,
        device_width=upload.device_width,
        device_height=upload.device_height,
        scroll_offset_y=upload.scroll_offset_y,
    )


def image_type(image: bytes) -> str | None:
    """The media type of a PNG, JPEG or WebP, by how it begins; None: something else."""
    if image.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if image.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if image[:4] == b"RIFF" and image[8:12] == b"WEBP":
        return "image/webp"
    return None
