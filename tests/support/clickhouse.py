"""ClickHouse for tests: the child process that users get, one for each process that runs tests, and
a database for each test.

``WHIPSTITCH_TEST_CLICKHOUSE=http://user:password@host:8123`` names a server to use instead,
``WHIPSTITCH_TEST_CLUSTER`` a cluster (see ``cluster``)."""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Final
from urllib.parse import quote

import pytest
from tests.support.cluster import CLUSTER, ClusterSchema, place_of, servers

from whipstitch.warehouse.connection import Address
from whipstitch.warehouse.local.config import LocalSettings
from whipstitch.warehouse.local.supervisor import LocalClickHouse
from whipstitch.warehouse.migrate import migrate, migrations
from whipstitch.warehouse.store import Store

REAL_SERVER: Final = os.environ.get("WHIPSTITCH_TEST_CLICKHOUSE", "")
_START_SECONDS: Final = 60
_SECONDS: Final = 60.0
# What is gone after a test needs no sync.
_HASTY: Final = {"fsync_metadata": 0}
_NAME: Final = "{database}"
_DEFINITIONS: Final = """\
SELECT create_table_query FROM system.tables WHERE database = {name:String}
ORDER BY engine = 'View', name"""
"""Views after what they read."""


@pytest.fixture(scope="session")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    """The server that all tests of a process share. Who disturbs it puts a ``Proxy`` before it, or
    starts one of their own."""
    if CLUSTER:
        yield replace(servers().addresses[0], database="default")
        return
    if REAL_SERVER:
        yield replace(Address.parse(REAL_SERVER), database="default")
        return
    with started(LocalSettings(tmp_path_factory.mktemp("clickhouse"))) as child:
        yield replace(child.address, database="default")


@pytest.fixture
def new_database(clickhouse: Address) -> Iterator[Callable[[], Address]]:
    """Makes addresses of databases that do not exist yet."""
    with ExitStack() as made:
        yield lambda: made.enter_context(nameless(clickhouse))


class Schema:
    """Makes databases as migrations leave them, in a fraction of their time."""

    def __init__(self, server: Address) -> None:
        self._server = server
        self._client = server.connect(_HASTY, seconds=_SECONDS)
        with nameless(server) as migrated:
            name = migrated.database
            self._client.command(f"CREATE DATABASE {name}")
            migrating = migrated.connect(_HASTY, seconds=_SECONDS)
            migrate(migrating)
            migrating.close()
            made = self._client.query(_DEFINITIONS, {"name": name}).result_rows
        self._definitions = [text.replace(name, _NAME) for (text,) in made]

    @contextmanager
    def database(self) -> Iterator[Address]:
        """One with every table and nothing in it; it is gone in the end."""
        name = _new_name()
        self._client.command(f"CREATE DATABASE {name}")
        try:
            for definition in self._definitions:
                self._client.command(definition.replace(_NAME, name))
            self._client.command(
                f"INSERT INTO {name}.schema_migrations (version, name) VALUES "
                + ", ".join(f"({one.number}, '{one.name}')" for one in migrations())
            )
            yield replace(self._server, database=name)
        finally:
            self._client.command(f"DROP DATABASE {name}")

    def close(self) -> None:
        self._client.close()


@pytest.fixture(scope="session")
def schema(clickhouse: Address) -> Iterator[Schema | ClusterSchema]:
    made = ClusterSchema(clickhouse) if CLUSTER else Schema(clickhouse)
    yield made
    made.close()


@pytest.fixture
def store_address(schema: Schema | ClusterSchema) -> Iterator[Address]:
    """A database with the schema, for one test."""
    with schema.database() as address:
        yield address


@pytest.fixture
def store(store_address: Address) -> Iterator[Store]:
    """An empty storage, open."""
    with opened(store_address) as made:
        yield made


@contextmanager
def started(settings: LocalSettings) -> Iterator[LocalClickHouse]:
    """A child that answers."""
    child = LocalClickHouse(settings)
    child.start()
    try:
        assert child.wait_ready(_START_SECONDS), child.problem
        yield child
    finally:
        child.stop()


@contextmanager
def opened(clickhouse: Address | LocalClickHouse, *, seconds: float = _SECONDS) -> Iterator[Store]:
    """A storage, not prepared yet."""
    place = place_of(clickhouse) if isinstance(clickhouse, Address) else clickhouse
    made = Store(place, durable=False, retention_days=0, seconds=seconds)
    try:
        yield made
    finally:
        made.close()


@contextmanager
def nameless(server: Address) -> Iterator[Address]:
    """A database that does not exist yet; in the end it does not exist any more."""
    address = replace(server, database=_new_name())
    try:
        yield address
    finally:
        run(server, f"DROP DATABASE IF EXISTS {address.database}")


def _new_name() -> str:
    return f"whip_{secrets.token_hex(6)}"


def run(address: Address, sql: str) -> None:
    """Has a server do something, beside whatever is tested."""
    client = address.connect(_HASTY, seconds=_SECONDS)
    try:
        client.command(sql)
    finally:
        client.close()


def url_of(address: Address) -> str:
    """As a setting names it."""
    scheme = "https" if address.secure else "http"
    user = f"{quote(address.user, safe='')}:{quote(address.password, safe='')}"
    return f"{scheme}://{user}@{address.host}:{address.port}/{quote(address.database, safe='')}"
