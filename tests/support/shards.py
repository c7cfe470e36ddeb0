"""Shards that tests start by themselves: ClickHouse servers of the wheel, as users get them, which
know each other as a cluster. They have no replicas, for there is no Keeper in the wheel: what a
cluster has the same on every host is written to each of them (``Worlds``)."""

import contextlib
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from whipstitch.warehouse.client import Client
from whipstitch.warehouse.connection import Address
from whipstitch.warehouse.local.command import command
from whipstitch.warehouse.local.xml import Element, document
from whipstitch.warehouse.migrate import migrate, migrations
from whipstitch.warehouse.servers import Servers

_NAME: Final = "shards"
_SECONDS: Final = 60.0
_DEFINITIONS: Final = """\
SELECT name, create_table_query FROM system.tables WHERE database = currentDatabase()
ORDER BY multiIf(engine = 'View', 2, engine = 'MaterializedView', 1, 0), name"""
_USERS: Final[dict[str, Element]] = {
    "profiles": {"default": {}},
    "quotas": {"default": {}},
    "users": {
        "default": {
            "password": "",
            "networks": {"ip": "127.0.0.1"},
            "profile": "default",
            "quota": "default",
        }
    },
}


class Shards:
    """``servers``: of each shard its one host; a database is still to be named."""

    def __init__(self, servers: Servers) -> None:
        self.servers = servers
        with self._named() as named, closing(_connected(named.addresses[0])) as client:
            migrate(client)
            self._definitions = [
                (name, text.replace(named.addresses[0].database, "{database}"))
                for name, text in client.query(_DEFINITIONS).result_rows
            ]

    @contextmanager
    def database(self) -> Iterator[Servers]:
        """One with every table and nothing in it, on each host; it is gone in the end."""
        with self._named() as named:
            for address in named.addresses:
                with closing(_connected(address)) as client:
                    for name, definition in self._definitions:
                        made = definition.replace("{database}", address.database)
                        if name == "events":
                            made = made.replace(".events", ".events_local", 1)
                        client.command(made)
                        if name == "events":
                            client.command(
                                "CREATE TABLE events AS events_local ENGINE = "
                                f"Distributed({_NAME}, currentDatabase(), events_local)"
                            )
                    rows = ", ".join(f"({one.number}, '{one.name}')" for one in migrations())
                    client.command(f"INSERT INTO schema_migrations (version, name) VALUES {rows}")
                    client.command(
                        "INSERT INTO shard_layouts (shards) VALUES ({names:Array(String)})",
                        {"names": [str(one + 1) for one in range(len(named.addresses))]},
                    )
            yield named

    @contextmanager
    def _named(self) -> Iterator[Servers]:
        name = f"whip_{secrets.token_hex(6)}"
        there = [replace(one, database=name) for one in self.servers.addresses]
        try:
            for address in self.servers.addresses:
                with closing(_connected(address)) as client:
                    client.command(f"CREATE DATABASE {name}")
            yield replace(self.servers, addresses=tuple(there))
        finally:
            for address in self.servers.addresses:
                with closing(_connected(address)) as client:
                    client.command(f"DROP DATABASE IF EXISTS {name} SYNC")


@contextmanager
def started_shards(directory: Path, number: int = 2) -> Iterator[Shards]:
    """So many, on free ports."""
    ports = _free_ports(2 * number)
    http, native = ports[:number], ports[number:]
    known: Element = {"shard": [{"replica": {"host": "127.0.0.1", "port": one}} for one in native]}
    with ExitStack() as stack:
        for shard in range(number):
            config: dict[str, Element] = {
                "logger": {"level": "error", "log": "clickhouse.log"},
                "log-level": "error",
                "listen_host": "127.0.0.1",
                "http_port": http[shard],
                "tcp_port": native[shard],
                "path": "./",
                "tmp_path": "./tmp/",
                "user_directories": {"users_xml": {"path": "users.xml"}},
                "users_config": "users.xml",
                "timezone": "UTC",
                "background_pool_size": 2,
                "background_schedule_pool_size": 2,
                "macros": {"shard": shard + 1, "replica": "only"},
                "remote_servers": {_NAME: known},
            }
            stack.enter_context(_server(directory / f"shard{shard + 1}", document(config)))
        addresses = tuple(Address("default", "127.0.0.1", port) for port in http)
        for address in addresses:
            _await(address)
        yield Shards(Servers(addresses, _NAME))


@contextmanager
def _server(directory: Path, config: str) -> Iterator[None]:
    directory.mkdir(parents=True)
    (directory / "config.xml").write_text(config)
    (directory / "users.xml").write_text(document(_USERS))
    with (directory / "output.log").open("wb") as log:
        process = subprocess.Popen(command(directory, None, 0), stdout=log, stderr=log)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _await(address: Address) -> None:
    until = time.monotonic() + _SECONDS
    while True:
        with contextlib.suppress(Exception):
            _connected(address).close()
            return
        assert time.monotonic() < until, f"{address.name} does not answer"
        time.sleep(0.05)


def _connected(address: Address) -> Client:
    return address.connect({}, seconds=_SECONDS)


def _free_ports(number: int) -> list[int]:
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(number)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
