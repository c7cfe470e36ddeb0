"""Answers that are sent while they are made."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing, contextmanager
from typing import Final

import structlog
from starlette.exceptions import HTTPException
from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from whipstitch.core.errors import QueryTimedOut, StorageError
from whipstitch.web.auth.access import Reader

log = structlog.get_logger(__name__)

_PATIENCE: Final = 60.0
"""Seconds that a client may take nothing."""
_SLOWEST: Final = 16 * 1024
"""Bytes a second that a client takes on average, beyond that."""


class ConcurrencyLimit:
    """So many answers of a kind can be under way at once: of one user, of one project, and in all.
    Whoever has places leaves some to others."""

    def __init__(self, most: int, *, of_project: int, of_user: int, what: str) -> None:
        """``what`` they are, in the plural."""
        self._most = {"": most, "project": of_project, "user": of_user}
        self._what = what
        self._taken: Counter[tuple[str, str]] = Counter()

    @contextmanager
    def taken(self, reader: Reader) -> Iterator[None]:
        """Raises HTTPException (429) where all are."""
        names = [("", ""), ("project", reader.project_id), ("user", reader.id)]
        for name in names:
            most = self._most[name[0]]
            if self._taken[name] >= most:
                of = f" of one {name[0]}" if name[0] else ""
                refusal = f"{most} {self._what}{of} are under way: try again when one has ended"
                raise HTTPException(429, refusal, {"retry-after": "5"})
        self._taken.update(names)
        try:
            yield
        finally:
            self._taken.subtract(names)
            self._taken = +self._taken  # without those of whom there is none


class Streamed(StreamingResponse):
    """Sends what ``chunks`` makes, which is closed as soon as the client is gone, or has taken
    nothing for a minute.

    Where ``seconds`` are given it ends after as many, and when the client has let it wait for
    longer than a minute in all and a second for each 16 KB that it took.

    What it raises before its first chunk is answered like any error. Later the connection is cut:
    the client sees that there is not all of it."""

    def __init__(
        self,
        chunks: AsyncGenerator[bytes],
        media_type: str,
        headers: Mapping[str, str] | None = None,
        *,
        seconds: float | None = None,
    ) -> None:
        super().__init__(chunks, headers=headers, media_type=media_type)
        self._chunks = chunks
        self._seconds = seconds
        self._size = 0
        self._waited = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sending = asyncio.ensure_future(self._send(send))
        leaving = asyncio.ensure_future(_left(receive))
        try:
            await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
        finally:
            for task in (leaving, sending):
                task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await sending

    async def _send(self, send: Send) -> None:
        start = {"status": self.status_code, "headers": self.raw_headers}
        first: Message | None = {"type": "http.response.start", **start}
        async with aclosing(self._chunks) as chunks:
            try:
                async with asyncio.timeout(self._seconds):
                    async for chunk in chunks:
                        if first:
                            await self._within(send, first)
                            first = None
                        await self._within(send, _part(chunk, more=True))
                    if first:
                        await self._within(send, first)
                    await self._within(send, _part(b"", more=False))
            except TimeoutError:
                if first:
                    raise QueryTimedOut("It took too long. Ask for a shorter range.") from None
                log.info("answer_given_up", sent=self._size, waited=round(self._waited))
            except StorageError as error:
                if first:
                    raise
                log.warning("answer_cut_short", problem=str(error))

    async def _within(self, send: Send, message: Message) -> None:
        """Raises TimeoutError where the client takes too long."""
        patience = _PATIENCE
        if self._seconds is not None:
            patience = min(patience, _PATIENCE + self._size / _SLOWEST - self._waited)
        began = time.monotonic()
        async with asyncio.timeout(patience):
            await send(message)
        self._waited += time.monotonic() - began
        self._size += len(message.get("body", b""))


def _part(chunk: bytes, *, more: bool) -> Message:
    return {"type": "http.response.body", "body": chunk, "more_body": more}


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
