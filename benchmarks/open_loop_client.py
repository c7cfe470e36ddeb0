"""The process that sends for ``open_loop``: reads what to do from its input, prints that it begins,
and in the end what it measured. Where an exact timer allows, it sleeps between two requests: if it
did not, the kernel's thread that talks to the disk might have to wait for this core, and the server
with it."""

import asyncio
import contextlib
import ctypes
import gc
import itertools
import json
import os
import re
import struct
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import uvloop

from benchmarks.processes import pin

_CONNECTIONS: Final = 64
_WARM_SECONDS: Final = 0.5
_FIRST: Final = -15
"""A niceness. Where client and server share cores, the server's threads do not keep the client from
seeing an answer, as they would not on a machine of its own. It takes root."""
_ABSOLUTE: Final = 1
_LENGTH: Final = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


class _Connection(asyncio.Protocol):
    """One keep-alive connection with at most one request under way."""

    def __init__(self, target: "_Target") -> None:
        self._target = target
        self._due = 0.0
        self._missing = 0
        """Bytes of an answer's body that are still to come."""
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._target.idle.append(self)

    def connection_lost(self, exc: Exception | None) -> None:
        assert self._target.closing, f"the server closed a connection: {exc}"

    def send(self, request: bytes, due: float) -> None:
        self._due = due
        self._transport.write(request)

    def close(self) -> None:
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        if self._missing:
            self._missing -= len(data)
        else:
            assert data.startswith(b"HTTP/1.1 200"), data
            head, _, rest = data.partition(b"\r\n\r\n")
            length = _LENGTH.search(head)
            assert length is not None, data
            self._missing = int(length[1]) - len(rest)
        if not self._missing:
            self._target.latencies.append(time.perf_counter() - self._due)
            self._target.idle.append(self)


class _Target:
    """Connections to one server."""

    def __init__(self, url: str, requests: list[str]) -> None:
        parts = urlsplit(url)
        self.idle: list[_Connection] = []
        self.latencies: list[float] = []
        self.closing = False
        self._address = parts.hostname or "", parts.port or 80
        self._requests = itertools.cycle([one.encode("latin-1") for one in requests])

    async def connect(self) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(_CONNECTIONS):
            await loop.create_connection(lambda: _Connection(self), *self._address)

    async def turn(
        self, rate: float, seconds: float, clock: "_Clock", ended: Callable[[], bool]
    ) -> list[float]:
        """Sorted latencies, all answers awaited."""
        self.latencies = []
        began = time.perf_counter()
        for number in range(int(rate * seconds)):
            due = began + number / rate
            await clock.until(due)
            while not self.idle:  # noqa: ASYNC110
                await asyncio.sleep(0)
            if ended():
                break
            self.idle.pop().send(next(self._requests), due)
        while len(self.idle) < _CONNECTIONS:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        return sorted(self.latencies)

    def close(self) -> None:
        self.closing = True
        for connection in self.idle:
            connection.close()


class _Clock:
    """A timer of Linux that is exact: one of the event loop is late by up to a millisecond."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: asyncio.Future[None] | None = None
        self._library = ctypes.CDLL(None)
        self._timer = self._library.timerfd_create(time.CLOCK_MONOTONIC, os.O_NONBLOCK)
        loop.add_reader(self._timer, self._rang)

    async def until(self, moment: float) -> None:
        """``moment`` is one of ``time.perf_counter``, which is the monotonic clock on Linux."""
        if moment <= time.perf_counter():
            await asyncio.sleep(0)  # answers that have come are seen
            return
        seconds, rest = divmod(moment, 1)
        once = struct.pack("4q", 0, 0, int(seconds), max(1, int(rest * 1e9)))
        self._waiting = self._loop.create_future()
        self._library.timerfd_settime(self._timer, _ABSOLUTE, once, None)
        await self._waiting

    def _rang(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._timer, 8)
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)


async def _measure(asked: dict[str, Any]) -> dict[str, list[list[float]]]:
    loop = asyncio.get_running_loop()
    clock = _Clock(loop)
    rate, seconds, turns = asked["rate"], asked["turn"], asked["turns"]
    targets = {name: _Target(**one) for name, one in asked["targets"].items()}
    for target in targets.values():
        await target.connect()
        await target.turn(rate, min(seconds, _WARM_SECONDS), clock, lambda: False)
    seen: dict[str, list[list[float]]] = {name: [] for name in targets}
    told_to_end = asyncio.Event()
    if turns is None:
        loop.add_reader(sys.stdin.fileno(), told_to_end.set)

    def ended() -> bool:
        """Not before each target has had a turn."""
        return told_to_end.is_set() and all(seen.values())

    gc.collect()
    gc.disable()
    print("begun", flush=True)
    for number, (name, target) in _turns(targets):
        if ended() or number == turns:
            break
        seen[name].append(await target.turn(rate, seconds, clock, ended))
    for target in targets.values():
        target.close()
    return seen


def _turns(targets: dict[str, _Target]) -> Iterator[tuple[int, tuple[str, _Target]]]:
    for number in itertools.count():
        for item in targets.items():
            yield number, item


def main() -> None:
    asked = json.loads(sys.stdin.readline())
    pin(0, asked["core"])
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, _FIRST)
        # Linux may share the processor among sessions first, and only within one by niceness.
        os.setsid()
        Path("/proc/self/autogroup").write_text(str(_FIRST))
    seen = uvloop.run(_measure(asked))
    # Where Python is told not to buffer, print may leave out what a pipe does not take at once.
    with open(sys.stdout.fileno(), "w") as out:  # noqa: PTH123
        json.dump(seen, out)


if __name__ == "__main__":
    main()
