"""Many of everything: what lists and questions take where there are thousands of names, and values
by the hundred thousand; and how long the events of others wait beside very wide ones."""

import json
import statistics
import tempfile
import threading
import time
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from benchmarks import dataset
from benchmarks.processes import Server, server
from benchmarks.questions import MONTH
from benchmarks.reporting import Figure, Row


class _Many(NamedTuple):
    """How many there are of what. ``traits`` are one person's; each of ``people`` has a plan."""

    events: int
    names: int
    properties: int
    values: int
    traits: int
    people: int


_ALL: Final = _Many(1_000_000, 2_000, 50_000, 300_000, 50_000, 200_000)
_FEW: Final = _Many(20_000, 50, 500, 2_000, 500, 500)
_BUSY: Final = "busy"
_WAIT_SECONDS: Final = 120.0
_EVENTS: Final = """\
INSERT INTO events (project_id, environment, event_name, timestamp, received_at, accepted, id,
    distinct_id, sent_id, session_id, properties, properties_sent, default_properties,
    default_properties_sent)
WITH
    number AS n,
    cityHash64(n) AS h,
    concat('user_', toString(h % {people:UInt32})) AS who,
    1000 * (toUnixTimestamp(toDateTime({first:String}, 'UTC'))
        + intDiv(n * 2500000, {events:UInt32})) AS at,
    concat('{"url":"https://shop.example/p/', toString(h % {values:UInt32}), '","plan":"',
        ['free', 'pro', 'team', 'enterprise'][1 + h % 4],
        '","property ', toString(n % {properties:UInt32}), '":', toString(n % 100), '}') AS sent
SELECT
    {project:String}, 'live', concat('event ', toString(n % {names:UInt32})),
    fromUnixTimestamp64Milli(toInt64(at), 'UTC'), fromUnixTimestamp64Milli(toInt64(at), 'UTC'),
    at * 1000 + n % 1000, concat('evt_', leftPad(toString(n), 21, '0')), who, who,
    concat('session_', toString(h % {people:UInt32})), sent, sent, '{}', '{}'
FROM numbers({events:UInt64})"""
_TRAITS: Final = """\
INSERT INTO person_traits (project_id, environment, distinct_id, property, value, timestamp,
    accepted, version)
SELECT {project:String}, 'live', concat('user_', toString(number)), 'plan',
    ['"free"', '"pro"', '"team"', '"enterprise"'][1 + number % 4], now64(3), 1, 1
FROM numbers({people:UInt32})
UNION ALL
SELECT {project:String}, 'live', {busy:String}, concat('trait ', toString(number)),
    toString(number), now64(3), 1, 1
FROM numbers({traits:UInt32})"""


def many(short: bool) -> Iterator[Row]:
    """Over HTTP, medians of warm runs."""
    size, rounds = (_FEW, 1) if short else (_ALL, 5)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        data = Path(directory) / "data"
        _fill(data, size)
        running = Server(data, core=None, settings={"stitch_interval": "86400"})
        try:
            _await_summary(running)
            yield from _listed(running, size, rounds)
            yield from _asked(running, size, rounds)
        finally:
            running.stop()
    yield from _beside_wide(20_000 if not short else 200, 200 if not short else 20)


def _fill(data: Path, size: _Many) -> None:
    running = Server(data, core=None)
    try:
        client = dataset.connect(data, {"max_threads": 1, "max_insert_threads": 1})
        values = {
            **size._asdict(),
            "project": running.keys["project_id"],
            "busy": _BUSY,
            "first": MONTH["from"][:10] + " 00:00:00",
        }
        client.command(_EVENTS, values)
        client.command(_TRAITS, values)
        client.close()
        event = {"event_name": "event 1", "distinct_id": _BUSY}
        running.post("track", json.dumps(event).encode())
        running.wait_until_loaded()
    finally:
        running.stop()


def _await_summary(running: Server) -> None:
    """A server that finds so many events sums them up first."""
    client = dataset.connect(running.data_dir, {})
    end = time.monotonic() + _WAIT_SECONDS
    while time.monotonic() < end:
        [(until,)] = client.query("SELECT max(until) FROM activity_summaries").result_rows
        [(last,)] = client.query("SELECT max(accepted) FROM events").result_rows
        if until >= last:
            break
        time.sleep(0.2)
    client.close()


