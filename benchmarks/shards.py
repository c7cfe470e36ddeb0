"""Answers of two shards, and inserts into them, over the same on one server, in turn. All servers
are on this machine: ratios mean something, seconds do not. Of questions that one server answers in
less than 0.1 s, as all of the smoke run, they say little: a statement that goes to another server
is read and planned there once more, which takes some 20 ms. Everybody is named by an alias.

How long a stitch takes is measured where ``WHIPSTITCH_TEST_CLUSTER`` names a cluster."""

import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Collection, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch
from zoneinfo import ZoneInfo

from tests.support.cluster import CLUSTER
from tests.support.cluster_database import empty_database, settings_for
from tests.support.segments import event, write_segment
from tests.support.shards import started_shards

from benchmarks.identity import alias_seen
from benchmarks.processes import server
from benchmarks.reporting import Figure, Row
from whipstitch.analytics import scope_sizes
from whipstitch.analytics.session import SessionFactory
from whipstitch.core.projects import Scope
from whipstitch.identity.person_map import PersonMap
from whipstitch.loader.inserts import Inserts
from whipstitch.loader.segment_reader import contents
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.store import Store
from whipstitch.web.api import report_kinds

_EVENTS: Final = 3_000_000
_SCOPE: Final = Scope("proj_a", "live")
_RANGE: Final = {"from": "2026-10-01T00:00:00Z", "to": "2026-10-31T00:00:00Z"}
_STEPS: Final = [{"event_name": name} for name in ("open", "search", "pay")]
_QUESTIONS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "insight by day, total": ("insights", {"events": [{"event_name": "open", "math": "total"}]}),
    "insight by day, unique": ("insights", {"events": [{"event_name": "open", "math": "unique"}]}),
    "insight by system": (
        "insights",
        {"events": [{"event_name": "open", "math": "unique"}], "breakdown": {"property": "$os"}},
    ),
    "funnel, 3 steps": ("funnels", {"steps": _STEPS, "window_seconds": 604_800}),
    "funnel, 3 steps, by system": (
        "funnels",
        {"steps": _STEPS, "window_seconds": 604_800, "breakdown": {"property": "$os"}},
    ),
    "retention, 8 days": (
        "retention",
        {"start_event": "open", "interval": "day", "periods": 8, "mode": "classic"},
    ),
    "flows": ("flows", {"event_name": "open"}),
    "stickiness": ("stickiness", {"event_name": "open", "interval": "day"}),
    "lifecycle": ("lifecycle", {"event_name": "open", "interval": "day"}),
    "web": ("web", {}),
}
_OF_EACH_PERSON: Final = ("funnels", "retention", "flows", "stickiness", "lifecycle")
_FILL: Final = """\
INSERT INTO {{table}} (project_id, environment, event_name, distinct_id, sent_id, anon_id,
    session_id, os, timestamp, received_at, accepted, id)
SELECT {{project_id:String}}, {{environment:String}},
    ['open', 'search', 'add', 'pay'][1 + number % 4],
    concat('user_', toString(cityHash64(number) % {people})) AS person,
    -- One in ten came in under another id first.
    if(number % 10 = 0, concat('anon_', person), person) AS sent,
    if(sent = person, '', sent), toString(cityHash64(person, intDiv(number, 50000))),
    ['ios', 'android', 'web'][1 + number % 3],
    toDateTime64('2026-10-01 00:00:00', 3, 'UTC') + intDiv(number * 2592000, {events}),
    now64(3), number, concat('evt_', toString(number))
FROM numbers({events})
WHERE cityHash64({{project_id:String}}, {{environment:String}}, sent) % {{shards:UInt8}}
    = {{number:UInt8}}"""
_ALIASES: Final = """\
INSERT INTO person_aliases (project_id, environment, alias_id, distinct_id)
SELECT {{project_id:String}}, {{environment:String}}, concat('anon_', person), person
FROM (SELECT concat('user_', toString(number)) AS person FROM numbers({people}))"""


class _Maps:
    """A map in which nothing waits."""

    problem: str | None = None

    def __init__(self, sharded: bool) -> None:
        self._map = PersonMap(sharded=sharded)

    @contextmanager
    def hold(self) -> Iterator[PersonMap]:
        yield self._map


