"""The figures of identity, on ten million events of half a million ids."""

import json
import statistics
import threading
import time
import urllib.parse
from collections.abc import Iterator
from typing import Any, Final

from benchmarks import dataset, latency
from benchmarks.baselines import echo
from benchmarks.open_loop import Loop, percentile, pooled
from benchmarks.processes import SERVER_CORE, Server
from benchmarks.reporting import ROUNDS, Figure, Row

_EVENTS: Final = 10_000_000
_TURN_SECONDS: Final = 0.5
"""A rewrite takes seconds: the server and the echo have several turns each meanwhile."""
_REWRITING_MILLISECONDS: Final = 2.0
"""What clients waited longer than for the echo during a rewrite, while ClickHouse was inside the
server's process."""


def identity(short: bool) -> Iterator[Row]:
    """Over HTTP: from an alias to the reads, a person of 1,000 ids, the rewrite, and repeats."""
    events = 50_000 if short else _EVENTS
    with dataset.server(events) as running:
        yield alias_seen(running, 2 if short else 50, 2.5)
        yield _profile(running, 20 if short else 1_000)
        yield from _rewritten(running, *((100, 1) if short else (10_000, ROUNDS)))
        yield _repeated(running, 100 if short else 100_000, 1 if short else ROUNDS)


def alias_seen(running: Server, samples: int, goal: float, where: str = "") -> Row:
    """From an alias to the reads, for people who have an event each: ``user_1``, ``user_4`` …
    ``goal``: seconds."""
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
    p99 = percentile(waits, 0.99)
    return Row(
        f"alias accepted → reads count one person{where}, p99 (p50)",
        f"{p99:.2f} ({percentile(waits, 0.5):.2f}) s",
        f"≤ {goal:g} s",
        p99 <= goal,
    )


def _see_alias(running: Server, number: int, waits: list[float]) -> None:
    anonymous, known = f"user_{number * 3 + 1}", f"seen_{number}"
    running.post("alias", json.dumps({"alias_id": anonymous, "distinct_id": known}).encode())
    sent = time.monotonic()
    path = f"/api/v1/events?limit=1&distinct_id={anonymous}"
    while not any(one["distinct_id"] == known for one in running.get(path)["events"]):
        time.sleep(0.15)
    waits.append(time.monotonic() - sent)


def _rewritten(running: Server, count: int, rounds: int) -> Iterator[Row]:
    """Other people's aliases in each round. Only requests that were sent during the rewrite
    count."""
    rows, work = "whipstitch_rewritten_rows_total", "whipstitch_rewrite_duration_seconds_sum"
    worked, rewritten, seen = [], [], []
    running.pin(SERVER_CORE)
    with echo() as bare:
        for start in range(0, rounds * count, count):
            _rewrite(running)
            numbers = range(start, start + count)
            _send(running, (_alias(_quiet(number), f"found_{number}") for number in numbers))
            rows_before, before = running.metric(rows), running.metric(work)
            targets = latency.targets(running, bare)
            loop = Loop(targets, rate=latency.RATE, turn=_TURN_SECONDS)
            _rewrite(running)
            seen.append(pooled(loop.end()))
            worked.append(running.metric(work) - before)
            rewritten.append(running.metric(rows) - rows_before)
    running.pin(None)
    took = statistics.median(worked)
    yield Row(
        f"{count:,} aliases rewritten ({statistics.median(rewritten):,.0f} rows), on one core",
        f"{took:.1f} s of work",
        "≤ 60 s",
        took <= 60,
    )
    yield latency.over_echo(
        f"/track at {latency.RATE:,}/s while {count:,} aliases are rewritten",
        seen,
        _REWRITING_MILLISECONDS,
    )


def _rewrite(running: Server) -> None:
    """Has everything rewritten that waits. Looks seldom whether it is done: metrics are made on the
    event loop, where clients would wait for them."""
    runs = running.metric("whipstitch_rewrites_total")
    running.post("aliases/rewrite", b"")
    while running.metric("whipstitch_rewrites_total") == runs:
        time.sleep(0.25)


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


FIGURES: dict[str, Figure] = {"identity": identity}
