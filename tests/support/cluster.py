"""A ClickHouse cluster for tests: ``WHIPSTITCH_TEST_CLUSTER=http://user:password@host:port,host:port``
names all hosts of one; its name is found. Then tests that want a storage have it there."""

import functools
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Final

from whipstitch.identity import on_shards
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.connection import Address
from whipstitch.warehouse.fleet import Fleet
from whipstitch.warehouse.migrate import migrations
from whipstitch.warehouse.servers import Servers
from whipstitch.warehouse.store import Store

CLUSTER: Final = os.environ.get("WHIPSTITCH_TEST_CLUSTER", "")
TABLES: Final = ("person_traits", "person_aliases", "person_ids", "person_moves", "events_local")
"""Which tests write to."""
_SECONDS: Final = 60.0
_NAMES: Final = (
    "SELECT cluster FROM system.clusters GROUP BY cluster HAVING count() = {hosts:UInt64} "
    "ORDER BY cluster"
)
_DEFINITIONS: Final = """\
SELECT create_table_query FROM system.tables WHERE database = {name:String}
ORDER BY multiIf(engine = 'View', 3, engine = 'MaterializedView', 2, engine = 'Distributed', 1, 0),
    name"""


def place_of(address: Address) -> Address | Servers:
    """Where a store is to be: at ``address``, or in its database on the cluster."""
    return (
        replace(
            servers(),
            addresses=tuple(replace(one, database=address.database) for one in servers().addresses),
        )
        if CLUSTER
        else address
    )


@functools.cache
def servers() -> Servers:
    """The cluster; a database is still to be named."""
    known = Servers.parse(re.sub(r",\w+://(?:[^@,]*@)?", ",", CLUSTER))
    with closing(known.addresses[0].connect({}, seconds=_SECONDS, database="default")) as client:
        names = client.query(_NAMES, {"hosts": len(known.addresses)}).result_rows
    return replace(known, cluster=names[0][0])


def connected(place: Address | Servers, settings: Mapping[str, int | str]) -> Client:
    """A client beside whatever is tested."""
    if isinstance(place, Address):
        return place.connect(settings, seconds=_SECONDS)
    fleet = Fleet(place, lambda address, more: address.connect(more, seconds=_SECONDS))
    for address in place.addresses:
        client = address.connect({}, seconds=_SECONDS, database="default")
        with closing(client):
            fleet.know(address, client.query("SELECT getMacro('shard')").result_rows[0][0])
    fleet.know_shards(set(fleet.known.values()), len(set(fleet.known.values())))
    return fleet.connect(settings)


class ClusterSchema:
    """Makes databases as migrations leave them, on each host."""

    def __init__(self, server: Address) -> None:
        self._server = server
        with self._new() as address:
            store = Store(place_of(address), durable=False, retention_days=0)
            store.prepare().result()
            store.close()
            with closing(address.connect({}, seconds=_SECONDS)) as client:
                rows = client.query(_DEFINITIONS, {"name": address.database}).result_rows
            self._definitions = [text.replace(address.database, "{database}") for (text,) in rows]

    @contextmanager
    def database(self) -> Iterator[Address]:
        """One with every table and nothing in it; it is gone in the end."""
        with self._new() as address:
            for host in servers().addresses:
                with closing(host.connect({}, seconds=_SECONDS, database="default")) as client:
                    client.command(f"CREATE DATABASE {address.database}")
                    for definition in self._definitions:
                        made = definition.replace("{database}", address.database)
                        # What is a macro there stays one.
                        client.command(made.replace(f"/{address.database}/", "/{database}/"))
            with closing(address.connect({}, seconds=_SECONDS)) as client:
                client.command(
                    "INSERT INTO schema_migrations (version, name) VALUES "
                    + ", ".join(f"({one.number}, '{one.name}')" for one in migrations())
                )
            with closing(connected(place_of(address), {})) as client:
                on_shards.note_layout(client)
            yield address

    def close(self) -> None:
        """Nothing is held."""

    @contextmanager
    def _new(self) -> Iterator[Address]:
        name = f"whip_{secrets.token_hex(6)}"
        try:
            yield replace(self._server, database=name)
        finally:
            for host in servers().addresses:
                with closing(host.connect({}, seconds=_SECONDS, database="default")) as client:
                    client.command(f"DROP DATABASE IF EXISTS {name} SYNC")
