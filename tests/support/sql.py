"""ClickHouse as BI tools meet it: a child of one's own with users who each read a project, asked
over HTTP with clickhouse-connect and over the native protocol with clickhouse-driver."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final, Protocol

import clickhouse_driver  # type: ignore[import-untyped]
import pytest
from clickhouse_connect import get_client
from clickhouse_connect.driver.exceptions import ClickHouseError
from clickhouse_driver.errors import Error as NativeError  # type: ignore[import-untyped]
from tests.support.clickhouse import opened

from whipstitch.core.projects import SqlUser
from whipstitch.warehouse.connection import DATABASE
from whipstitch.warehouse.local.config import LocalSettings
from whipstitch.warehouse.local.connection import LOOPBACK
from whipstitch.warehouse.local.supervisor import LocalClickHouse

PASSWORD: Final = "a-tools-password"
_START_SECONDS: Final = 60


class Refused(Exception):
    """What ClickHouse said instead of an answer."""


class Ask(Protocol):
    """One statement of a user's; returns the rows."""

    def __call__(self, sql: str, settings: Mapping[str, Any] | None = None) -> list[Any]:
        """Raises Refused."""


@contextmanager
def http_tool(port: int, user: str, password: str = PASSWORD) -> Iterator[Ask]:
    """A tool that uses clickhouse-connect."""

    def ask(sql: str, settings: Mapping[str, Any] | None = None) -> list[Any]:
        try:
            return list(client.query(sql, settings=dict(settings or {})).result_rows)
        except ClickHouseError as error:
            raise Refused(str(error)) from error

    with closing(
        get_client(host=LOOPBACK, port=port, username=user, password=password, database=DATABASE)
    ) as client:
        yield ask


@contextmanager
def native_tool(port: int, user: str, password: str = PASSWORD) -> Iterator[Ask]:
    """A tool that uses clickhouse-driver."""

    def ask(sql: str, settings: Mapping[str, Any] | None = None) -> list[Any]:
        try:
            return list(client.execute(sql, settings=dict(settings or {})))
        except NativeError as error:
            raise Refused(str(error)) from error

    client = clickhouse_driver.Client(
        LOOPBACK, port=port, user=user, password=password, database=DATABASE
    )
    try:
        yield ask
    finally:
        client.disconnect()


@contextmanager
def started_with_users(directory: Path, projects: Mapping[str, str]) -> Iterator[LocalClickHouse]:
    """A child with the schema and a user, by name, for each of ``projects``."""
    digest = hashlib.sha256(PASSWORD.encode()).hexdigest()
    users = [SqlUser(name, project, digest) for name, project in projects.items()]
    child = LocalClickHouse(LocalSettings(directory), users)
    child.start()
    try:
        assert child.wait_ready(_START_SECONDS), child.problem
        with opened(child) as store:
            store.prepare().result()
        yield child
    finally:
        child.stop()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalClickHouse]:
    """A child with the users ``reader_a`` of ``proj_a`` and ``reader_b`` of ``proj_b``."""
    directory = tmp_path_factory.mktemp("sql")
    users = {"reader_a": "proj_a", "reader_b": "proj_b"}
    with started_with_users(directory, users) as child:
        yield child


@pytest.fixture(scope="module", params=["http", "native"])
def reader_a(shared: LocalClickHouse, request: pytest.FixtureRequest) -> Iterator[Ask]:
    """``proj_a``'s tool, once over each protocol."""
    if request.param == "http":
        tool = http_tool(shared.address.port, "reader_a")
    else:
        tool = native_tool(shared.native_port, "reader_a")
    with tool as ask:
        yield ask
