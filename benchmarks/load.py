"""Load: closed by wrk (as fast as the server answers), open by our own client (at a steady rate,
whether or not the server keeps up)."""

import asyncio
import contextlib
import ctypes
import gc
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

import uvloop

from benchmarks.processes import LOAD_CORE, pin

EVENT: dict[str, Any] = {
    "event_name": "checkout_started",
    "distinct_id": "user_123",
    "timestamp": "2026-05-09T14:32:01.482Z",
    "properties": {
        "cart_value": 49.99,
        "item_count": 3,
        "currency": "USD",
        "$session_id": "sess_abc123",
    },
    "default_properties": {"$os": "ios", "$device_model": "iPhone 15", "$app_version": "2.4.1"},
    "lib_version": "benchmark@1.0.0",
}
TRACK = json.dumps(EVENT).encode()
_CONNECTIONS = 64
_FIRST = -15
"""A niceness."""
_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
_USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0"


def batch(operations: int) -> bytes:
    """A batch of events by different people, at different times of the last month."""
    now = time.time()
    events = [
        {
            **EVENT,
            "event_name": f"event_{number % 20}",
            "distinct_id": f"user_{(number * 7919) % 100_000}",
            "timestamp": int((now - (number * 97) % 2_592_000) * 1000),
            "properties": {**EVENT["properties"], "cart_value": number % 997, "step": number},
        }
        for number in range(operations)
    ]
    return json.dumps(
        {"operations": [{"type": "track", "payload": event} for event in events]}
    ).encode()


class Closed(NamedTuple):
    """What wrk saw. ``refused``: answers that were not 2xx or 3xx, and socket errors."""

    requests_per_second: float
    refused: int


def wrk(
    url: str,
    body: bytes,
    key: str,
    *,
    connections: int,
    seconds: float,
    core: int | None = LOAD_CORE,
) -> Closed:
    """Sends ``body`` again and again."""
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is not installed: apt-get install wrk")
    with tempfile.TemporaryDirectory() as directory:
        (Path(directory) / "body").write_bytes(body)
        script = Path(directory) / "post.lua"
        script.write_text(
            'wrk.method = "POST"\n'
            f'wrk.headers["x-api-key"] = "{key}"\n'
            'wrk.headers["Content-Type"] = "application/json"\n'
            f'wrk.headers["User-Agent"] = "{_USER_AGENT}"\n'
            f'wrk.body = io.open("{directory}/body", "rb"):read("*a")\n'
        )
        command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s"]
        out = subprocess.run(
            [*command, "-s", str(script), url],
            check=True,
            capture_output=True,
            text=True,
            preexec_fn=lambda: pin(0, core),
        ).stdout
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    errors = re.search(r"Socket errors: (.*)", out)
    lost = sum(map(int, re.findall(r"\d+", errors[1]))) if errors else 0
    found = re.search(r"Requests/sec:\s+([\d.]+)", out)
    assert found is not None, out
    return Closed(float(found[1]), lost + (int(refused[1]) if refused else 0))


class _Connection(asyncio.Protocol):
    """One keep-alive connection with at most one request under way."""

    def __init__(self, idle: list["_Connection"], latencies: list[float]) -> None:
        self._idle = idle
        self._latencies = latencies
        self._since = 0.0
        self._missing = 0
        """Bytes of an answer's body that are still to come."""
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self._idle.append(self)

    def send(self, request: bytes, since: float) -> None:
        """``since``: when it begins to wait."""
        self._since = since
        self.transport.write(request)

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
            self._latencies.append(time.perf_counter() - self._since)
            self._idle.append(self)


async def _open_loop(url: str, body: bytes, key: str, rate: float, seconds: float) -> list[float]:
    parts = urlsplit(url)
    request = (
        f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nx-api-key: {key}\r\n"
        f"Content-Type: application/json\r\nUser-Agent: {_USER_AGENT}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body
    loop = asyncio.get_running_loop()
    idle: list[_Connection] = []
    latencies: list[float] = []
    for _ in range(_CONNECTIONS):
        await loop.create_connection(
            lambda: _Connection(idle, latencies), parts.hostname or "", parts.port or 80
        )
    gc.disable()
    with _Clock(loop, rate) as clock:
        began = time.perf_counter()
        for number in range(int(rate * seconds)):
            due = began + number / rate
            # A timer of the loop is late by up to a millisecond.
            while time.perf_counter() < due:
                await clock.tick()
            # With a connection free, only this client was late: its core was taken from it.
            since = time.perf_counter() if idle else due
            while not idle:  # noqa: ASYNC110
                await asyncio.sleep(0)
            idle.pop().send(request, since)
    while len(idle) < _CONNECTIONS:  # noqa: ASYNC110
        await asyncio.sleep(0.001)
    return latencies


class _Clock:
    """Ticks four times as often as ``rate``, by a timer of Linux that is exact."""

    def __init__(self, loop: asyncio.AbstractEventLoop, rate: float) -> None:
        self._loop = loop
        self._waiting: asyncio.Future[None] | None = None
        library = ctypes.CDLL(None)
        self._timer = library.timerfd_create(time.CLOCK_MONOTONIC, os.O_NONBLOCK)
        seconds, nanoseconds = divmod(int(1e9 / rate / 4), 10**9)
        interval = struct.pack("4q", seconds, nanoseconds, seconds, nanoseconds)
        library.timerfd_settime(self._timer, 0, interval, None)

    def __enter__(self) -> Self:
        self._loop.add_reader(self._timer, self._ticked)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.remove_reader(self._timer)
        os.close(self._timer)

    def tick(self) -> asyncio.Future[None]:
        self._waiting = self._loop.create_future()
        return self._waiting

    def _ticked(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._timer, 8)
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)


def open_loop(
    url: str, body: bytes, key: str, *, rate: float, seconds: float, core: int | None = LOAD_CORE
) -> list[float]:
    """Sends at a steady rate; the latencies in seconds, sorted: from when each request was sent, or
    where the server held up all connections, from when it was due. Runs in this process, and sleeps
    between two requests: where it does not, the kernel's own thread that talks to the disk may have
    to wait for this core, and the server with it."""
    before = os.sched_getaffinity(0)
    pin(0, core)
    try:
        with _undisturbed() if core is None else contextlib.nullcontext():
            return sorted(uvloop.run(_open_loop(url, body, key, rate, seconds)))
    finally:
        os.sched_setaffinity(0, before)
        gc.enable()


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Where client and server share cores, the server's threads do not keep the client from seeing
    an answer, as they would not on a machine of its own. Takes root; else nothing happens."""
    before = os.getpriority(os.PRIO_PROCESS, 0)
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, _FIRST)
    try:
        yield
    finally:
        os.setpriority(os.PRIO_PROCESS, 0, before)


def open_loop_apart(
    url: str, body: bytes, key: str, *, rate: float, seconds: float
) -> Callable[[], list[float]]:
    """Begins an ``open_loop`` in a process of its own; what is returned waits for its end."""
    program = (
        "import sys; from benchmarks import load; url, key, rate, seconds = sys.argv[1:]; "
        "print(load.json.dumps(load.open_loop(url, sys.stdin.buffer.read(), key, "
        "rate=float(rate), seconds=float(seconds), core=None)))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, url, key, str(rate), str(seconds)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    process.stdin.write(body)
    process.stdin.close()
    process.stdin = None

    def latencies() -> list[float]:
        out, _ = process.communicate()
        return [float(one) for one in json.loads(out)]

    return latencies


def percentile(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
