"""The figures themselves. Each yields rows of the table; ``short`` is the smoke run, whose numbers
mean nothing."""

import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import load
from benchmarks.processes import LOAD_CORE, Server, echo, server
from benchmarks.reporting import Row

_MIB = 2**20


def throughput(short: bool) -> Iterator[Row]:
    """Single events, against the bare echo in the same run: rounds of all three in turn, because
    the machine's speed drifts."""
    rounds, seconds = (1, 1) if short else (7, 4)
    rates: dict[str, list[float]] = {"echo": [], "fsync": [], "os": []}
    with echo() as bare, server() as durable, server(durability="os") as quick:
        targets = {
            "echo": (bare, "none"),
            "fsync": (durable.url, durable.keys["live_key"]),
            "os": (quick.url, quick.keys["live_key"]),
        }
        for _ in range(rounds):
            for name, (url, key) in targets.items():
                seen = load.wrk(
                    f"{url}/api/v1/track", load.TRACK, key, connections=32, seconds=seconds
                )
                assert not seen.refused, f"{name}: {seen}"
                rates[name].append(seen.requests_per_second)
                for running in (durable, quick):
                    running.wait_until_loaded()
    median = {name: statistics.median(values) for name, values in rates.items()}
    for name, goal in (("fsync", 1.0), ("os", 1.6)):
        pairs = zip(rates[name], rates["echo"], strict=True)
        ratio = statistics.median(ours / theirs for ours, theirs in pairs)
        yield Row(
            f"/track, {name}, 32 connections, over a bare ASGI echo",
            f"{ratio:.2f} ({median[name]:,.0f} over {median['echo']:,.0f} requests/s)",
            f"≥ {goal}",
            ratio >= goal,
        )


def batches(short: bool) -> Iterator[Row]:
    rounds, seconds = (1, 1) if short else (5, 4)
    body = load.batch(100)
    with server() as running:
        rates = []
        for _ in range(rounds):
            seen = load.wrk(
                f"{running.url}/api/v1/batch",
                body,
                running.keys["live_key"],
                connections=8,
                seconds=seconds,
            )
            assert not seen.refused, seen
            rates.append(seen.requests_per_second * 100)
            running.wait_until_loaded()
    rate = statistics.median(rates)
    yield Row(
        "/batch of 100, fsync, one core", f"{rate:,.0f} operations/s", "≥ 100,000", rate >= 1e5
    )


def latency(short: bool) -> Iterator[Row]:
    """Beside the same of a bare echo, in turn: what the machine and the client do to both."""
    rounds, seconds = (1, 1) if short else (7, 4)
    runs: dict[str, list[list[float]]] = {"echo": [], "ours": []}
    with echo() as bare, server() as running:
        targets = {"echo": (bare, "none"), "ours": (running.url, running.keys["live_key"])}
        load.open_loop(
            f"{running.url}/api/v1/track", load.TRACK, targets["ours"][1], rate=2000, seconds=1
        )
        for _ in range(rounds):
            for name, (url, key) in targets.items():
                runs[name].append(
                    load.open_loop(
                        f"{url}/api/v1/track", load.TRACK, key, rate=2000, seconds=seconds
                    )
                )
    (p50, p99), (echo50, echo99) = (
        [
            statistics.median(load.percentile(run, share) for run in runs[name]) * 1000
            for share in (0.5, 0.99)
        ]
        for name in ("ours", "echo")
    )
    yield Row(
        "/track at 2,000 requests/s, loader running, p99 (p50)",
        f"{p99:.2f} ({p50:.2f}) ms; a bare echo {echo99:.2f} ({echo50:.2f})",
        "< 1 ms",
        p99 < 1,
    )


def visibility(short: bool) -> Iterator[Row]:
    """From an event's answer to its being returned by a query, while 1,000 others a second come."""
    samples = 2 if short else 100
    waits: list[float] = []
    with server() as running:
        url, key = f"{running.url}/api/v1/track", running.keys["live_key"]
        seconds = samples * 0.25 + 5
        script = (
            "import sys; from benchmarks import load; "
            "load.open_loop(sys.argv[1], load.TRACK, sys.argv[2], rate=1000, "
            f"seconds={seconds}, core={LOAD_CORE})"
        )
        noise = subprocess.Popen([sys.executable, "-c", script, url, key])
        threads = []
        for number in range(samples):
            thread = threading.Thread(target=_see, args=(running, f"marked_{number}", waits))
            thread.start()
            threads.append(thread)
            time.sleep(0.25)
        for thread in threads:
            thread.join()
        noise.wait()
    waits.sort()
    p99 = load.percentile(waits, 0.99)
    yield Row(
        "sent → returned by a query, at 1,000 events/s, p99 (p50)",
        f"{p99:.2f} ({load.percentile(waits, 0.5):.2f}) s",
        "≤ 2.5 s",
        p99 <= 2.5,
    )


