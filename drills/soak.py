"""Everything at once for as long as there is time: memory, threads and descriptors stay level."""

import time
from pathlib import Path
from typing import Final, NamedTuple

from tests.support.load import BATCH, HEAVY, HUGE, SINGLE, Client, Load
from tests.support.processes import children
from tests.support.server import Server

from drills.place import Place, settle
from drills.tally import Tally

_MIB: Final = 2**20
_CLIENTS: Final = (
    Client(SINGLE.name, pause=0.005),
    Client(BATCH.name, rows=20, pause=0.05),
    Client(HEAVY.name, rows=60, padding=6_000, pause=1.0),
    Client(HUGE.name, rows=200, padding=45_000, pause=5.0),
)
_WARM: Final = 0.3
"""Share of the time after which nothing should grow any more."""
_GROWTH: Final = 1.25
_LONG: Final = 120.0
"""Seconds. In less, ClickHouse has not had all its threads and files yet."""
_PAUSE: Final = 0.5


class _Sizes(NamedTuple):
    mib: int
    threads: int
    descriptors: int


def soak(place: Place, seconds: float) -> Tally:
    with place.server() as server, Load(server, *_CLIENTS) as load:
        began = time.monotonic()
        warm: _Sizes | None = None
        number = 0
        while (spent := time.monotonic() - began) < seconds:
            _ask(server, number)
            number += 1
            if warm is None and spent > seconds * _WARM:
                warm = _sizes(server.process.pid)
            time.sleep(_PAUSE)
        last = _sizes(server.process.pid)
        tally = settle(server, load)
    warm = warm or last
    tally.noted.append(
        f"{warm.mib} → {last.mib} MiB, {warm.threads} → {last.threads} threads, "
        f"{warm.descriptors} → {last.descriptors} descriptors"
    )
    for name, before, after in zip(_Sizes._fields, warm, last, strict=True):
        level = seconds < _LONG or after <= before * _GROWTH
        tally.expect(level, f"{name} grew from {before} to {after}")
    return tally


def _ask(server: Server, number: int) -> None:
    """What people and programs ask beside: links, traits, pages, an insight."""
    server.send("/api/v1/alias", {"alias_id": f"anon_{number}", "distinct_id": "user_of_single"})
    traits = {"distinct_id": f"person_{number}", "properties": {"plan": "pro", "n": number}}
    server.send("/api/v1/people", traits)
    for path in ("/api/v1/people", "/api/v1/events", "/metrics", "/ready"):
        server.get(path)
    question = {
        "events": [{"event_name": SINGLE.name, "math": "unique"}],
        "from": "2026-01-01T00:00:00Z",
        "to": "2030-01-01T00:00:00Z",
        "interval": "month",
    }
    server.ask("/api/v1/insights", question)


def _sizes(pid: int) -> _Sizes:
    """Of the server and its children."""
    family = [pid, *children(pid)]
    status = [Path(f"/proc/{one}/status").read_text().splitlines() for one in family]
    fields = [dict(line.split(":", 1) for line in lines if ":" in line) for lines in status]
    return _Sizes(
        sum(int(one["VmRSS"].split()[0]) for one in fields) * 1024 // _MIB,
        sum(int(one["Threads"]) for one in fields),
        sum(len(list(Path(f"/proc/{one}/fd").iterdir())) for one in family),
    )
