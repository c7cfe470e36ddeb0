"""The server under test, and the bare baseline beside it, as processes of their own."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SERVER_CORE = 0
LOAD_CORE = 1

_ECHO = """
import sys, uvicorn
async def app(scope, receive, send):
    message = await receive()
    body = message["body"]
    while message.get("more_body"):
        message = await receive()
        body += message["body"]
    length = str(len(body)).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", length)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
uvicorn.run(app, port=int(sys.argv[1]), loop="uvloop", http="httptools", lifespan="off",
            access_log=False, log_level="warning")
"""
"""The baseline: an ASGI function that sends a request's body back, and nothing else."""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def pin(pid: int, core: int | None) -> None:
    """Keeps a process on one core, where there is more than one."""
    if core is not None and core in os.sched_getaffinity(0):
        os.sched_setaffinity(pid, {core})


class Server:
    """``whipstitch serve`` on a data directory. ``core``: the one it is kept on."""

    def __init__(self, data_dir: Path, *, core: int | None = SERVER_CORE, **settings: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = data_dir.with_suffix(".log")
        environment = {
            "WHIPSTITCH_RATE_LIMIT": "0",
            **{f"WHIPSTITCH_{name.upper()}": value for name, value in settings.items()},
        }
        command = [sys.executable, "-m", "whipstitch", "serve", "--json", f"--port={self.port}"]
        began = time.monotonic()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, f"--data-dir={data_dir}"],
                env={**os.environ, **environment},
                stdout=subprocess.PIPE,
                stderr=log,
                preexec_fn=lambda: pin(0, core),
            )
        assert self.process.stdout is not None
        made: dict[str, Any] | None = json.loads(self.process.stdout.readline())["first_run"]
        self._wait_until_ready()
        self.seconds_to_ready = time.monotonic() - began
        keys = data_dir / "benchmark-keys.json"
        if made is not None:
            keys.write_text(json.dumps(made))
        self.keys: dict[str, str] = json.loads(keys.read_text())

    def _wait_until_ready(self) -> None:
        for _ in range(6000):
            with contextlib.suppress(urllib.error.URLError, ConnectionError):
                urllib.request.urlopen(f"{self.url}/ready", timeout=5)  # noqa: S310
                return
            time.sleep(0.01)
        raise RuntimeError(f"the server is not ready: see {self.log}")

    def get(self, path: str) -> Any:
        """An answer of the query API."""
        request = urllib.request.Request(  # noqa: S310
            self.url + path, headers={"authorization": f"Bearer {self.keys['token']}"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            return json.load(answer)

    def post(self, endpoint: str, body: bytes) -> bytes:
        """The answer of an endpoint below ``/api/v1/``, called with key and token."""
        request = urllib.request.Request(  # noqa: S310
            f"{self.url}/api/v1/{endpoint}",
            body,
            {
                "x-api-key": self.keys["live_key"],
                "authorization": f"Bearer {self.keys['token']}",
                "content-type": "application/json",
            },
        )
        with urllib.request.urlopen(request, timeout=300) as answer:  # noqa: S310
            answered: bytes = answer.read()
        return answered

    def wait_until_loaded(self) -> None:
        """Until ClickHouse has all that was sent."""
        while self.metric("whipstitch_journal_bytes"):
            time.sleep(0.1)

    def metric(self, name: str) -> float:
        """The sum of a metric's series."""
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=30) as answer:  # noqa: S310
            lines = answer.read().decode().splitlines()
        return sum(
            float(line.rsplit(" ", 1)[1])
            for line in lines
            if line.split("{")[0].split(" ")[0] == name
        )

    def resident_bytes(self) -> int:
        """Resident memory of the server and its workers."""
        total = 0
        for pid in [self.process.pid, *_children(self.process.pid)]:
            with contextlib.suppress(OSError):
                pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
                total += pages * os.sysconf("SC_PAGE_SIZE")
        return total

    def processor_seconds(self) -> float:
        """What the server has taken of the processor, in all its threads, its workers not."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


@contextlib.contextmanager
def server(core: int | None = SERVER_CORE, **settings: str) -> Iterator[Server]:
    """A server on an empty data directory."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        running = Server(Path(directory) / "data", core=core, **settings)
        try:
            yield running
        finally:
            running.stop()


@contextlib.contextmanager
def echo() -> Iterator[str]:
    """The baseline; gives its URL."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", _ECHO, str(port)], preexec_fn=lambda: pin(0, SERVER_CORE)
    )
    try:
        for _ in range(1000):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.01)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()
