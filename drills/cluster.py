"""``kill -9`` aimed at each part of a cluster while two nodes take events: replicas, whole shards,
the host that nodes ask first, and the node that leads."""

import os
import time
from collections import Counter
from contextlib import ExitStack, closing, suppress
from functools import partial
from itertools import chain
from typing import Final

import httpx
from tests.support.cluster_database import empty_database
from tests.support.hosts import HostProcess
from tests.support.load import Load, drained
from tests.support.server import Server

from drills.cluster_place import CLIENTS, DRAIN_SECONDS, counted, two_nodes
from drills.place import Place
from drills.tally import Tally
from whipstitch.warehouse.connection import Address
from whipstitch.warehouse.servers import Servers

KILLS: Final = int(os.environ.get("WHIPSTITCH_TEST_CLUSTER_KILLS", "4"))
_TARGETS: Final = ("replica", "shard", "initiator", "leader")
_LEADER_SECONDS: Final = 20.0


def killed_parts(place: Place) -> Tally:
    """Each kind of part as often, in an order that differs; each is there again some seconds
    later."""
    targets = [_TARGETS[number % len(_TARGETS)] for number in range(KILLS)]
    place.chance.shuffle(targets)
    with ExitStack() as stack:
        hosts = stack.enter_context(empty_database())
        processes = {address: HostProcess(address) for address in hosts.addresses}
        shards = _shards(hosts)
        nodes = stack.enter_context(two_nodes(place, hosts))
        loads = [stack.enter_context(Load(node, *CLIENTS)) for node in nodes]
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
            node.wait_until(partial(drained, node), DRAIN_SECONDS)
            node.wait_until(node.is_ready)
        requests = list(chain.from_iterable(load.requests for load in loads))
        return counted(
            hosts,
            requests,
            ", ".join(f"{n} of a {one}" for one, n in sorted(Counter(targets).items())),
        )


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
