"""Storages for tests: the embedded engine and a server, one of each for a whole run.

A process can hold one directory of the embedded engine, so all tests of a run share it: tables are
emptied before each test that uses ``store``. On the server those tests share a database in the same
way; to make a new one takes longer than most tests.
``WHIPSTITCH_TEST_CLICKHOUSE=http://user:password@host:8123`` names a real server to use instead of
the one that the tests start."""

import os
import secrets
from collections.abc import Callable, Iterator

import pytest
from tests.support import clickhouse_http
from tests.support.clickhouse_http import HttpClickHouse

from whipstitch.storage.connect import Address
from whipstitch.storage.store import Store

_FILLED = """\
SELECT name, startsWith(name, 'person_map_') AS is_map
FROM system.tables
WHERE database = {database:String} AND name != 'schema_migrations'
AND (is_map OR (database, name) IN (SELECT database, table FROM system.parts WHERE active))"""
REAL_SERVER = os.environ.get("WHIPSTITCH_TEST_CLICKHOUSE", "").rstrip("/")


@pytest.fixture(scope="session")
def chdb_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The embedded engine's URL, the same for all tests of the run."""
    return f"chdb://{tmp_path_factory.mktemp('chdb')}"


@pytest.fixture(scope="session")
def http_clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpClickHouse]:
    """A server over HTTP. A test that kills or stops it starts it again."""
    server = HttpClickHouse(tmp_path_factory.mktemp("server"), user="whip", password="s3cret-word")
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="session")
def new_database(request: pytest.FixtureRequest) -> Iterator[Callable[[], str]]:
    """Makes URLs of databases that do not exist yet, on the server."""
    made: list[str] = []

    def make() -> str:
        name = f"whip_{secrets.token_hex(4)}"
        if REAL_SERVER:
            made.append(f"{REAL_SERVER}/{name}")
        else:
            server: HttpClickHouse = request.getfixturevalue("http_clickhouse")
            made.append(server.url(name))
        return made[-1]

    yield make
    if REAL_SERVER:
        for url in made:
            clickhouse_http.query(url, f"DROP DATABASE IF EXISTS {url.rpartition('/')[2]}")


@pytest.fixture(scope="session")
def http_url(new_database: Callable[[], str]) -> str:
    """A database on the server, the same for all tests of the run."""
    return new_database()


@pytest.fixture(params=["embedded", "http"])
def store_url(request: pytest.FixtureRequest) -> str:
    """Where an empty storage is, once embedded and once on a server."""
    url: str = request.getfixturevalue("chdb_url" if request.param == "embedded" else "http_url")
    empty(url)
    return url


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """An empty storage, open."""
    opened = Store.open(store_url, durable=False, retention_days=0)
    yield opened
    opened.close()


def empty(url: str) -> None:
    """Empties the tables of a storage, if it has any, and drops its person maps."""
    address = Address.parse(url)
    if address.path is not None and not any(address.path.iterdir()):
        return
    client = address.connect({}, seconds=60, database="default")
    try:
        tables = client.query(_FILLED, {"database": address.database}).result_rows
        for name, is_map in tables:
            does = "DROP" if is_map else "TRUNCATE"
            client.command(f"{does} TABLE {address.database}.{name}")
    finally:
        client.close()
