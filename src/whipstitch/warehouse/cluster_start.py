"""What must hold of several hosts before they are used."""

import time
from contextlib import closing
from typing import Final

import structlog

from whipstitch.core.errors import StorageError, StorageUnavailable, StorageUnreachable
from whipstitch.warehouse import hosts
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.errors import translated
from whipstitch.warehouse.fleet import Fleet
from whipstitch.warehouse.servers import Servers

log = structlog.get_logger(__name__)

PATIENCE: Final = 5.0
"""Seconds that a server may take to say that it is there."""
_EVENTS_ENGINE: Final = (
    "SELECT engine FROM system.tables WHERE database = currentDatabase() AND name = 'events'"
)


def look_at_hosts(fleet: Fleet) -> None:
    """Whether the hosts are a cluster on which rows and answers are right; makes the database
    on each.

    Raises:
        StorageUnavailable: a shard is away.
        StorageError: they are none.
    """
    looks = []
    for address in fleet.servers.addresses:
        try:
            with translated():
                client = address.connect({}, seconds=PATIENCE, database="default")
        except StorageUnavailable as error:
            log.warning("clickhouse_host_away", host=address.name, problem=str(error))
            continue
        with closing(client), translated():
            name = {"name": address.database}
            client.command("CREATE DATABASE IF NOT EXISTS {name:Identifier}", name)
            cluster = fleet.servers.cluster
            looks.append(hosts.look(client, address.name, cluster, time.time()))
            fleet.know(address, looks[-1].shard)
    if not looks:
        raise StorageUnreachable("No host of ClickHouse's cluster answers.")
    everybody = fleet.servers.addresses
    hosts.check(looks, fleet.servers.cluster, len(everybody))
    if len(looks) == len(everybody):
        client = everybody[0].connect({}, seconds=PATIENCE, database="default")
        with closing(client), translated():
            members = hosts.members(client, fleet.servers.cluster)
        hosts.check_members(members, looks)
    fleet.know_shards({one.shard for one in looks}, len(looks[0].layout))


def refuse_single(client: Client) -> None:
    """Raises StorageError where a cluster's database is one that a single server made."""
    if client.peers is None:
        return
    found = client.query(_EVENTS_ENGINE).result_rows
    if found and found[0][0] != "Distributed":
        raise StorageError(
            f"The database {client.database} has the tables of a single server. A cluster "
            "begins with an empty one: name another in --clickhouse, and bring the history "
            "over with `whipstitch cluster import`."
        )


def refuse_strangers(servers: Servers) -> None:
    """Raises StorageError where tables that are not replicated are those of several hosts."""
    if not servers.cluster and len(servers.addresses) > 1:
        raise StorageError(
            "--clickhouse names several hosts, but their tables are not replicated: each "
            "would have rows of its own. Name their cluster in the setting "
            "clickhouse_cluster, or one host in --clickhouse."
        )