def shards(short: bool) -> Iterator[Row]:
    """Each question, and inserts of segments of 5,000 rows."""
    events, rounds = (20_000, 1) if short else (_EVENTS, 3)
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="shards-")))
        one = stack.enter_context(started_shards(directory / "one", 1)).servers.addresses[0]
        several = stack.enter_context(started_shards(directory / "two", 2))
        two = stack.enter_context(several.database())
        stores = [
            stack.enter_context(closing(Store(place, durable=False, retention_days=0)))
            for place in (replace(one, database="one"), two)
        ]
        for store in stores:
            store.prepare().result()
            store.run_in_background(lambda client: _fill(client, events)).result()
        yield from _answers(stores, rounds)
        with patch.object(scope_sizes, "MANY", 0):
            yield from _answers(stores, rounds, _OF_EACH_PERSON)
        numbers = count()
        inserts = [Inserts(store) for store in stores]
        pairs = [
            tuple(_insert(one, directory / "segments", next(numbers)) for one in inserts)
            for _ in range(rounds + 1)
        ][1:]
        ratio = statistics.median(a / b for a, b in pairs)
        figure = "rows inserted a second, two shards over one server"
        yield Row(figure, f"{ratio:.2f}", "≥ 0.6", ratio >= 0.6)
    yield _stitched(2 if short else 50)


def _stitched(samples: int) -> Row:
    """On the shards and replicas of a cluster, and a server with nothing else to do."""
    if not CLUSTER:
        goal = "≤ 4 s"
        return Row("stitch on shards", "WHIPSTITCH_TEST_CLUSTER names none", goal, None)
    with empty_database() as hosts, server(core=None, **settings_for(hosts)) as running:
        operations = [
            {"type": "track", "payload": {"event_name": "open", "distinct_id": f"user_{number}"}}
            for number in range(1, 3 * samples, 3)
        ]
        running.post("batch", json.dumps({"operations": operations}).encode())
        running.wait_until_loaded()
        return alias_seen(running, samples, 4, where=f", {len(hosts.addresses)} hosts")


def _answers(stores: list[Store], rounds: int, of_many: Collection[str] = ()) -> Iterator[Row]:
    """``of_many``: only these kinds of questions, as they are asked where many people are."""
    asking = [SessionFactory(store, _Maps(store is stores[1])) for store in stores]
    for name, (kind, body) in _QUESTIONS.items():
        if of_many and kind not in of_many:
            continue
        for factory in asking:
            _ask(factory, kind, body)
        pairs = [tuple(_ask(one, kind, body) for one in asking) for _ in range(rounds)]
        ratio = statistics.median(b / a for a, b in pairs)
        alone = statistics.median(a for a, _ in pairs) * 1000
        yield Row(
            f"{name}{', as of many people' if of_many else ''}, two shards over one server",
            f"{ratio:.2f} ({alone:.0f} ms on one)",
            "≤ 2.5",
            ratio <= 2.5,
        )


def _fill(client: Client, events: int) -> None:
    numbers = {"events": events, "people": events // 20}
    names = client.shards()
    for number, name in enumerate(names):
        shard = client.shard(name)
        values = {**_SCOPE._asdict(), "shards": len(names), "number": number}
        shard.command(_FILL.format(**numbers).replace("{table}", client.events), values)
        shard.command(_ALIASES.format(**numbers), _SCOPE._asdict())


def _ask(factory: SessionFactory, kind: str, body: dict[str, Any]) -> float:
    """How many seconds an answer takes."""
    question = report_kinds.read(kind, {**_RANGE, **body})

    async def answer() -> None:
        query = question.parsed(ZoneInfo("UTC"), datetime.now(UTC))
        async with factory.open(_SCOPE, "benchmark") as session:
            await question.report.answer(session, query)

    began = time.perf_counter()
    asyncio.run(answer())
    return time.perf_counter() - began


def _insert(inserts: Inserts, directory: Path, number: int) -> float:
    """How many seconds a segment takes."""
    rows = 5_000
    first = number * rows
    lines = [event(first + one, distinct_id=f"user_{one % 997}") for one in range(rows)]
    segment = write_segment(directory, lines, first + 1)
    began = time.perf_counter()
    inserts.load([segment], segment.stem, contents(segment))
    return time.perf_counter() - began


FIGURES: dict[str, Figure] = {"shards": shards}
