"""Answers that are sent while they are made."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing, contextmanager
from typing import Final

import structlog
from fastapi import HTTPException
from fastapi.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from whipstitch.errors import StorageError

log = structlog.get_logger(__name__)

_PATIENCE: Final = 60.0
"""Seconds that a client may take nothing."""


class Places:
    """So many answers of a kind can be under way at once."""

    def __init__(self, most: int, what: str) -> None:
        """``what`` they are, in the plural."""
        self._free = most
        self._refusal = f"{most} {what} are under way: try again when one of them has ended"

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Raises HTTPException (429) where all are."""
        if not self._free:
            raise HTTPException(429, self._refusal, {"retry-after": "5"})
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1


class Streamed(StreamingResponse):
    """Sends what ``chunks`` makes, which is closed as soon as the client is gone, or has taken
    nothing for a minute.

    What it raises before its first chunk is answered like any error. Later the connection is cut:
    the client sees that there is not all of it."""

    def __init__(
        self,
        chunks: AsyncGenerator[bytes],
        media_type: str,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(chunks, headers=headers, media_type=media_type)
        self._chunks = chunks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - as ASGI has it
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
                async for chunk in chunks:
                    if first:
                        await _within(send, first)
                        first = None
                    await _within(send, _part(chunk, more=True))
                if first:
                    await _within(send, first)
                await _within(send, _part(b"", more=False))
            except TimeoutError:
                log.info("answer_given_up", problem=f"Nothing was taken for {_PATIENCE} seconds.")
            except StorageError as error:
                if first:
                    raise
                log.warning("answer_cut_short", problem=str(error))


async def _within(send: Send, message: Message) -> None:
    async with asyncio.timeout(_PATIENCE):
        await send(message)


def _part(chunk: bytes, *, more: bool) -> Message:
    return {"type": "http.response.body", "body": chunk, "more_body": more}


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
