"""Replicas that do not get what others of their shard have: an answer is whole, or an error."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from threading import Timer

import pytest
from tests.support.cluster import connected
from tests.support.hosts import wait_until

from whipstitch.analytics.people import activity_summaries
from whipstitch.core.errors import StorageUnavailable
from whipstitch.registry.acceptance import Watermark
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.servers import Servers
from whipstitch.warehouse.store import Store

pytestmark = pytest.mark.replicas
ROWS = 100
_PUT = (
    "INSERT INTO events_local (project_id, environment, event_name, distinct_id, sent_id, id, "
    "timestamp, accepted) "
    "SELECT 'proj', 'live', 'seen', 'd', 'd', generateUUIDv4(), now64(3), 1 "
    f"FROM numbers({ROWS})"
)
_DELAY = (
    "SELECT absolute_delay FROM system.replicas "
    "WHERE database = {name:String} AND table = 'events_local'"
)
_STOP = "SYSTEM STOP FETCHES events_local"


@pytest.fixture
def beside(hosts: Servers) -> Iterator[Client]:
    with closing(connected(hosts, {})) as client:
        yield client


@pytest.fixture
def shard(beside: Client) -> list[Client]:
    """The replicas of one shard."""
    assert beside.peers is not None
    nodes = [node for _, node in beside.peers.nodes()]
    first, *_ = names = [node.query("SELECT getMacro('shard')").result_rows[0][0] for node in nodes]
    return [node for node, name in zip(nodes, names, strict=True) if name == first]


def _is_behind(node: Client) -> bool:
    return int(node.query(_DELAY, {"name": node.database}).result_rows[0][0]) > 6


def _counts(hosts: Servers) -> list[int | None]:
    """What each host says, asked first; None: an error."""
    found: list[int | None] = []
    for address in hosts.addresses:
        others = [one for one in hosts.addresses if one != address]
        servers = replace(hosts, addresses=(address, *others))
        with closing(Store(servers, durable=False, retention_days=0)) as store:
            store.prepare().result()
            try:
                found.append(store.query("SELECT count() FROM events")[0][0])
            except StorageUnavailable as error:
                if "5 seconds behind" not in str(error):
                    raise
                found.append(None)
    return found


def test_a_replica_that_lags_is_not_read(hosts: Servers, shard: list[Client]) -> None:
    ahead, behind = shard[:2]
    behind.command(_STOP)
    ahead.command(_PUT)
    wait_until(lambda: _is_behind(behind))
    assert _counts(hosts) == [ROWS] * len(hosts.addresses)


def test_where_each_replica_lacks_what_another_has_there_is_no_answer(
    hosts: Servers, shard: list[Client]
) -> None:
    for node in shard:
        node.command(_STOP)
    for node in shard:
        node.command(_PUT)
    wait_until(lambda: all(map(_is_behind, shard)))
    assert _counts(hosts) == [None] * len(hosts.addresses)

    for node in shard:
        node.command("SYSTEM START FETCHES events_local")
        node.command("SYSTEM SYNC REPLICA events_local LIGHTWEIGHT")
    wait_until(lambda: not any(map(_is_behind, shard)))
    assert _counts(hosts) == [len(shard) * ROWS] * len(hosts.addresses)


def test_a_summary_waits_for_what_its_replica_lacks(beside: Client, shard: list[Client]) -> None:
    behind, ahead = shard[:2]
    behind.command(_STOP)
    ahead.command(_PUT)
    catching_up = Timer(2, behind.command, ["SYSTEM START FETCHES events_local"])
    catching_up.start()
    made = activity_summaries.make(beside, Watermark(until=1), rows=ROWS - 1)
    catching_up.join()
    assert made is not None
    counted = f"SELECT sum(events) FROM activity WHERE summary = {made.number:d}"
    assert beside.query(counted).result_rows == [(ROWS,)]
