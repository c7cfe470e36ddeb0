"""What questions take, on ten million events of half a million people: over HTTP, from the request
to the last byte of the answer, beside the simplest plain SQL that gives the same numbers without
aliasing (the floor), and again with 1,000 aliases pending."""

import itertools
import json
import statistics
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import dataset, load
from benchmarks.processes import Server
from benchmarks.reporting import Row
from whipstitch.storage.store import Store

_EVENTS = 10_000_000
_MONTH = {"from": "2026-10-01T00:00:00Z", "to": "2026-10-31T00:00:00Z"}
_HALF = {"from": "2026-05-01T00:00:00Z", "to": "2026-11-01T00:00:00Z"}
_WEEKS = {"from": "2026-08-31T00:00:00Z", "to": "2026-10-26T00:00:00Z"}
_STEPS = [{"event_name": name} for name in ("page_view", "search", "added_to_cart")]
_PEOPLE = "cityHash64(distinct_id)"


class Question(NamedTuple):
    """``body`` None: a GET. ``floor``: SQL with ``{where}`` for project, environment."""

    name: str
    path: str
    body: dict[str, Any] | None
    seconds: float
    floor: str


def _between(times: dict[str, str]) -> str:
    return f"timestamp >= '{times['from'][:10]}' AND timestamp < '{times['to'][:10]}'"


def _funnel(times: dict[str, str]) -> str:
    names = [step["event_name"] for step in _STEPS]
    conditions = ", ".join(f"event_name = '{name}'" for name in names)
    return (
        "SELECT level, count() FROM (SELECT windowFunnel(604800000)("
        f"toUInt64(toUnixTimestamp64Milli(timestamp)), {conditions}) AS level FROM events "
        f"WHERE {{where}} AND {_between(times)} AND event_name IN {tuple(names)} "
        f"GROUP BY {_PEOPLE}) GROUP BY level"
    )


_INSIGHT = {"interval": "day", **_MONTH}
_SEEN_THEN = f"{{where}} AND event_name = 'page_view' AND {_between(_MONTH)}"
_BROKEN = {
    "events": [{"event_name": "page_view", "math": "total"}],
    "breakdown": {"property": "category", "limit": 25},
    **_INSIGHT,
}
QUESTIONS = (
    Question(
        "insight, 30 days by day, total and unique",
        "insights",
        {
            "events": [{"event_name": "page_view", "math": math} for math in ("total", "unique")],
            **_INSIGHT,
        },
        0.4,
        f"SELECT toDate(timestamp), count(), uniqExact({_PEOPLE}) FROM events "
        f"WHERE {_SEEN_THEN} GROUP BY ALL WITH TOTALS",
    ),
    Question(
        "insight, 30 days, broken down by a JSON property, top 25",
        "insights",
        _BROKEN,
        0.8,
        # Twenty-five of the forty values, the rest as one, each with its total.
        "SELECT if(properties.category.:String IN (SELECT properties.category.:String FROM events "
        f"WHERE {_SEEN_THEN} GROUP BY 1 ORDER BY count() DESC LIMIT 25), "
        "properties.category.:String, 'other') AS value, toDate(timestamp) AS day, count() "
        f"FROM events WHERE {_SEEN_THEN} GROUP BY GROUPING SETS ((value, day), (value))",
    ),
    *(
        Question(
            f"funnel, 3 steps, {label}",
            "funnels",
            {"steps": _STEPS, "window_seconds": 604_800, "order": "ordered", **times},
            seconds,
            _funnel(times),
        )
        for label, times, seconds in (("30 days", _MONTH, 0.6), ("6 months", _HALF, 1.5))
    ),
    Question(
        "retention, 8 weeks classic",
        "retention",
        {
            "start_event": "page_view",
            "interval": "week",
            "periods": 8,
            "mode": "classic",
            **_WEEKS,
        },
        1.2,
        "SELECT mask, count() FROM (SELECT groupBitOr(bitShiftLeft(toUInt64(1), toUInt64("
        f"dateDiff('week', toDate('2026-08-31'), toDate(timestamp))))) AS mask FROM events "
        f"WHERE {{where}} AND {_between(_WEEKS)} GROUP BY {_PEOPLE}) GROUP BY mask",
    ),
    Question(
        "flows, depth 4 after an event, 30 days",
        "flows",
        {"event_name": "search", "direction": "after", "depth": 4, **_MONTH},
        1.5,
        "SELECT arraySlice(path, indexOf(path, 'search'), 5) AS steps, count() FROM (SELECT "
        "arrayMap(one -> one.2, arraySort(groupArray((timestamp, event_name)))) AS path "
        "FROM events "
        f"WHERE {{where}} AND {_between(_MONTH)} GROUP BY {_PEOPLE}, session_id) "
        "WHERE has(path, 'search') GROUP BY steps ORDER BY count() DESC LIMIT 100",
    ),
    Question(
        "events page, by name and time, newest 100",
        "events?limit=100&event_name=share&from=2026-07-01T00:00:00Z",
        None,
        0.2,
        "SELECT * FROM events WHERE {where} AND event_name = 'share' "
        "AND timestamp >= '2026-07-01' ORDER BY timestamp DESC LIMIT 100",
    ),
    Question(
        "events page, of one person, newest 100",
        "events?limit=100&distinct_id=user_1234",
        None,
        0.2,
        "SELECT * FROM events WHERE {where} AND distinct_id = 'user_1234' "
        "ORDER BY timestamp DESC LIMIT 100",
    ),
    Question(
        "events page, newest 100",
        "events?limit=100",
        None,
        0.2,
        "SELECT * FROM events WHERE {where} ORDER BY timestamp DESC LIMIT 100",
    ),
    Question(
        "people page with search",
        "people?limit=50&search=er_1234",
        None,
        0.4,
        "SELECT distinct_id, max(timestamp), min(timestamp), count() FROM events "
        "WHERE {where} AND distinct_id LIKE '%er_1234%' GROUP BY distinct_id LIMIT 50",
    ),
)


