"""The Python client against the real server, both killed: nothing is lost, nothing doubled."""

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.server import Server

import whipstitch_client
from whipstitch_client import Client

_SENDS_UNTIL_KILLED = """
import os, sys, time
from whipstitch_client import Client
host, key, path, number = *sys.argv[1:4], int(sys.argv[4])
client = Client(key, host=host, queue_path=path, flush_interval=0.05, timeout=5)
while True:
    client.track(f"user_{number % 7}", "numbered", {"number": number})
    os.write(1, b"%d\\n" % number)
    number += 1
    time.sleep(0.0005)
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data_dir = tmp_path_factory.mktemp("python-client") / "data"
    with Server(data_dir, environment={"RATE_LIMIT": "0"}) as running:
        yield running


def send_until_killed(server: Server, path: Path, first: int, seconds: float) -> int:
    """The last number that the client took. The one after it may have been taken, too."""
    process = subprocess.Popen(
        [sys.executable, "-c", _SENDS_UNTIL_KILLED, server.url, server.live_key, path, str(first)],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(Path(whipstitch_client.__file__).parents[1])},
    )
    with process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(seconds)
        process.kill()
        lines = process.stdout.read().splitlines()
        return int(lines[-1])


def test_what_was_sent_is_stored_whoever_is_killed(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "queue.db"
    known: set[int] = set()
    uncertain: set[int] = set()
    first = 0
    for number in range(4):
        last = send_until_killed(server, path, first, 1.0)
        known |= set(range(first, last + 1))
        uncertain.add(last + 1)
        first = last + 2
        if number == 1:
            server.kill()
        elif number == 2:
            server.start()
    with Client(server.live_key, host=server.url, queue_path=path) as client:
        assert client.flush(60)
    assert client.lost == 0

    def stored() -> Counter[int]:
        events = server.events(event_name="numbered")
        return Counter(event["properties"]["number"] for event in events)

    server.wait_until(lambda: known <= set(stored()))
    counts = stored()
    assert set(counts) <= known | uncertain
    # A batch of which only the answer was lost is sent again, with the same ids.
    assert set(counts.values()) == {1}
    assert len(known) > 1000


def test_calls_of_the_client_are_what_the_server_stores(server: Server) -> None:
    with Client(server.live_key, host=server.url) as client:
        client.track("visitor_1", "looked", {"price": 2.5}, "2026-05-09T12:00:00.25Z")
        client.identify("customer_1", {"plan": "pro", "gone": None}, anonymous_id="visitor_1")
        client.track("customer_1", "bought")
    server.wait_until(lambda: len(server.events(distinct_id="customer_1")) == 2)
    (looked,) = server.events(distinct_id="customer_1", event_name="looked")
    assert looked["anon_id"] == "visitor_1"
    assert looked["timestamp"] == "2026-05-09T12:00:00.250Z"
    assert looked["properties"] == {"price": 2.5}
    assert looked["lib_version"].startswith("whipstitch-client/")
    person = server.get("/api/v1/people/visitor_1").json()["person"]
    assert person["properties"] == {"plan": "pro"}
