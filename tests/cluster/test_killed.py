"""Servers of a cluster that are killed under load and come back. The tests kill what listens on
this machine, so they do it only where ``WHIPSTITCH_TEST_CLUSTER_MAY_KILL=1`` says that they may."""

import os
import random
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.cluster import connected
from tests.support.hosts import HostProcess
from tests.support.segments import alias, event, write_segment
from tests.support.stitching import LIVE, Node

from whipstitch.core.errors import WhipstitchError
from whipstitch.loader.inserts import Inserts
from whipstitch.loader.segment_reader import contents
from whipstitch.warehouse.connection import Address
from whipstitch.warehouse.servers import Servers

pytestmark = [
    pytest.mark.replicas,
    pytest.mark.skipif(
        not os.environ.get("WHIPSTITCH_TEST_CLUSTER_MAY_KILL"), reason="nothing may be killed"
    ),
]
ROWS = 500
KILLS = int(os.environ.get("WHIPSTITCH_TEST_CLUSTER_KILLS", "4"))


def test_each_row_is_stored_once_and_has_its_person_whoever_is_killed(
    hosts: Servers, store_address: Address, tmp_path: Path
) -> None:
    servers = [HostProcess(address) for address in hosts.addresses]
    node = Node(store_address, tmp_path)
    chance = random.Random(7)  # noqa: S311 - no secret
    done = threading.Event()
    failures = 0
    sent = 0

    def kill() -> None:
        for _ in range(KILLS):
            time.sleep(chance.uniform(0.5, 2))
            server = chance.choice(servers)
            server.kill()
            time.sleep(chance.uniform(0, 4))
            server.start()
        done.set()

    killer = threading.Thread(target=kill)
    try:
        node.start()
        inserts = Inserts(node.store, node.linker, node.acceptance)
        killer.start()
        while not done.is_set() or sent % 2:
            first = sent * ROWS
            lines = [event(first + n, distinct_id=f"anon_{n % 50}") for n in range(ROWS)]
            lines.append(alias(first + ROWS - 1, f"anon_{sent % 50}", f"user_{sent % 7}"))
            segment = write_segment(tmp_path, lines, sent + 1)
            while True:
                try:
                    inserts.load([segment], segment.stem, contents(segment))
                except WhipstitchError:
                    failures += 1
                    time.sleep(0.2)
                else:
                    break
            sent += 1
        killer.join()
        _patiently(node.catch_up)
        # A replica that was away may wait a minute before it fetches again.
        with closing(connected(hosts, {})) as beside:
            _patiently(lambda: beside.await_replicas("events_local", all_of_them=True))
        # One that was away has the map again as soon as the stitcher has looked.
        _patiently(lambda: node.link(node.linker.spread))
        _check(hosts, node, sent)
        _patiently(node.rewrite)
        _check(hosts, node, sent)
        assert node.pending() == 0
    finally:
        killer.join()
        node.close()
    print(f"{sent} segments, {KILLS} kills, {failures} attempts that failed")


def _patiently(work: Callable[[], object]) -> None:
    end = time.monotonic() + 90
    while True:
        try:
            work()
            return
        except (WhipstitchError, AssertionError):
            if time.monotonic() > end:
                raise
            time.sleep(0.5)


def _check(hosts: Servers, node: Node, sent: int) -> None:
    """Whatever host is asked."""
    expected = {f"anon_{n}": ROWS // 50 * sent for n in range(50)}
    for number in range(min(sent, 50)):
        person = f"user_{number % 7}"
        expected[person] = expected.get(person, 0) + expected.pop(f"anon_{number}")
    with node.maps.hold() as known:
        person_of = known.of(LIVE)
        for address in hosts.addresses:
            only = replace(hosts, addresses=(address, *(set(hosts.addresses) - {address})))
            with closing(connected(only, {})) as client:
                rows = client.query("SELECT count(), uniqExact(id) FROM events").result_rows
                assert rows == [(ROWS * sent, ROWS * sent)]
                counted = client.query(
                    f"SELECT {person_of.id} AS who, count() FROM events GROUP BY who",
                    LIVE._asdict(),
                ).result_rows
                assert {row[0]: row[1] for row in counted} == expected
