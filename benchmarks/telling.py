"""What it costs to tell repeats, by an id and by all that an event says. Each event is another one.

By processor time of the server's own process, what the loader does later included, at a rate that
is the same for all: that hardly depends on what else the machine does. And by the highest rate."""

import json
import statistics
import time
from collections.abc import Iterator
from typing import Final

from benchmarks import family, payloads
from benchmarks.open_loop import Loop
from benchmarks.processes import Server, server
from benchmarks.reporting import ROUNDS, Figure, Row
from benchmarks.throughput import CONNECTIONS, Rates, in_turn, ratio_row

_DISTINCT: Final = 250_000
"""More than one core answers in a turn."""
_SETTING_SECONDS: Final = 2
"""A server looks each second whether a setting changed."""
_RATE: Final = 2_000
"""Requests a second, where time is counted."""
_SECONDS: Final = 6
_MOST: Final = 1.05


def telling(short: bool) -> Iterator[Row]:
    rounds = 1 if short else ROUNDS
    costs: dict[str, list[float]] = {"without": [], "with": [], "drops": []}
    rates: Rates = {name: [] for name in costs}
    with server() as running:
        key = running.keys["live_key"]
        drops = json.loads(running.post("projects", b'{"name": "Drops"}'))["live_key"]
        running.command("project", "set", "Drops", "--repeats", "drop")
        time.sleep(_SETTING_SECONDS)
        for number in range(rounds):
            events = range(number * _DISTINCT, (number + 1) * _DISTINCT)
            names = list(costs)
            for name in names[number:] + names[:number]:  # each is the first one once
                target = payloads.distinct_tracks(
                    running.url, drops if name == "drops" else key, events, ids=name == "with"
                )
                few = target._replace(requests=target.requests[: _RATE * (_SECONDS + 1)])
                costs[name].append(_cost(running, few, 1 if short else _SECONDS))
                rest = target._replace(requests=target.requests[len(few.requests) :])
                rates[name] += in_turn({name: rest}, running, short, rounds=1)[name]
    for name, what in (("with", "with message_id"), ("drops", "--repeats drop")):
        yield _cost_row(f"/track at {_RATE:,}/s, {what}, over neither", costs, name)
    figure = f"/track, fsync, {CONNECTIONS} connections"
    yield ratio_row(f"{figure}, with message_id, over without", rates, "with", "without", 0.95)
    yield ratio_row(f"{figure}, --repeats drop, over keep", rates, "drops", "without", 0.95)


def _cost(running: Server, target: payloads.Target, seconds: int) -> float:
    """Seconds of the server's processor for a request, until all are stored."""
    loop = Loop({"one": target}, rate=_RATE, turn=seconds, turns=1)
    spent = family.own_processor_seconds(running.process.pid)
    answered = len(loop.end()["one"][0])
    running.wait_until_loaded()
    return (family.own_processor_seconds(running.process.pid) - spent) / answered


def _cost_row(figure: str, costs: dict[str, list[float]], name: str) -> Row:
    ratios = sorted(mine / other for mine, other in zip(costs[name], costs["without"], strict=True))
    ratio = statistics.median(ratios)
    mine, other = (statistics.median(costs[one]) * 1e6 for one in (name, "without"))
    return Row(
        f"{figure}: processor time of the server's own process a request",
        f"{ratio:.3f} ({mine:.1f} over {other:.1f} µs; rounds "
        f"{' '.join(f'{one:.3f}' for one in ratios)})",
        f"≤ {_MOST}",
        ratio <= _MOST,
    )


FIGURES: dict[str, Figure] = {"ids": telling}
