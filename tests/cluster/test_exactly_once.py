"""Rows that are sent to several shards and replicas, some of which do not answer: each once."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import pytest
from tests.support.cluster import CLUSTER, connected
from tests.support.folder import new_loader
from tests.support.proxy import Proxy
from tests.support.segments import event, write_segment
from tests.support.stitching import until

from whipstitch.core.errors import ShardAway, StorageUnavailable
from whipstitch.loader.inserts import Inserts
from whipstitch.loader.segment_reader import contents
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.servers import Servers
from whipstitch.warehouse.store import Store

ROWS = 2_000


@contextmanager
def _store(servers: Servers, seconds: float = 60.0) -> Iterator[Store]:
    made = Store(servers, durable=False, retention_days=0, seconds=seconds)
    try:
        made.prepare().result()
        yield made
    finally:
        made.close()


@pytest.fixture
def beside(hosts: Servers) -> Iterator[Client]:
    """A client that no proxy disturbs."""
    with closing(connected(hosts, {})) as client:
        yield client


def _segment(directory: Path, first: int = 0, rows: int = ROWS) -> Path:
    lines = [event(first + n, distinct_id=f"p{(first + n) % 97}") for n in range(rows)]
    return write_segment(directory, lines, first + 1)


def _load(store: Store, *segments: Path, inserts: Inserts | None = None) -> None:
    for segment in segments:
        (inserts or Inserts(store)).load([segment], segment.stem, contents(segment))


def _counted(client: Client) -> tuple[int, int]:
    """Rows, and different ids."""
    if CLUSTER:
        client.await_replicas("events_local", all_of_them=True)
    return tuple(client.query("SELECT count(), uniqExact(id) FROM events").result_rows[0])


def _shards_of(client: Client) -> dict[str, int]:
    """How many rows each has."""
    return {
        shard: client.shard(shard).query("SELECT count() FROM events_local").result_rows[0][0]
        for shard in client.shards()
    }


def _first(client: Client) -> int:
    return _shards_of(client)[client.shards()[0]]


def _more_than(client: Client, rows: int) -> bool:
    return _first(client) > rows


def _of_shard(proxies: list[Proxy], hosts: Servers, client: Client, shard: str) -> list[Proxy]:
    assert client.peers is not None
    found = []
    for proxy, (_, node) in zip(proxies, client.peers.nodes(), strict=True):
        if node.query("SELECT getMacro('shard')").result_rows[0][0] == shard:
            found.append(proxy)
    assert len(found) < len(hosts.addresses)
    return found


def test_rows_are_dealt_out_and_an_id_stays_on_its_shard(
    hosts: Servers, beside: Client, tmp_path: Path
) -> None:
    with _store(hosts) as store:
        _load(store, _segment(tmp_path), _segment(tmp_path, ROWS))
    assert _counted(beside) == (2 * ROWS, 2 * ROWS)
    assert all(rows > ROWS / 2 for rows in _shards_of(beside).values())
    ids = "SELECT sent_id, uniqExact(_shard_num) AS shards FROM events GROUP BY sent_id"
    rows = beside.query(f"SELECT max(shards), count() FROM ({ids})").result_rows
    assert rows == [(1, 97)]


@pytest.mark.replicas
def test_the_next_attempt_on_another_replica_that_sees_nothing_yet_stores_nothing_twice(
    hosts: Servers, beside: Client, tmp_path: Path
) -> None:
    segment = _segment(tmp_path)
    for node in beside.all_nodes():
        node.command("SYSTEM STOP FETCHES events_local")
    try:
        with _store(hosts) as store:
            _load(store, segment)
        # The other replicas first.
        backwards = Servers(hosts.addresses[::-1], hosts.cluster)
        with _store(backwards) as store:
            store.run_on_writer(lambda _: None).result()
            _load(store, segment)
    finally:
        for node in beside.all_nodes():
            node.command("SYSTEM START FETCHES events_local")
    assert _counted(beside) == (ROWS, ROWS)


@pytest.mark.replicas
def test_an_attempt_whose_answer_is_lost_is_repeated_elsewhere(
    proxied: Servers, proxies: list[Proxy], beside: Client, tmp_path: Path
) -> None:
    with _store(proxied, seconds=3) as store:
        proxies[0].mode = "drop"
        segment = _segment(tmp_path)
        inserts = Inserts(store)
        end = time.monotonic() + 60
        while True:
            try:
                _load(store, segment, inserts=inserts)
            except StorageUnavailable:
                assert time.monotonic() < end
            else:
                break
    assert _counted(beside) == (ROWS, ROWS)


def test_rows_of_a_shard_that_is_away_wait_and_the_others_do_not(
    hosts: Servers, proxied: Servers, proxies: list[Proxy], beside: Client, tmp_path: Path
) -> None:
    last = beside.shards()[-1]
    with _store(proxied, seconds=5) as store:
        inserts = Inserts(store)
        for proxy in _of_shard(proxies, hosts, beside, last):
            proxy.mode = "refuse"
        segments = [_segment(tmp_path, number * ROWS) for number in range(3)]
        for segment in segments:
            for _ in range(2):
                with pytest.raises(ShardAway, match=f"No replica of the shard {last}"):
                    _load(store, segment, inserts=inserts)
        stored = _shards_of(beside)
        assert stored[last] == 0
        assert sum(stored.values()) > ROWS
        for proxy in proxies:
            proxy.mode = "ok"
        end = time.monotonic() + 60
        for segment in segments:
            while True:
                try:
                    _load(store, segment, inserts=inserts)
                except ShardAway:
                    assert time.monotonic() < end
                    time.sleep(0.5)
                else:
                    break
    assert _counted(beside) == (3 * ROWS, 3 * ROWS)


def test_a_loader_goes_on_with_what_comes_while_a_shard_is_away(
    hosts: Servers, proxied: Servers, proxies: list[Proxy], beside: Client, tmp_path: Path
) -> None:
    last = beside.shards()[-1]
    journal = tmp_path / "journal"
    with _store(proxied, seconds=5) as store:
        for proxy in _of_shard(proxies, hosts, beside, last):
            proxy.mode = "refuse"
        loader = new_loader(journal, store, tmp_path)
        loader.start()
        try:
            for number in range(3):
                before = _first(beside)
                _segment(journal, number * ROWS)
                until(partial(_more_than, beside, before))
            until(lambda: loader.problem and last in loader.problem)
            assert _shards_of(beside)[last] == 0
            assert len(list(journal.glob("*.jsonl"))) == 3
            for proxy in proxies:
                proxy.mode = "ok"
            until(lambda: not list(journal.glob("*.jsonl")))
            until(lambda: loader.problem is None)
        finally:
            loader.drain(0)
    assert _counted(beside) == (3 * ROWS, 3 * ROWS)


def test_a_query_on_a_cluster_with_a_shard_away_is_an_error_and_no_part_of_an_answer(
    hosts: Servers, beside: Client, tmp_path: Path
) -> None:
    with _store(hosts) as store:
        _load(store, _segment(tmp_path))
        name = beside.shards()[-1]
        beside.shard(name).command("RENAME TABLE events_local TO elsewhere")
        for node in beside.all_nodes():
            there = "EXISTS TABLE events_local"
            shard = node.query("SELECT getMacro('shard')").result_rows[0][0]
            if shard == name and node.query(there).result_rows[0][0]:
                node.command("RENAME TABLE events_local TO elsewhere")
        with pytest.raises(StorageUnavailable):
            store.query("SELECT count() FROM events")


def test_loads_beside_each_other_on_two_nodes_store_each_row_once(
    hosts: Servers, beside: Client, tmp_path: Path
) -> None:
    segment = _segment(tmp_path, rows=5 * ROWS)
    failed: list[Exception] = []

    def load(servers: Servers) -> None:
        with _store(servers) as store:
            end = time.monotonic() + 60
            while time.monotonic() < end:
                try:
                    _load(store, segment)
                except StorageUnavailable as error:
                    failed.append(error)
                    time.sleep(0.2)
                else:
                    return

    orders = (hosts, Servers(hosts.addresses[::-1], hosts.cluster))
    threads = [threading.Thread(target=load, args=(one,)) for one in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert _counted(beside) == (5 * ROWS, 5 * ROWS)
