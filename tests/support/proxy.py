"""What can be wrong with a server or on the way to it: a proxy that stands before a real one."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Final, Literal, Self

from whipstitch.warehouse.connection import Address

Mode = Literal["ok", "refuse", "hang", "drop", "500", "trickle", "garbage", "cut", "denied"]
_CHUNK: Final = 64 * 1024
_READ_AHEAD: Final = 64 * 2**20
"""What a server that hangs is sent, its sockets take."""
_ROUNDS: Final = 5
"""Of the loop, until what was begun or closed is."""
_TRICKLE: Final = 20
_TRICKLE_SECONDS: Final = 0.3
_DENIED: Final = (
    b"HTTP/1.1 403 Forbidden\r\nX-ClickHouse-Exception-Code: 497\r\n"
    b"Content-Length: 37\r\nConnection: close\r\n\r\nCode: 497. DB::Exception: no access.\n\n"
)
_UNWELL: Final = (
    b"HTTP/1.1 500 Internal Server Error\r\n"
    b"Content-Length: 19\r\nConnection: close\r\n\r\nupstream is unwell\n"
)
_ANSWERS: Final = {"500": _UNWELL, "denied": _DENIED, "garbage": b"\x00\xff not HTTP\r\n\r\n"}


class Proxy:
    """Stands before ``server`` from entry to exit, and does as ``mode`` says:

    - ``ok``: passes on what either side sends.
    - ``refuse``: nobody listens, and who was connected is not any more.
    - ``hang``: takes connections and whatever is sent, and passes nothing on until the mode is
      another; then it does.
    - ``drop``: passes requests on, and hangs up instead of answering.
    - ``500``, ``denied``: answers requests so, and passes none on.
    - ``trickle``: passes answers on in pieces of a few bytes, with a rest between them.
    - ``garbage``: answers what is no HTTP.
    - ``cut``: hangs up in the middle of an answer."""

    def __init__(self, server: Address) -> None:
        self._server = server
        self._mode: Mode = "ok"
        self._flows = asyncio.Event()
        self._flows.set()
        self._listener: asyncio.Server | None = None
        # Holds the port, also while nobody listens on it.
        self._socket = _bound(0)
        self._port: int = self._socket.getsockname()[1]
        self._writers: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self.mode = "ok"
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def address(self) -> Address:
        """As the server's, but through here."""
        return self.before(self._server)

    def before(self, address: Address) -> Address:
        """Of a database on the server."""
        return replace(address, host="127.0.0.1", port=self._port, secure=False)

    @property
    def mode(self) -> Mode:
        return self._mode

    @mode.setter
    def mode(self, mode: Mode) -> None:
        asyncio.run_coroutine_threadsafe(self._become(mode), self._loop).result()

    @contextmanager
    def behaving(self, mode: Mode) -> Iterator[None]:
        """In that mode for a while."""
        self.mode = mode
        try:
            yield
        finally:
            self.mode = "ok"

    # On the loop

    async def _become(self, mode: Mode) -> None:
        self._mode = mode
        if mode == "refuse":
            await self._stop_listening()
        elif self._listener is None:
            self._listener = await asyncio.start_server(
                self._accepted, sock=self._socket, limit=_READ_AHEAD
            )
        if mode == "hang":
            self._flows.clear()
        else:
            self._flows.set()

    async def _stop_listening(self) -> None:
        if self._listener is not None:
            # Whoever was let in already would meet a listener that is none any more.
            self._loop.remove_reader(self._listener.sockets[0].fileno())
            await self._let_pass()
            self._listener.close()
            self._listener = None
            self._socket = _bound(self._port)
        for writer in self._writers:
            writer.transport.abort()

    async def _close(self) -> None:
        await self._stop_listening()
        self._socket.close()
        self._flows.set()
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
        for writer in self._writers:
            writer.transport.abort()
        await self._let_pass()

    async def _let_pass(self) -> None:
        for _ in range(_ROUNDS):
            await asyncio.sleep(0)

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Known from now on: a task may be ended before it begins.
        self._writers.add(writer)
        task = self._loop.create_task(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError):
                there, to_there = await asyncio.open_connection(
                    self._server.host,
                    self._server.port,
                    ssl=self._server.secure or None,
                    limit=_READ_AHEAD,
                )
                self._writers.add(to_there)
                try:
                    await asyncio.gather(
                        self._ask(reader, to_there, writer), self._answer(there, writer)
                    )
                finally:
                    self._writers.discard(to_there)
                    to_there.transport.abort()
        finally:
            self._writers.discard(writer)
            writer.transport.abort()

    async def _ask(
        self,
        reader: asyncio.StreamReader,
        to_there: asyncio.StreamWriter,
        back: asyncio.StreamWriter,
    ) -> None:
        while data := await reader.read(_CHUNK):
            await self._flows.wait()
            if self._mode in _ANSWERS:
                back.write(_ANSWERS[self._mode])
                back.write_eof()
                # Who still sends would else not come to read the answer.
                while await reader.read(_CHUNK):
                    pass
                to_there.transport.abort()
                return
            to_there.write(data)
            await to_there.drain()
        to_there.write_eof()

    async def _answer(self, there: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await there.read(_CHUNK):
            await self._flows.wait()
            if self._mode == "drop":
                break
            if self._mode == "cut":
                writer.write(data[: len(data) // 2])
                break
            if self._mode == "trickle":
                await _trickle(data, writer)
                continue
            writer.write(data)
            await writer.drain()
        writer.close()


async def _trickle(data: bytes, writer: asyncio.StreamWriter) -> None:
    for at in range(0, len(data), _TRICKLE):
        writer.write(data[at : at + _TRICKLE])
        await writer.drain()
        await asyncio.sleep(_TRICKLE_SECONDS)


def _bound(port: int) -> socket.socket:
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", port))
    return bound
