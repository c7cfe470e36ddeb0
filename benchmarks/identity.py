"""The figures of identity, on ten million events of half a million ids."""

import json
import statistics
import tempfile
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from benchmarks import dataset, load
from benchmarks.processes import Server
from benchmarks.reporting import Row
from whipstitch.identity.arrivals import Arrival
from whipstitch.identity.forest import Operation
from whipstitch.projects import Scope
from whipstitch.queries.persons import SETTLED, Persons
from whipstitch.stitching.linker import Linker
from whipstitch.stitching.maps import Maps
from whipstitch.storage.store import Store

_EVENTS = 10_000_000


def identity(short: bool) -> Iterator[Row]:
    """Over HTTP: from an alias to the reads, a person of 1,000 ids, the rewrite, and repeats."""
    events = 50_000 if short else _EVENTS
    with dataset.server(events) as running:
        yield _seen(running, 2 if short else 50)
        yield _profile(running, 20 if short else 1_000)
        if short:
            yield from _rewritten(running, 100, seconds=2, rounds=1)
        else:
            yield from _rewritten(running, 10_000, seconds=15, rounds=3)
        yield _repeated(running, 100 if short else 100_000, 1 if short else 3)


def pending(short: bool) -> Iterator[Row]:
    """A read with so many aliases pending, over the same read with aliasing switched off: both in
    turn, because the machine's speed drifts."""
    events, rounds = (50_000, 1) if short else (_EVENTS, 15)
    sql = (
        "SELECT toStartOfDay(timestamp) AS day, count(), uniqExact({key}) FROM events "
        "WHERE project_id = {{project_id:String}} AND environment = {{environment:String}} "
        "AND timestamp >= toDateTime64({{from:String}}, 3, 'UTC') GROUP BY day"
    )
    scope, maps = Scope("proj", "live"), Maps()
    linker = Linker(maps, leads=lambda: True, grace=0)
    values = {**scope._asdict(), "from": "2026-10-01 00:00:00"}

    def read(persons: Persons) -> float:
        began = time.perf_counter()
        store.query(sql.format(key=persons.key), values)
        return time.perf_counter() - began

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        store = Store.open(f"chdb://{directory}", durable=False, retention_days=0)
        store.beside_loading(
            partial(dataset.fill, project=scope.project_id, events=events)
        ).result()
        store.beside_loading(linker.catch_up).result()
        for count, goal in ((0, 1.05), (1_000, 1.3), (100_000, 1.6)):
            aliases = list(_aliases(scope, min(count, events // 100)))
            store.beside_loading(partial(linker.take, arrivals=aliases)).result()
            with maps.hold() as known:
                read(known.of(scope))
                pairs = [(read(known.of(scope)), read(SETTLED)) for _ in range(rounds)]
            ratio = statistics.median(ours / theirs for ours, theirs in pairs)
            milliseconds = statistics.median(ours for ours, _ in pairs) * 1000
            yield Row(
                f"unique people by day over 30 days, {count:,} pending, over aliasing off",
                f"{ratio:.2f} ({milliseconds:.0f} ms)",
                f"≤ {goal}",
                ratio <= goal,
            )
        store.close()


def _aliases(scope: Scope, count: int) -> Iterator[Arrival]:
    for number in range(count):
        alias = Operation(1 + number, f"user_{number * 4}", f"known_{number}")
        yield Arrival(scope, alias, 0)


def _seen(running: Server, samples: int) -> Row:
    waits: list[float] = []
    threads = []
    for number in range(samples):
        thread = threading.Thread(target=_see_alias, args=(running, number, waits))
        thread.start()
        threads.append(thread)
        time.sleep(0.7)
    for thread in threads:
        thread.join()
    waits.sort()
    p99 = load.percentile(waits, 0.99)
    return Row(
        "alias accepted → reads count one person, p99 (p50)",
        f"{p99:.2f} ({load.percentile(waits, 0.5):.2f}) s",
        "≤ 2.5 s",
        p99 <= 2.5,
    )


def _see_alias(running: Server, number: int, waits: list[float]) -> None:
    anonymous, known = f"user_{number * 3 + 1}", f"seen_{number}"
    running.post("alias", json.dumps({"alias_id": anonymous, "distinct_id": known}).encode())
    sent = time.monotonic()
    path = f"/api/v1/events?limit=1&distinct_id={anonymous}"
    while not any(one["distinct_id"] == known for one in running.get(path)["events"]):
        time.sleep(0.15)
    waits.append(time.monotonic() - sent)


def _rewritten(running: Server, count: int, seconds: float, rounds: int) -> Iterator[Row]:
    """Other people's aliases in each round; ``seconds``: how long others send meanwhile."""
    rows, work = "whipstitch_rewritten_rows_total", "whipstitch_rewrite_duration_seconds_sum"
    worked, rewritten, p99s = [], [], []
    for start in range(0, rounds * count, count):
        _rewrite(running)
        numbers = range(start, start + count)
        _send(running, (_alias(_quiet(number), f"found_{number}") for number in numbers))
        rows_before, before = running.metric(rows), running.metric(work)
        others = load.open_loop_apart(
            f"{running.url}/api/v1/track",
            load.TRACK,
            running.keys["live_key"],
            rate=500,
            seconds=seconds,
        )
        time.sleep(0.5)
        _rewrite(running)
        worked.append(running.metric(work) - before)
        rewritten.append(running.metric(rows) - rows_before)
        p99s.append(load.percentile(others(), 0.99))
    took, p99 = statistics.median(worked), statistics.median(p99s)
    yield Row(
        f"{count:,} aliases rewritten ({statistics.median(rewritten):,.0f} rows)",
        f"{took:.1f} s of work",
        "≤ 60 s",
        took <= 60,
    )
    told = " ".join(f"{one * 1000:.2f}" for one in sorted(p99s))
    yield Row("/track p99 meanwhile", f"{p99 * 1000:.2f} ms ({told})", "< 2 ms", p99 < 0.002)


def _rewrite(running: Server) -> None:
    """Has everything rewritten that waits."""
    runs = running.metric("whipstitch_rewrites_total")
    running.post("aliases/rewrite", b"")
    while running.metric("whipstitch_rewrites_total") == runs:
        time.sleep(0.05)


def _repeated(running: Server, count: int, rounds: int) -> Row:
    """The same aliases again, against as many updates of people, in turn. The time until they are
    stored hangs on when the loader's next turn is, the processor's on what there is to do."""
    aliases = [_alias(_quiet(number), f"found_{number}") for number in range(count)]
    people = [
        {"type": "people", "payload": {"distinct_id": f"user_{number}", "properties": {"a": 1}}}
        for number in range(count)
    ]
    _send(running, aliases)
    _rewrite(running)
    rows = running.metric("whipstitch_rewritten_rows_total")
    took: dict[str, list[tuple[float, float]]] = {"people": [], "aliases": []}
    for _ in range(rounds):
        for name, operations in (("people", people), ("aliases", aliases)):
            began, before = time.monotonic(), running.processor_seconds()
            _send(running, operations)
            spent = running.processor_seconds() - before
            took[name].append((spent, time.monotonic() - began))
    _rewrite(running)
    rewritten = running.metric("whipstitch_rewritten_rows_total") - rows
    ratio, wall = (
        statistics.median(
            ours[which] / theirs[which]
            for ours, theirs in zip(took["aliases"], took["people"], strict=True)
        )
        for which in (0, 1)
    )
    seconds = statistics.median(spent for spent, _ in took["aliases"])
    return Row(
        f"{count:,} known aliases again, over as many people calls: work (time until stored)",
        f"{ratio:.2f} ({wall:.2f}); {seconds:.1f} s of work, {rewritten:.0f} rows",
        "≤ 1, no row rewritten",
        ratio <= 1 and not rewritten,
    )


def _profile(running: Server, ids: int) -> Row:
    _send(running, (_alias(f"user_{number * 3 + 2}", "many ids") for number in range(ids)))
    _rewrite(running)
    path = f"/api/v1/people/{urllib.parse.quote('many ids')}"
    times = []
    for _ in range(15):
        began = time.monotonic()
        running.get(path)
        times.append(time.monotonic() - began)
    seconds = statistics.median(times)
    return Row(
        f"profile of a person with {ids:,} ids",
        f"{seconds * 1000:.0f} ms",
        "≤ 100 ms",
        seconds <= 0.1,
    )


def _quiet(number: int) -> str:
    """Somebody of whom there are about 20 events."""
    return f"user_{100_000 + number * 3}"


def _alias(alias_id: str, distinct_id: str) -> dict[str, Any]:
    return {"type": "alias", "payload": {"alias_id": alias_id, "distinct_id": distinct_id}}


def _send(running: Server, operations: Any) -> None:
    """Sends operations and waits until they are stored."""
    everything = list(operations)
    for start in range(0, len(everything), 1_000):
        some = everything[start : start + 1_000]
        running.post("batch", json.dumps({"operations": some}).encode())
    running.wait_until_loaded()


FIGURES: dict[str, Callable[[bool], Iterator[Row]]] = {"identity": identity, "pending": pending}