def _see(running: Server, distinct_id: str, waits: list[float]) -> None:
    running.post("track", json.dumps({**load.EVENT, "distinct_id": distinct_id}).encode())
    sent = time.monotonic()
    while not running.get(f"/api/v1/events?limit=1&distinct_id={distinct_id}")["events"]:
        time.sleep(0.05)
    waits.append(time.monotonic() - sent)


def sustained(short: bool) -> Iterator[Row]:
    """End to end: nothing is pinned, client and server share the machine."""
    seconds = 2 if short else 60
    body = load.batch(100)
    with server(core=None) as running:
        time.sleep(0 if short else 5)  # what only the start took is given back
        idle = running.resident_bytes()
        memory: list[int] = []
        done = threading.Event()

        def watch() -> None:
            while not done.wait(0.5):
                memory.append(running.resident_bytes())

        watching = threading.Thread(target=watch)
        watching.start()
        before = running.metric("whipstitch_inserted_rows_total")
        began = time.monotonic()
        seen = load.wrk(
            f"{running.url}/api/v1/batch",
            body,
            running.keys["live_key"],
            connections=4,
            seconds=seconds,
            core=None,
        )
        stored_while = running.metric("whipstitch_inserted_rows_total") - before
        took = time.monotonic() - began
        backlog = running.metric("whipstitch_journal_bytes")
        running.wait_until_loaded()
        drained = time.monotonic() - began
        total = running.metric("whipstitch_inserted_rows_total") - before
        done.set()
        watching.join()
    rate = total / drained
    yield Row(
        f"{seconds} s of /batch, stored end to end (backlog drained)",
        f"{rate:,.0f} events/s, {seen.refused} refused ({stored_while / took:,.0f}/s while "
        f"{seen.requests_per_second * 100:,.0f}/s came; {backlog / _MIB:,.0f} MiB waited)",
        "≥ 30,000, none refused",
        rate >= 30_000 and not seen.refused,
    )
    half = len(memory) // 2
    first, second = max(memory[: half + 1]), max(memory[half:])
    yield Row(
        "resident memory idle / under load (first half → second half)",
        f"{idle / _MIB:,.0f} / {max(memory) / _MIB:,.0f} MiB "
        f"({first / _MIB:,.0f} → {second / _MIB:,.0f})",
        "≤ 500 / ≤ 1,500",
        idle <= 500 * _MIB and max(memory) <= 1500 * _MIB,
    )


def big_batch(short: bool) -> Iterator[Row]:
    """The other clients, while one sends a batch of 200 MB."""
    piece = load.batch(1000)[len(b'{"operations": [') : -len(b"]}")]
    size = (4 if short else 200) * 1000**2
    body = b'{"operations": [' + b",".join([piece] * (size // len(piece))) + b"]}"
    with server(core=None) as running:
        load.open_loop(
            f"{running.url}/api/v1/track", load.TRACK, running.keys["live_key"], rate=500, seconds=1
        )
        answers: list[bytes] = []
        took: list[float] = []

        def send() -> None:
            began = time.monotonic()
            answers.append(running.post("batch", body))
            took.append(time.monotonic() - began)

        sending = threading.Thread(target=send)
        script = (
            "import sys, json; from benchmarks import load; "
            "print(json.dumps(load.open_loop(sys.argv[1], load.TRACK, sys.argv[2], rate=500, "
            f"seconds={1 if short else 12}, core=None)))"
        )
        others = subprocess.Popen(
            [sys.executable, "-c", script, f"{running.url}/api/v1/track", running.keys["live_key"]],
            stdout=subprocess.PIPE,
        )
        time.sleep(0.5)
        sending.start()
        out, _ = others.communicate()
        sending.join()
        peak = running.resident_bytes()
    p99 = load.percentile(json.loads(out), 0.99)
    received = json.loads(answers[0])["events_received"]
    yield Row(
        f"/track p99 of others while one sends {len(body) / 1e6:,.0f} MB "
        f"({received:,} events, answered in {took[0]:.1f} s)",
        f"{p99 * 1000:.2f} ms ({peak / _MIB:,.0f} MiB resident)",
        "< 10 ms",
        p99 < 0.01,
    )


def start(short: bool) -> Iterator[Row]:
    events = 20_000 if short else 5_000_000
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        data = Path(directory) / "data"
        running = Server(data, core=None)
        piece = load.batch(min(events, 10_000))[len(b'{"operations": [') : -len(b"]}")]
        for _ in range(max(1, events // 500_000)):
            copies = min(50, events // 10_000)
            running.post("batch", b'{"operations": [' + b",".join([piece] * copies) + b"]}")
            running.wait_until_loaded()
        running.stop()
        times = []
        for _ in range(1 if short else 5):
            running = Server(data, core=None)
            times.append(running.seconds_to_ready)
            running.stop()
    seconds = statistics.median(times)
    yield Row(f"start to ready with {events:,} events", f"{seconds:.1f} s", "≤ 4 s", seconds <= 4)


FIGURES = {
    "throughput": throughput,
    "batches": batches,
    "latency": latency,
    "visibility": visibility,
    "sustained": sustained,
    "big-batch": big_batch,
    "start": start,
}
