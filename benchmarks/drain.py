"""How soon what gathered while ClickHouse was away is stored, and how long single events wait
meanwhile: a journal of full segments is there when the server starts."""

import contextlib
import tempfile
import time
import urllib.error
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from benchmarks import payloads
from benchmarks.open_loop import Loop, percentile, pooled
from benchmarks.processes import Server
from benchmarks.reporting import Figure, Row
from whipstitch.ingest.validation.rows import EventRow, encode_lines
from whipstitch.journal.groups import seal_group
from whipstitch.journal.segments import SEALED, new_stem

RATE: Final = 1_000
"""Requests a second, meanwhile."""
_EVENTS: Final = 1_000_000
_SEGMENT_BYTES: Final = 64 * 2**20
_GROUP: Final = 500
_PROPERTIES: Final = b'{"cart_value":%d.5,"item_count":3,"currency":"USD","step":%d}'
_DEFAULTS: Final = b'{"$os":"ios","$device_model":"iPhone 15","$app_version":"2.4.1"}'
_POLL_SECONDS: Final = 0.25
_LEFT_BYTES: Final = 8 * 2**20
"""What comes meanwhile always waits."""


def drain(short: bool) -> Iterator[Row]:
    """All of a machine's cores are there for the server; the client is on one of them, too."""
    events = 20_000 if short else _EVENTS
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        data = Path(directory) / "data"
        first = Server(data, core=None)
        first.stop()
        size = write_backlog(data / "journal", first.keys["project_id"], events)
        running = Server(data, core=None, wait=False)
        try:
            _await_answers(running)
            target = {"ours": payloads.track(running.url, running.keys["live_key"])}
            loop = Loop(target, rate=RATE, turn=1)
            while running.metric("whipstitch_inserted_rows_total") == 0:
                time.sleep(_POLL_SECONDS)
            began, at_first = time.monotonic(), running.metric("whipstitch_inserted_rows_total")
            while running.metric("whipstitch_journal_bytes") > min(_LEFT_BYTES, size // 4):
                time.sleep(_POLL_SECONDS)
            seconds = time.monotonic() - began
            stored = running.metric("whipstitch_inserted_rows_total") - at_first
            waits = pooled(loop.end())["ours"]
        finally:
            running.stop()
    yield Row(
        f"a backlog of {events:,} events ({size / 2**20:,.0f} MiB) is stored",
        f"{stored / seconds:,.0f} events/s",
        "≥ 50,000 events/s",
        stored / seconds >= 50_000,
    )
    p99 = percentile(waits, 0.99) * 1000
    yield Row(
        f"/track at {RATE:,}/s meanwhile: p99 from when due",
        f"{p99:.2f} ms (p50 {percentile(waits, 0.5) * 1000:.2f})",
        "< 5 ms",
        p99 < 5,
    )


def _await_answers(running: Server) -> None:
    """It takes events in before it is ready."""
    while True:
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            running.metric("whipstitch_journal_bytes")
            return
        time.sleep(_POLL_SECONDS / 10)


def write_backlog(journal: Path, project_id: str, events: int) -> int:
    """Full segments with so many events, as an hour without ClickHouse leaves them; returns their
    bytes."""
    now = time.time_ns() // 1_000
    total, text = 0, bytearray()
    for number in range(0, events, _GROUP):
        rows = [
            _event(project_id, one, now - events + one) for one in range(number, number + _GROUP)
        ]
        text += seal_group([encode_lines(rows)], len(rows))
        if len(text) >= _SEGMENT_BYTES or number + _GROUP >= events:
            name = f"{new_stem(now - events + number)}-{len(text)}{SEALED}"
            (journal / name).write_bytes(text)
            total, text = total + len(text), bytearray()
    return total


def _event(project_id: str, number: int, accepted: int) -> EventRow:
    return EventRow(
        project_id=project_id,
        environment="live",
        id=f"evt_{number:021d}",
        event_name=f"event_{number % 20}",
        distinct_id=f"user_{(number * 7919) % 100_000}",
        session_id=f"sess_{number // 10}",
        timestamp=accepted // 1_000,
        accepted=accepted,
        received=accepted // 1_000,
        os="ios",
        browser="Safari",
        device_model="iPhone 15",
        bot=False,
        city="Lyon",
        region="Auvergne-Rhône-Alpes",
        country="FR",
        timezone="Europe/Paris",
        lib_version="benchmark@1.0.0",
        properties=msgspec.Raw(_PROPERTIES % (number % 997, number)),
        default_properties=msgspec.Raw(_DEFAULTS),
    )


FIGURES: dict[str, Figure] = {"drain": drain}
