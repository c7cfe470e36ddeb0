"""The processes that a server starts, as the operating system lists them."""

import os
import signal
import time
from pathlib import Path


def children(pid: int) -> list[int]:
    """The processes that ``pid`` started and that still run."""
    listed = Path(f"/proc/{pid}/task").glob("*/children")
    found: list[int] = []
    for file in listed:
        try:
            found += map(int, file.read_text().split())
        except OSError:
            continue  # a thread that has ended meanwhile
    return found


def heavy_workers(pid: int) -> list[int]:
    """Those that admit large bodies for the server ``pid``."""
    return [child for child in children(pid) if b"spawn_main" in _command_line(child)]


def clickhouse(pid: int) -> int | None:
    """The ClickHouse that the server ``pid`` runs; None: it is between two of them."""
    found = [child for child in children(pid) if b"launch.py" in _command_line(child)]
    return found[0] if found else None


def is_running(pid: int) -> bool:
    return bool(_command_line(pid))


def are_gone(pids: list[int], seconds: float = 10.0) -> bool:
    """Waits for them to end, which they do by themselves; False: some did not."""
    give_up = time.monotonic() + seconds
    while any(map(is_running, pids)):
        if time.monotonic() > give_up:
            return False
        time.sleep(0.02)
    return True


def stop(pids: list[int]) -> None:
    """Has them hang."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)


def kill(pids: list[int]) -> None:
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def _command_line(pid: int) -> bytes:
    """Blank for one that has ended, also while nobody has asked for its exit code."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