def _listed(running: Server, size: _Many, rounds: int) -> Iterator[Row]:
    month = f"from={MONTH['from']}&to={MONTH['to']}"
    busy = urllib.parse.quote(_BUSY)
    for figure, path, goal in (
        ("a page of the lexicon", f"lexicon?{month}", 0.5),
        ("a page of the lexicon, names only", f"lexicon?properties=false&{month}", 0.5),
        ("the lexicon of traits", "lexicon/traits", 0.5),
        (f"a person with {size.traits:,} traits", f"people/{busy}", 0.5),
        (f"values of a property that has {size.values:,}", "properties/url/values", 0.3),
        ("the same, with a search", "properties/url/values?search=p/1234", 0.3),
    ):
        yield _timed(running, figure, f"/api/v1/{path}", None, goal, rounds)


def _asked(running: Server, size: _Many, rounds: int) -> Iterator[Row]:
    plan = {"property": "plan", "on": "person"}
    events = [{"event_name": "event 1"}]
    of_plan = [{**plan, "operator": "is", "value": "pro"}]
    daily = {"interval": "day", **MONTH}
    by_url = {"property": "url"}
    for figure, path, body, goal in (
        (
            "an insight by a trait",
            "insights",
            {"events": [{"event_name": None}], "breakdown": plan, **daily},
            0.5,
        ),
        (
            "an insight, filtered by a trait",
            "insights",
            {"events": events, "filters": of_plan, **daily},
            0.5,
        ),
        (
            f"a funnel by a property of {size.values:,} values",
            "funnels",
            {
                "steps": [{"event_name": None}] * 2,
                "window_seconds": 604_800,
                "breakdown": by_url,
                **MONTH,
            },
            1.0,
        ),
    ):
        yield _timed(running, figure, f"/api/v1/{path}", body, goal, rounds)


def _timed(running: Server, figure: str, path: str, body: Any, goal: float, rounds: int) -> Row:
    took = []
    for _ in range(rounds + 1):  # the first one warms up
        began = time.perf_counter()
        if body is None:
            running.get(path)
        else:
            running.post(path.removeprefix("/api/v1/"), json.dumps(body).encode())
        took.append(time.perf_counter() - began)
    seconds = statistics.median(took[1:])
    return Row(figure, f"{seconds * 1000:.0f} ms", f"≤ {goal} s", seconds <= goal)


def _beside_wide(events: int, properties: int) -> Iterator[Row]:
    """From the last answer until all can be asked for; meanwhile one event after the other by
    somebody else."""
    wide = [
        {
            "type": "track",
            "payload": {
                "event_name": "wide",
                "distinct_id": f"user_{number}",
                "properties": {f"property {one}": number * one for one in range(properties)},
            },
        }
        for number in range(events)
    ]
    bodies = [
        json.dumps({"operations": wide[start : start + 1_000]}).encode()
        for start in range(0, events, 1_000)
    ]
    with server(core=None) as running:
        waits: list[float] = []
        ended = threading.Event()
        others = threading.Thread(target=_send_and_see, args=(running, ended, waits))
        others.start()
        for body in bodies:
            running.post("batch", body)
        began = time.monotonic()
        running.wait_until_loaded()
        seconds = time.monotonic() - began
        ended.set()
        others.join()
    yield Row(
        f"{events:,} events of {properties} properties: stored after the last answer",
        f"{seconds:.1f} s",
        "",
        None,
    )
    yield Row(
        "an event of somebody else meanwhile: sent → returned by a query, the longest (median)",
        f"{max(waits):.2f} ({statistics.median(waits):.2f}) s",
        "≤ 2 s",
        max(waits) <= 2,
    )


def _send_and_see(running: Server, ended: threading.Event, waits: list[float]) -> None:
    number = 0
    while not ended.is_set() or not waits:
        number += 1
        event = {"event_name": "narrow", "distinct_id": f"other_{number}"}
        running.post("track", json.dumps(event).encode())
        sent = time.monotonic()
        while not running.get(f"/api/v1/events?limit=1&distinct_id=other_{number}")["events"]:
            time.sleep(0.05)
        waits.append(time.monotonic() - sent)


FIGURES: dict[str, Figure] = {"many": many}
