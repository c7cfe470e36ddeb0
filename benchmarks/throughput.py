"""How many requests a second one core answers, beside the baselines on the same core. Rounds of all
are run in turn, and what is compared are the rates of one round."""

import statistics
from collections.abc import Iterator, Mapping
from typing import Final

from benchmarks import baselines, browsers, closed_loop, payloads
from benchmarks.payloads import Target
from benchmarks.processes import Server, server
from benchmarks.reporting import ROUNDS, Figure, Row

CONNECTIONS: Final = 32
Rates = dict[str, list[float]]
"""Requests a second in each round, by target."""


def throughput(short: bool) -> Iterator[Row]:
    """Single events over the floor in C and over the bare ASGI echo; and as browsers send them."""
    with baselines.floor() as bottom, baselines.echo() as bare, server() as running:
        key = running.keys["live_key"]
        targets = {
            "ours": payloads.track(running.url, key),
            "echo": payloads.track(bare, key),
            "ours, browsers": browsers.track(running.url, key),
            "echo, browsers": browsers.track(bare, key),
        }
        if bottom is not None:
            targets["floor"] = payloads.track(bottom, key)
        rates = in_turn(targets, running, short)
    figure = f"/track, fsync, {CONNECTIONS} connections"
    if bottom is None:
        yield Row(f"{figure}, over the floor in C", baselines.NO_COMPILER, "≥ 0.65", None)
    else:
        yield ratio_row(f"{figure}, over the floor in C", rates, "ours", "floor", 0.65)
    yield ratio_row(f"{figure}, over a bare ASGI echo", rates, "ours", "echo", 1.2)
    yield ratio_row(
        f"{figure}, browsers' heads, over a bare ASGI echo",
        rates,
        "ours, browsers",
        "echo, browsers",
        1.2,
    )


def unsynced(short: bool) -> Iterator[Row]:
    """With the durability that leaves writing to the operating system."""
    with baselines.echo() as bare, server(durability="os") as running:
        key = running.keys["live_key"]
        targets = {"ours": payloads.track(running.url, key), "echo": payloads.track(bare, key)}
        rates = in_turn(targets, running, short)
    figure = f"/track, os, {CONNECTIONS} connections, over a bare ASGI echo"
    yield ratio_row(figure, rates, "ours", "echo", 1.6)


def batches(short: bool) -> Iterator[Row]:
    with server() as running:
        target = payloads.batches(running.url, running.keys["live_key"], 100)
        rates = in_turn({"ours": target}, running, short, connections=8)
    rate = statistics.median(rates["ours"]) * 100
    yield Row(
        "/batch of 100, fsync, one core", f"{rate:,.0f} operations/s", "≥ 100,000", rate >= 1e5
    )


def in_turn(
    targets: Mapping[str, Target],
    running: Server,
    short: bool,
    connections: int = CONNECTIONS,
    rounds: int = ROUNDS,
) -> Rates:
    """``running`` is the server among them; each turn begins when it has nothing left to load."""
    rounds, seconds = (1, 1) if short else (rounds, 6)
    rates: Rates = {name: [] for name in targets}
    for _ in range(rounds):
        for name, target in targets.items():
            seen = closed_loop.wrk(target, connections=connections, seconds=seconds)
            assert not seen.refused, f"{name}: {seen}"
            rates[name].append(seen.requests_per_second)
            running.wait_until_loaded()
    discarded = running.metric("whipstitch_discarded_operations_total")
    assert not discarded, f"{discarded} operations were discarded: they cost less than stored ones"
    return rates


def ratio_row(figure: str, rates: Rates, ours: str, theirs: str, goal: float) -> Row:
    pairs = zip(rates[ours], rates[theirs], strict=True)
    ratios = sorted(mine / other for mine, other in pairs)
    ratio = statistics.median(ratios)
    told = " ".join(f"{one:.2f}" for one in ratios)
    return Row(
        figure,
        f"{ratio:.2f} ({statistics.median(rates[ours]):,.0f} over "
        f"{statistics.median(rates[theirs]):,.0f} requests/s; rounds {told})",
        f"≥ {goal}",
        ratio >= goal,
    )


FIGURES: dict[str, Figure] = {
    "throughput": throughput,
    "os": unsynced,
    "batches": batches,
}
