"""Batches from end to end: how many events a second are stored, what they cost, and what the
largest body does to everybody else."""

import http.client
import json
import statistics
import threading
import time
from collections.abc import Iterator
from typing import Final

from benchmarks import closed_loop, family, payloads
from benchmarks.family import MemoryWatch
from benchmarks.open_loop import Loop, percentile
from benchmarks.processes import Server, server
from benchmarks.reporting import ROUNDS, Figure, Row

_MIB: Final = 2**20
_BATCH: Final = 100
"""Operations in a batch."""
_HEAD, _TAIL = b'{"operations": [', b"]}"


def sustained(short: bool) -> Iterator[Row]:
    """Nothing is pinned: client and server share the machine. A round ends when ClickHouse has all
    that came."""
    rounds, seconds = (1, 1) if short else (ROUNDS, 20)
    rates, refused = [], 0
    with server(core=None) as running:
        time.sleep(0 if short else 5)  # what only the start took is given back
        idle = family.memory(running.process.pid)
        target = payloads.batches(running.url, running.keys["live_key"], _BATCH)
        with MemoryWatch(running.process.pid) as watch:
            for _ in range(rounds):
                before = running.metric("whipstitch_inserted_rows_total")
                began = time.monotonic()
                seen = closed_loop.wrk(target, connections=4, seconds=seconds, core=None)
                backlog = running.metric("whipstitch_journal_bytes")
                running.wait_until_loaded()
                took = time.monotonic() - began
                rates.append((running.metric("whipstitch_inserted_rows_total") - before) / took)
                refused += seen.refused
    rate = statistics.median(rates)
    told = " ".join(f"{one:,.0f}" for one in sorted(rates))
    yield Row(
        f"{seconds} s of /batch on all cores, stored end to end, load generator included",
        f"{rate:,.0f} events/s, {refused} refused (rounds {told}; "
        f"{backlog / _MIB:,.0f} MiB waited at the end)",
        "≥ 85,000, none refused",
        rate >= 85_000 and not refused,
    )
    yield Row(
        "resident memory idle, all processes",
        f"{idle.resident / _MIB:,.0f} MiB (Pss {idle.proportional / _MIB:,.0f})",
        "≤ 450 MiB",
        idle.resident <= 450 * _MIB,
    )
    first, second = watch.halves()
    yield Row(
        "resident memory under that load, all processes (first half → second half)",
        f"{max(first, second) / _MIB:,.0f} MiB ({first / _MIB:,.0f} → {second / _MIB:,.0f})",
        "≤ 1,500 MiB",
        max(first, second) <= 1500 * _MIB,
    )


def processor(short: bool) -> Iterator[Row]:
    """From the first batch until ClickHouse has the last event; no two batches are alike."""
    rounds, events = (1, 2_000) if short else (ROUNDS, 100_000)
    spent, own = [], []
    with server() as running:
        _send(running, 0, events // 10)
        for number in range(rounds):
            pid = running.process.pid
            before, own_before = running.processor_seconds(), family.own_processor_seconds(pid)
            _send(running, (number + 1) * events, events)
            spent.append(running.processor_seconds() - before)
            own.append(family.own_processor_seconds(pid) - own_before)
    seconds = statistics.median(spent)
    yield Row(
        f"processor time for {events:,} events in batches of {_BATCH} until they are in "
        "ClickHouse, all processes",
        f"{seconds:.2f} s (the server's own process {statistics.median(own):.2f})",
        "≤ 1.4 s",
        seconds <= 1.4,
    )


def _send(running: Server, start: int, events: int) -> None:
    """One batch after the other on one connection; returns when they are stored."""
    bodies = [payloads.batch(_BATCH, at) for at in range(start, start + events, _BATCH)]
    headers = {"x-api-key": running.keys["live_key"], "content-type": "application/json"}
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=60)
    for body in bodies:
        connection.request("POST", "/api/v1/batch", body, headers)
        answer = connection.getresponse()
        said = answer.read()
        assert answer.status == 200, said
    connection.close()
    running.wait_until_loaded()


def big_batch(short: bool) -> Iterator[Row]:
    """The other clients, while one sends a batch of 200 MB."""
    piece = payloads.batch(1000)[len(_HEAD) : -len(_TAIL)]
    size = (4 if short else 200) * 1000**2
    body = _HEAD + b",".join([piece] * (size // len(piece))) + _TAIL
    took: list[float] = []
    answers: list[bytes] = []
    with server(core=None) as running:

        def send() -> None:
            began = time.monotonic()
            answers.append(running.post("batch", body))
            took.append(time.monotonic() - began)

        others = {"ours": payloads.track(running.url, running.keys["live_key"])}
        loop = Loop(others, rate=500, turn=1 if short else 12, turns=1, core=None)
        sending = threading.Thread(target=send)
        with MemoryWatch(running.process.pid) as watch:
            time.sleep(0.5)
            sending.start()
            latencies = loop.end()["ours"][0]
            sending.join()
    p99 = percentile(latencies, 0.99)
    received = json.loads(answers[0])["events_received"]
    yield Row(
        f"/track p99 of others, from when due, while one sends {len(body) / 1e6:,.0f} MB "
        f"({received:,} events, answered in {took[0]:.1f} s)",
        f"{p99 * 1000:.2f} ms ({max(watch.samples) / _MIB:,.0f} MiB resident)",
        "< 10 ms",
        p99 < 0.01,
    )


FIGURES: dict[str, Figure] = {
    "sustained": sustained,
    "processor": processor,
    "big-batch": big_batch,
}
