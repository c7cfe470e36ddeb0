"""``kill -9`` aimed at each part of a cluster while two nodes take events: replicas, whole shards,
the host that nodes ask first, and the node that leads.

It kills servers that others started: only where ``WHIPSTITCH_TEST_CLUSTER`` names a cluster on this
machine, and ``WHIPSTITCH_TEST_CLUSTER_MAY_KILL=1`` says that it may."""

import os
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Final

import httpx
from tests.support.clickhouse import url_of
from tests.support.cluster import CLUSTER, connected, servers
from tests.support.hosts import HostProcess
from tests.support.load import BATCH, SINGLE, Load, Request, drained
from tests.support.postgres import postgres_cluster
from tests.support.server import Server

from drills.place import Place
from drills.tally import Tally, count
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.connection import Address
from whipstitch.warehouse.servers import Servers

KILLS: Final = int(os.environ.get("WHIPSTITCH_TEST_CLUSTER_KILLS", "4"))
_TARGETS: Final = ("replica", "shard", "initiator", "leader")
_CLIENTS: Final = (
    replace(SINGLE, pause=0.1, people=100),
    replace(BATCH, pause=0.1, people=100),
)
_DRAIN_SECONDS: Final = 300.0
_PATIENCE: Final = 300.0
_START_SECONDS: Final = 300.0
_LEADER_SECONDS: Final = 20.0
_TAGS: Final = "SELECT CAST(properties.tag, 'String') AS tag, count() FROM events GROUP BY tag"


def may_kill() -> bool:
    return bool(CLUSTER and os.environ.get("WHIPSTITCH_TEST_CLUSTER_MAY_KILL"))


def killed_parts(place: Place) -> Tally:
    """Each kind of part as often, in an order that differs; each is there again some seconds
    later."""
    targets = [_TARGETS[number % len(_TARGETS)] for number in range(KILLS)]
    place.chance.shuffle(targets)
    with ExitStack() as stack:
        hosts = stack.enter_context(_database())
        processes = {address: HostProcess(address) for address in hosts.addresses}
        shards = _shards(hosts)
        nodes = stack.enter_context(_nodes(place, hosts))
        loads = [stack.enter_context(Load(node, *_CLIENTS)) for node in nodes]
        for load in loads:
            load.wait_for(20)
        for target in targets:
            time.sleep(place.chance.uniform(0.5, 2))
            if target == "leader":
                leader = _leader(nodes) or place.chance.choice(nodes)
                leader.kill()
                time.sleep(place.chance.uniform(0, 4))
                leader.start(wait=False)
                continue
            if target == "shard":
                killed = [processes[one] for one in place.chance.choice(shards)]
            else:
                first, *others = processes.values()
                killed = [first if target == "initiator" else place.chance.choice(others)]
            for process in killed:
                process.kill()
            time.sleep(place.chance.uniform(0, 4))
            for process in killed:
                process.start()
        for load in loads:
            load.stop()
        for node in nodes:
            node.wait_until(partial(drained, node), _DRAIN_SECONDS)
            node.wait_until(node.is_ready)
        requests = list(chain.from_iterable(load.requests for load in loads))
        return _counted(hosts, requests, Counter(targets))


def _counted(hosts: Servers, requests: list[Request], targets: Counter[str]) -> Tally:
    """Whichever host is asked, once each has what the others of its shard have."""
    with closing(connected(hosts, {})) as client:
        _patiently(lambda: client.await_replicas("events_local", all_of_them=True))
    total = Tally(noted=[", ".join(f"{n} of a {one}" for one, n in sorted(targets.items()))])
    for address in hosts.addresses:
        others = [one for one in hosts.addresses if one != address]
        with closing(connected(replace(hosts, addresses=(address, *others)), {})) as client:
            stored = _tags(client)
        found = count(requests, stored)
        if address == hosts.addresses[0]:
            total += found
        elif not found.passed:
            total.wrong.append(f"{address.name} finds {found}"[:300])
    return total


def _tags(client: Client) -> Counter[str]:
    return Counter({str(row[0]): int(row[1]) for row in client.query(_TAGS).result_rows})


@contextmanager
def _database() -> Iterator[Servers]:
    """One of its own on the cluster."""
    name = f"drill_{secrets.token_hex(4)}"
    hosts = replace(
        servers(), addresses=tuple(replace(one, database=name) for one in servers().addresses)
    )
    try:
        yield hosts
    finally:
        for address in hosts.addresses:
            with (
                suppress(Exception),
                closing(address.connect({}, seconds=60, database="default")) as client,
            ):
                client.command(f"DROP DATABASE IF EXISTS {name} SYNC")


@contextmanager
def _nodes(place: Place, hosts: Servers) -> Iterator[list[Server]]:
    """Two that share a registry; the first one made its project."""
    first = hosts.addresses[0]
    others = "".join(f",{one.host}:{one.port}" for one in hosts.addresses[1:])
    there = f"{first.host}:{first.port}"
    with ExitStack() as stack:
        postgres = stack.enter_context(postgres_cluster())
        environment = {
            "CLICKHOUSE": url_of(first).replace(there, there + others),
            "CLICKHOUSE_CLUSTER": hosts.cluster,
            "DATABASE": postgres.create_database("registry"),
            "RATE_LIMIT": "0",
            "STITCH_INTERVAL": "1",
        }
        nodes = [
            stack.enter_context(Server(place.directory / name, environment=environment, wait=False))
            for name in ("first", "second")
        ]
        for node in nodes:
            node.wait_until(node.is_ready, _START_SECONDS)
        for name in ("live_key", "test_key", "token", "project_id"):
            setattr(nodes[1], name, getattr(nodes[0], name))
        yield nodes


def _shards(hosts: Servers) -> list[list[Address]]:
    """The hosts of each."""
    found: dict[str, list[Address]] = {}
    for address in hosts.addresses:
        with closing(address.connect({}, seconds=60, database="default")) as client:
            name = client.query("SELECT getMacro('shard')").result_rows[0][0]
            found.setdefault(name, []).append(address)
    return list(found.values())


def _leader(nodes: list[Server]) -> Server | None:
    """The node that rewrites; None: each waits, for hosts that come back."""
    until = time.monotonic() + _LEADER_SECONDS
    before: dict[int, float] = {}
    while time.monotonic() < until:
        for number, node in enumerate(nodes):
            with suppress(httpx.TransportError):
                runs = node.metric("whipstitch_rewrites_total")
                if runs > before.setdefault(number, runs):
                    return node
        time.sleep(0.5)
    return None


def _patiently(work: Callable[[], object]) -> None:
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            work()
            return
        except Exception:  # a host comes back, or waits before it fetches again
            if time.monotonic() > until:
                raise
            time.sleep(0.5)
