"""A cluster whose Keeper, which ``WHIPSTITCH_TEST_CLUSTER_KEEPER=host:port`` names, is killed under
load and started again."""

import os
import threading
from contextlib import closing
from pathlib import Path

import pytest
from tests.support.cluster import connected
from tests.support.hosts import HostProcess, wait_until
from tests.support.segments import event, write_segment
from tests.support.stitching import Node

from whipstitch.core.errors import StorageUnavailable
from whipstitch.loader.inserts import Inserts
from whipstitch.loader.segment_reader import contents
from whipstitch.warehouse.connection import Address
from whipstitch.warehouse.servers import Servers

ROWS = 500
KEEPER = os.environ.get("WHIPSTITCH_TEST_CLUSTER_KEEPER", "")
pytestmark = [
    pytest.mark.replicas,
    pytest.mark.skipif(not KEEPER, reason="WHIPSTITCH_TEST_CLUSTER_KEEPER names none"),
]


def test_rows_wait_while_keeper_is_away_and_answers_go_on(
    hosts: Servers, store_address: Address, tmp_path: Path
) -> None:
    host, _, port = KEEPER.partition(":")
    keeper = HostProcess(Address("", host, int(port)))
    node = Node(store_address, tmp_path)
    problems: list[str] = []
    done = threading.Event()
    sent = 0

    def load() -> None:
        nonlocal sent
        inserts = Inserts(node.store, node.linker, node.acceptance)
        while not done.is_set():
            lines = [event(sent * ROWS + n, distinct_id=f"d{n}") for n in range(ROWS)]
            segment = write_segment(tmp_path, lines, sent + 1)
            while True:
                try:
                    inserts.load([segment], segment.stem, contents(segment))
                except StorageUnavailable as error:
                    problems.append(str(error))
                else:
                    break
            sent += 1

    loading = threading.Thread(target=load)
    try:
        node.start()
        loading.start()
        wait_until(lambda: sent > 2)
        keeper.kill()
        stored = sent
        wait_until(lambda: any("start that again" in one for one in problems))
        counted = node.store.query("SELECT count() FROM events")[0][0]
        assert stored * ROWS <= counted <= (stored + 1) * ROWS
        keeper.start()
        wait_until(lambda: sent > stored + 3)
        done.set()
        loading.join()
        with closing(connected(hosts, {})) as client:
            client.await_replicas("events_local", all_of_them=True)
            rows = client.query("SELECT count(), uniqExact(id) FROM events").result_rows
        assert rows == [(sent * ROWS, sent * ROWS)]
    finally:
        done.set()
        node.close()