def queries(short: bool) -> Iterator[Row]:
    """Medians of warm runs. The floor runs in a process of its own on the same data."""
    events, rounds = (50_000, 1) if short else (_EVENTS, 7)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        data = Path(directory) / "data"
        running = dataset.on(data, events, STITCH_INTERVAL="86400")
        project = running.keys["project_id"]
        time.sleep(0 if short else 20)  # a server that finds so many events sums them up first
        settled = {one.name: _time(partial(_ask, running, one), rounds) for one in QUESTIONS}
        export = _export(running)
        aliases = [
            {"alias_id": f"user_{number * 4}", "distinct_id": f"known_{number}"}
            for number in range(min(1_000, events // 100))
        ]
        operations = [{"type": "alias", "payload": alias} for alias in aliases]
        running.post("batch", json.dumps({"operations": operations}).encode())
        running.wait_until_loaded()
        pending = {one.name: _time(partial(_ask, running, one), rounds) for one in QUESTIONS}
        # Last: for some seconds after events came, questions have a core less.
        busy = _busy(running, 1 if short else 15)
        running.stop()
        store = Store.open(f"chdb://{data}/clickhouse", durable=False, retention_days=0)
        where = f"project_id = '{project}' AND environment = 'live'"
        floors = {
            one.name: _time(partial(store.query, one.floor.replace("{where}", where)), rounds)
            for one in QUESTIONS
        }
        store.close()
    for one in QUESTIONS:
        took, waiting, floor = settled[one.name], pending[one.name], floors[one.name]
        yield Row(
            one.name,
            f"{took * 1000:.0f} ms; floor {floor * 1000:.0f} ms (x{took / floor:.1f}); "
            f"1,000 pending x{waiting / took:.2f}",
            f"≤ {one.seconds} s, x2 of the floor, x1.3",
            took <= one.seconds and took <= 2 * floor and waiting <= 1.3 * took,
        )
    yield export
    yield busy


def _time(work: Callable[[], Any], rounds: int) -> float:
    work()
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def _ask(running: Server, question: Question) -> bytes:
    body = None if question.body is None else json.dumps(question.body).encode()
    request = urllib.request.Request(  # noqa: S310
        f"{running.url}/api/v1/{question.path}",
        body,
        {
            "authorization": f"Bearer {running.keys['token']}",
            "content-type": "application/json",
        },
    )
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        read: bytes = answer.read()
    return read


def _export(running: Server) -> Row:
    """A month as JSON lines, and how much more memory the server has meanwhile."""
    before = peak = running.resident_bytes()
    path = f"/api/v1/export?format=jsonl&from={_MONTH['from']}&to={_MONTH['to']}"
    request = urllib.request.Request(  # noqa: S310
        running.url + path, headers={"authorization": f"Bearer {running.keys['token']}"}
    )
    began = time.perf_counter()
    rows = 0
    with urllib.request.urlopen(request, timeout=600) as answer:  # noqa: S310
        while piece := answer.read(2**22):
            rows += piece.count(b"\n")
            peak = max(peak, running.resident_bytes())
    rate = rows / (time.perf_counter() - began)
    return Row(
        f"export of {rows:,} rows as jsonl",
        f"{rate:,.0f} rows/s, {(peak - before) / 2**20:+,.0f} MiB resident",
        "≥ 200,000 rows/s, memory level",
        rate >= 200_000,
    )


def _busy(running: Server, seconds: float) -> Row:
    """Two clients ask the heaviest questions one after the other, a third one sends events."""
    heavy = sorted(QUESTIONS, key=lambda one: one.seconds)[-5:]
    ended = threading.Event()
    asked: list[str] = []

    def ask(questions: Iterable[Question]) -> None:
        for one in questions:
            if ended.is_set():
                return
            _ask(running, one)
            asked.append(one.name)

    clients = [
        threading.Thread(target=ask, args=(itertools.cycle(some),)) for some in (heavy, heavy[::-1])
    ]
    for client in clients:
        client.start()
    latencies = load.open_loop_apart(
        f"{running.url}/api/v1/track",
        load.TRACK,
        running.keys["live_key"],
        rate=500,
        seconds=seconds,
    )()
    ended.set()
    for client in clients:
        client.join()
    p99 = load.percentile(latencies, 0.99)
    return Row(
        f"/track p99 (p50) while two clients ask {len(asked)} heavy questions",
        f"{p99 * 1000:.2f} ({load.percentile(latencies, 0.5) * 1000:.2f}) ms",
        "≤ 5 ms",
        p99 <= 0.005,
    )


FIGURES: dict[str, Callable[[bool], Iterator[Row]]] = {"queries": queries}
