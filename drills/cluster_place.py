"""A cluster's database and two nodes for a drill, and what every host counts in the end.

Drills of a cluster kill servers that others started: only where ``WHIPSTITCH_TEST_CLUSTER`` names a
cluster on this machine, and ``WHIPSTITCH_TEST_CLUSTER_MAY_KILL=1`` says that they may."""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from tests.support.cluster import CLUSTER, connected
from tests.support.cluster_database import settings_for
from tests.support.load import BATCH, SINGLE, Request
from tests.support.postgres import postgres_cluster
from tests.support.server import Server

from drills.place import Place
from drills.tally import Tally, count
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.servers import Servers

CLIENTS: Final = (
    replace(SINGLE, pause=0.1, people=100),
    replace(BATCH, pause=0.1, people=100),
)
"""Who sends to each node."""
DRAIN_SECONDS: Final = 300.0
_PATIENCE: Final = 300.0
_START_SECONDS: Final = 300.0
_NODES: Final = ("first", "second")
_TAGS: Final = "SELECT CAST(properties.tag, 'String') AS tag, count() FROM events GROUP BY tag"


def may_kill() -> bool:
    return bool(CLUSTER and os.environ.get("WHIPSTITCH_TEST_CLUSTER_MAY_KILL"))


def counted(hosts: Servers, requests: list[Request], noted: str) -> Tally:
    """Whichever host is asked, once each has what the others of its shard have."""
    with closing(connected(hosts, {})) as client:
        patiently(lambda: client.await_replicas("events_local", all_of_them=True))
    total = Tally(noted=[noted])
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
def two_nodes(place: Place, hosts: Servers) -> Iterator[list[Server]]:
    """Two that share a registry; the first one made its project."""
    with ExitStack() as stack:
        postgres = stack.enter_context(postgres_cluster())
        environment = {
            "DATABASE": postgres.create_database("registry"),
            "RATE_LIMIT": "0",
            "STITCH_INTERVAL": "1",
        }
        for name in _NODES:
            name_hosts(place.directory / name, hosts)
        nodes = [
            stack.enter_context(Server(place.directory / name, environment=environment, wait=False))
            for name in _NODES
        ]
        for node in nodes:
            node.wait_until(node.is_ready, _START_SECONDS)
        for name in ("live_key", "test_key", "token", "project_id"):
            setattr(nodes[1], name, getattr(nodes[0], name))
        yield nodes


def name_hosts(data_dir: Path, hosts: Servers) -> None:
    """Has a node use these, from its next start on."""
    data_dir.mkdir(exist_ok=True)
    lines = (f'{name} = "{value}"\n' for name, value in settings_for(hosts).items())
    (data_dir / "whipstitch.toml").write_text("".join(lines))


def patiently(work: Callable[[], object]) -> None:
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            work()
            return
        except Exception:  # a host comes back, or waits before it fetches again
            if time.monotonic() > until:
                raise
            time.sleep(0.5)
