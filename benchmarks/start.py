"""How long a start takes on a data directory that has events: until clients get their answers, and
until everything works."""

import http.client
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from benchmarks import dataset, payloads
from benchmarks.processes import Server
from benchmarks.reporting import ROUNDS, Figure, Row

_POLL_SECONDS: Final = 0.002
_PATIENCE: Final = 60


def start(short: bool) -> Iterator[Row]:
    events = 50_000 if short else 5_000_000
    accepted, ready = [], []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        data = Path(directory) / "data"
        dataset.fill(data, events)
        for _ in range(1 if short else ROUNDS):
            running = Server(data, core=None, wait=False)
            try:
                accepted.append(_seconds_to_first_accepted(running))
                ready.append(running.wait_until_ready())
                running.wait_until_loaded()
            finally:
                running.stop()
    for figure, times, most in (
        ("first accepted event", accepted, 0.6),
        ("ready", ready, 3.0),
    ):
        seconds = statistics.median(times)
        told = " ".join(f"{one:.2f}" for one in sorted(times))
        yield Row(
            f"start to {figure} with {events:,} events",
            f"{seconds:.2f} s ({told})",
            f"≤ {most} s",
            seconds <= most,
        )


def _seconds_to_first_accepted(running: Server) -> float:
    """From the start of the process until ``/track`` answers 200, tried again every few
    milliseconds."""
    headers = {"x-api-key": running.keys["live_key"], "content-type": "application/json"}
    while time.monotonic() - running.began < _PATIENCE:
        connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=_PATIENCE)
        try:
            connection.request("POST", "/api/v1/track", payloads.TRACK, headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status == 200:
                return time.monotonic() - running.began
        except (ConnectionError, http.client.HTTPException):
            pass
        finally:
            connection.close()
        time.sleep(_POLL_SECONDS)
    raise RuntimeError(f"the server accepts nothing:\n{running.log.read_text()[-2000:]}")


FIGURES: dict[str, Figure] = {"start": start}
