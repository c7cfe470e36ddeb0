"""The server under test, a process with children of its own."""

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
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from benchmarks import family

SERVER_CORE: Final = 0
LOAD_CORE: Final = 1
_DEFAULTS: Final[Mapping[str, str]] = MappingProxyType({"rate_limit": "0"})
_NO_BYTECODE: Final = "PYTHONDONTWRITEBYTECODE"
_POLL_SECONDS: Final = 0.01
_START_SECONDS: Final = 60
_STOP_SECONDS: Final = 30


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def pin(pid: int, core: int | None) -> None:
    """Keeps a process on one core, where there is more than one."""
    if core is not None and core in os.sched_getaffinity(0):
        os.sched_setaffinity(pid, {core})


class Server:
    """``whipstitch serve`` on a data directory. ``core`` is the one that it and its children are
    kept on. Ready on return, unless ``wait`` is off: that needs a directory with a project."""

    def __init__(
        self,
        data_dir: Path,
        *,
        core: int | None = SERVER_CORE,
        settings: Mapping[str, str] = _DEFAULTS,
        wait: bool = True,
    ) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = data_dir.with_suffix(".log")
        environment = {
            f"WHIPSTITCH_{name.upper()}": value for name, value in {**_DEFAULTS, **settings}.items()
        }
        # An installed package has its bytecode; a clone gets it at the first start.
        inherited = {name: value for name, value in os.environ.items() if name != _NO_BYTECODE}
        command = [sys.executable, "-m", "whipstitch", "serve", "--json", f"--port={self.port}"]
        self.began = time.monotonic()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, f"--data-dir={data_dir}"],
                env={**inherited, **environment},
                stdout=subprocess.PIPE,
                stderr=log,
                preexec_fn=lambda: pin(0, core),
            )
        try:
            self.keys: dict[str, str] = self._keys()
            if wait:
                self.wait_until_ready()
        except BaseException:
            self.process.kill()
            raise

    def wait_until_ready(self) -> float:
        """Returns the seconds since the start."""
        while time.monotonic() - self.began < _START_SECONDS:
            with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
                urllib.request.urlopen(f"{self.url}/ready", timeout=5)  # noqa: S310
                return time.monotonic() - self.began
            time.sleep(_POLL_SECONDS)
        raise RuntimeError(f"the server is not ready:\n{self.log.read_text()[-2000:]}")

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

    def command(self, *words: str) -> None:
        """Runs ``whipstitch`` with these words on the same data."""
        command = [sys.executable, "-m", "whipstitch", *words, f"--data-dir={self.data_dir}"]
        subprocess.run(command, check=True, capture_output=True)

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
        return family.resident_bytes(self.process.pid)

    def processor_seconds(self) -> float:
        """Of all processes: see ``family``."""
        return family.processor_seconds(self.process.pid)

    def pin(self, core: int | None) -> None:
        """Moves the running server, with its children, to one core; None: to all."""
        family.pin(self.process.pid, core)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise

    def _keys(self) -> dict[str, str]:
        """The first start prints them; they are kept beside the data for later starts."""
        file = self.data_dir / "benchmark-keys.json"
        if not file.exists():
            assert self.process.stdout is not None
            line = self.process.stdout.readline()
            if not line:
                raise RuntimeError(f"the server ended:\n{self.log.read_text()[-2000:]}")
            file.write_text(json.dumps(json.loads(line)["first_run"]))
        known: dict[str, str] = json.loads(file.read_text())
        return known


@contextlib.contextmanager
def server(core: int | None = SERVER_CORE, **settings: str) -> Iterator[Server]:
    """A server on an empty data directory."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        running = Server(Path(directory) / "data", core=core, settings=settings)
        try:
            yield running
        finally:
            running.stop()
