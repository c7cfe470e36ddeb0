"""How soon an event can be asked for, once it is sent."""

import json
import threading
import time
from collections.abc import Iterator

from benchmarks import payloads
from benchmarks.open_loop import Loop, percentile
from benchmarks.processes import Server, server
from benchmarks.reporting import Figure, Row


def visibility(short: bool) -> Iterator[Row]:
    """From an event's answer to its being returned by a query, while 1,000 others a second come."""
    samples = 2 if short else 100
    waits: list[float] = []
    threads = []
    with server() as running:
        others = {"ours": payloads.track(running.url, running.keys["live_key"])}
        loop = Loop(others, rate=1_000, turn=1)
        for number in range(samples):
            thread = threading.Thread(target=_see, args=(running, f"marked_{number}", waits))
            thread.start()
            threads.append(thread)
            time.sleep(0.25)
        for thread in threads:
            thread.join()
        loop.end()
    waits.sort()
    p99 = percentile(waits, 0.99)
    yield Row(
        "sent → returned by a query, at 1,000 events/s, p99 (p50)",
        f"{p99:.2f} ({percentile(waits, 0.5):.2f}) s",
        "≤ 1.8 s",
        p99 <= 1.8,
    )


def _see(running: Server, distinct_id: str, waits: list[float]) -> None:
    running.post("track", json.dumps({**payloads.EVENT, "distinct_id": distinct_id}).encode())
    sent = time.monotonic()
    while not running.get(f"/api/v1/events?limit=1&distinct_id={distinct_id}")["events"]:
        time.sleep(0.05)
    waits.append(time.monotonic() - sent)


FIGURES: dict[str, Figure] = {"visibility": visibility}
