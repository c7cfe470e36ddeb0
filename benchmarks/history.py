"""How soon a file of another product's history is stored, beside such events sent as batches."""

import http.client
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from benchmarks.processes import Server, server
from benchmarks.reporting import ROUNDS, Figure, Row

_BATCH: Final = 100
_SECONDS: Final = 90 * 24 * 60 * 60
"""Over which the events are spread, in order."""
_POLL_SECONDS: Final = 0.05


class _Spent(NamedTuple):
    """``seconds`` until all is stored; of processor: of the client or the command, of the server
    with all its processes."""

    seconds: float
    client: float
    server: float


def importing(short: bool) -> Iterator[Row]:
    """Nothing is pinned. A round ends when ClickHouse has the last event."""
    rounds, events = (1, 5_000) if short else (ROUNDS, 300_000)
    files, batches = [], []
    with server(core=None) as running:
        for number in range(rounds):
            path = running.data_dir.with_name(f"{number}.jsonl")
            lines = map(json.dumps, map(_as_mixpanel, _events(2 * number, events)))
            path.write_text("".join(f"{line}\n" for line in lines))
            files.append(_import(running, path, events))
            # Under other ids: they would be repeats.
            batches.append(_send(running, list(_events(2 * number + 1, events))))
    rates = [events / one.seconds for one in files]
    rate = statistics.median(rates)
    yield Row(
        f"whipstitch import of {events:,} lines of Mixpanel's, until they are in ClickHouse",
        f"{rate:,.0f} events/s (rounds {' '.join(f'{one:,.0f}' for one in sorted(rates))})",
        "≥ 50,000",
        rate >= 50_000,
    )
    costs = [
        (one.client + one.server, other.client + other.server)
        for one, other in zip(files, batches, strict=True)
    ]
    ratio = statistics.median(ours / theirs for ours, theirs in costs)
    last, other = files[-1], batches[-1]
    yield Row(
        f"its processor time over that of such events in batches of {_BATCH}, all processes",
        f"{ratio:.2f} (an event: command {last.client / events * 1e6:.1f} µs, server with "
        f"ClickHouse {last.server / events * 1e6:.1f}; batches: "
        f"{other.client / events * 1e6:.1f} and {other.server / events * 1e6:.1f})",
        "≤ 1.5",
        ratio <= 1.5,
    )


def _events(ids: int, events: int) -> Iterator[dict[str, Any]]:
    begin = int(time.time()) - _SECONDS
    for number in range(events):
        yield {
            "event_name": f"event_{number % 20}",
            "distinct_id": f"user_{(number * 7919) % 100_000}",
            "timestamp": begin + number * _SECONDS // events,
            "properties": {
                "$os": "Mac OS X",
                "$browser": "Chrome",
                "$insert_id": f"{ids:04x}{number:012x}",
                "cart_value": number % 997 + 0.5,
                "item_count": 3,
                "currency": "USD",
                "step": number,
            },
        }


def _as_mixpanel(event: dict[str, Any]) -> dict[str, Any]:
    who = {"time": event["timestamp"], "distinct_id": event["distinct_id"]}
    return {"event": event["event_name"], "properties": {**who, **event["properties"]}}


def _import(running: Server, path: Path, events: int) -> _Spent:
    command = [sys.executable, "-m", "whipstitch", "import", "mixpanel", str(path), "--json"]
    before = running.metric("whipstitch_inserted_rows_total")
    spent, own, began = running.processor_seconds(), _ended(), time.monotonic()
    subprocess.run(
        [*command, f"--data-dir={running.data_dir}"], check=True, stdout=subprocess.DEVNULL
    )
    own = _ended() - own
    _await(running, before + events)
    return _Spent(time.monotonic() - began, own, running.processor_seconds() - spent)


def _send(running: Server, told: list[dict[str, Any]]) -> _Spent:
    bodies = [
        json.dumps(
            {"operations": [{"type": "track", "payload": one} for one in told[at : at + _BATCH]]}
        )
        for at in range(0, len(told), _BATCH)
    ]
    headers = {"x-api-key": running.keys["live_key"], "content-type": "application/json"}
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=60)
    before = running.metric("whipstitch_inserted_rows_total")
    spent, own, began = running.processor_seconds(), time.process_time(), time.monotonic()
    for body in bodies:
        connection.request("POST", "/api/v1/batch", body, headers)
        answer = connection.getresponse()
        said = answer.read()
        assert answer.status == 200, said
    own = time.process_time() - own
    connection.close()
    _await(running, before + len(told))
    return _Spent(time.monotonic() - began, own, running.processor_seconds() - spent)


def _await(running: Server, rows: float) -> None:
    while running.metric("whipstitch_inserted_rows_total") < rows:
        time.sleep(_POLL_SECONDS)


def _ended() -> float:
    """Seconds of processor of the children that ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


FIGURES: dict[str, Figure] = {"import": importing}
