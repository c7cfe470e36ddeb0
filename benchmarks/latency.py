"""How long single events wait at a steady rate, over what a bare ASGI echo makes them wait in the
same run: what the machine and the client do to both is not the server's."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from benchmarks import payloads
from benchmarks.baselines import echo
from benchmarks.open_loop import Loop, percentile
from benchmarks.payloads import Target
from benchmarks.processes import Server, server
from benchmarks.reporting import ROUNDS, Figure, Row

RATE: Final = 2_000
"""Requests a second."""


def latency(short: bool) -> Iterator[Row]:
    """The echo's turn follows the server's at once: ClickHouse is still at work for the first two
    seconds of it."""
    rounds, seconds = (1, 0.5) if short else (ROUNDS, 10)
    with echo() as bare, server() as running:
        turns = Loop(targets(running, bare), rate=RATE, turn=seconds, turns=rounds).end()
    seen = [dict(zip(turns, each, strict=True)) for each in zip(*turns.values(), strict=True)]
    yield over_echo(f"/track at {RATE:,}/s, loader and ClickHouse at work", seen, 0.5)


def targets(running: Server, bare: str) -> dict[str, Target]:
    """For a ``Loop``: the server and the echo at ``bare``, with the same requests."""
    return {
        "ours": payloads.track(running.url, running.keys["live_key"]),
        "echo": payloads.track(bare, running.keys["live_key"]),
    }


def over_echo(what: str, rounds: Sequence[Mapping[str, list[float]]], most: float) -> Row:
    """The row of these rounds, each with the latencies of ``ours`` and ``echo``; ``most`` is the
    goal in milliseconds."""
    ours, theirs = (
        [percentile(one[name], 0.99) * 1000 for one in rounds] for name in ("ours", "echo")
    )
    differences = [mine - bare for mine, bare in zip(ours, theirs, strict=True)]
    difference = statistics.median(differences)
    middle, bare_middle = (
        statistics.median(percentile(one[name], 0.5) * 1000 for one in rounds)
        for name in ("ours", "echo")
    )
    told = " ".join(f"{one:+.2f}" for one in sorted(differences))
    return Row(
        f"{what}: p99 from when due, over a bare echo's",
        f"{difference:+.2f} ms ({statistics.median(ours):.2f} over "
        f"{statistics.median(theirs):.2f}; p50 {middle:.2f} over {bare_middle:.2f}; rounds {told})",
        f"≤ +{most} ms",
        difference <= most,
    )


FIGURES: dict[str, Figure] = {"latency": latency}
