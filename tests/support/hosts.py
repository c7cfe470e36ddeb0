"""ClickHouse servers of this machine that tests and drills kill, and start again as they were
started."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest

from whipstitch.warehouse.connection import Address

_STARTED: list[subprocess.Popen[bytes]] = []
"""Servers that go on when the tests have ended."""
COMPLETE: Final = "up"
"""A file that a server may write into its directory when all of its ports are there, the one from
which replicas fetch among them."""

_SECONDS: Final = 120.0


def wait_until(condition: Callable[[], object]) -> None:
    """Longer than for what this machine alone does: servers start."""
    end = time.monotonic() + _SECONDS
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


class HostProcess:
    """A process on this machine, which is started again as it was started: a ClickHouse server, or
    (with a blank database) one that speaks another protocol."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._process: subprocess.Popen[bytes] | None = None
        self.pid = _listening(address.port)
        there = Path(f"/proc/{self.pid}")
        self.command = (there / "cmdline").read_bytes().decode().split("\0")[:-1]
        self.directory = (there / "cwd").readlink()
        pairs = (there / "environ").read_bytes().decode().split("\0")
        self.environment = dict(pair.split("=", 1) for pair in pairs if "=" in pair)

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        if self._process:
            self._process.wait()
        wait_until(lambda: not self.answers())

    def start(self) -> None:
        """Returns when it is all there."""
        complete = self.directory / COMPLETE
        says_so = complete.exists()
        complete.unlink(missing_ok=True)
        self._process = subprocess.Popen(
            self.command,
            cwd=self.directory,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.pid = self._process.pid
        _STARTED.append(self._process)
        wait_until(self.answers)
        wait_until(lambda: not says_so or complete.exists())

    def answers(self) -> bool:
        """Whether it takes connections, and if it speaks HTTP whether it answers."""
        with (
            suppress(OSError),
            socket.create_connection((self._address.host, self._address.port), 2),
        ):
            return not self._address.database or self._is_ready()
        return False

    def _is_ready(self) -> bool:
        try:
            self._address.connect({}, seconds=2, database="default").close()
        except Exception:  # whatever it is, it is no answer
            return False
        return True


def _listening(port: int) -> int:
    """The process that listens there."""
    sockets = {
        f"socket:[{fields[9]}]"
        for table in ("tcp", "tcp6")
        for line in Path("/proc/net", table).read_text().splitlines()[1:]
        if (fields := line.split())[3] == "0A" and int(fields[1].split(":")[1], 16) == port
    }
    for place in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):
            if str(place.readlink()) in sockets:
                return int(place.parts[2])
    pytest.skip(f"nothing on this machine listens on port {port}")
