"""A body that arrives by ASGI: small ones in memory, large ones in a file."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from starlette.types import Receive

from whipstitch.ingest.service import LARGEST_SMALL_BODY

_SPOOL_BYTES = 1024 * 1024
"""A large body goes to its file in pieces of about this size, each on a thread."""


class ClientGone(Exception):
    """The client went away before its request was complete: there is nobody to answer."""


class RequestBody:
    """A request's body: in ``small`` while it is small, else in the file ``spool``."""

    def __init__(
        self, receive: Receive, headers: dict[bytes, bytes], new_spool: Callable[[], Path]
    ) -> None:
        self.small = bytearray()
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
            self.small += piece
            if len(self.small) > (_SPOOL_BYTES if self.spool else LARGEST_SMALL_BODY):
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
        piece, self.small = self.small, bytearray()
        await asyncio.to_thread(self._file.write, piece)
