"""The application behind the ordinary door: ingestion first, then everything that reads."""

import asyncio
from collections.abc import Mapping
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from whipstitch.ingest.compat.routing import matches
from whipstitch.ingest.endpoints import plain_path
from whipstitch.ingest.http.sdk_answers import sdk_path

_READ: Final = ("GET", "HEAD")


class Front:
    """Requests for ``doors``, by path, and for the endpoints of ``sdk`` and ``compat`` are answered
    at once. The others wait until what reads is there: to import and build that takes longer than a
    client that sends should wait.

    Of a door's path that also names something to read (people), only what is sent is the door's."""

    def __init__(
        self, doors: Mapping[str, ASGIApp], sdk: ASGIApp, compat: ASGIApp, also_read: str
    ) -> None:
        self._doors = doors
        self._sdk = sdk
        self._compat = compat
        self._also_read = also_read
        self._reading: asyncio.Future[ASGIApp] = asyncio.get_running_loop().create_future()

    def open(self, reading: ASGIApp) -> None:
        """Gives what reads. To be called on the event loop's thread."""
        self._reading.set_result(reading)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["path"] = plain_path(scope["path"])
        door = self._doors.get(scope["path"])
        if door is None and sdk_path(scope["path"]) is not None:
            door = self._sdk
        elif door is None and matches(scope["path"]):
            door = self._compat
        if door is None or (scope["path"] == self._also_read and scope["method"] in _READ):
            door = await asyncio.shield(self._reading)
        await door(scope, receive, send)
