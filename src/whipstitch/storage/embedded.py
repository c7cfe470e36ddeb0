"""The embedded engine. Unlike a server it goes on as if nothing were where the disk does not take
what it writes: an insert of which nothing is on the disk succeeds, and a merge replaces good parts
by a cut one. It only counts what failed. So whoever writes is told here, before they act on it.

A run of the engine that failed to write takes nothing any more. The next one finds what was cut,
sets it aside, and has the parts again that a merge replaced: the engine keeps those for eight
minutes."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import structlog
from clickhouse_connect.driver._chdbclient import ChdbClient
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ProgrammingError
from clickhouse_connect.driver.summary import QuerySummary

from whipstitch.errors import StorageUnavailable

log = structlog.get_logger(__name__)

_LEAST_ROOM: Final = 2**20
"""Bytes that must be free for a statement. The engine asks for as much itself, but only for parts:
the definition of a table that finds no room is lost."""
_FAILED: Final = (
    "SELECT value FROM system.events WHERE event = 'WriteBufferFromFileDescriptorWriteFailed'"
)
# The engine's share of the machine. Its defaults are a database server's: gigabytes of caches, and
# a log of its own queries.
_OPTIONS: Final = {
    "background_pool_size": 2,
    "background_schedule_pool_size": 2,
    "background_common_pool_size": 2,
    "background_move_pool_size": 1,
    "background_fetches_pool_size": 1,
    "mark_cache_size": 64 * 2**20,
    "primary_index_cache_size": 64 * 2**20,
    "index_mark_cache_size": 32 * 2**20,
    "uncompressed_cache_size": 0,
    "query_condition_cache_size": 16 * 2**20,
}


class FailedWrites:
    """Whether one run of the engine failed to write, for all its clients."""

    def __init__(self) -> None:
        self.problem: str | None = None
        """What happened, for a person; None: nothing did."""
        self._before: int | None = None
        """What earlier runs in this process failed to write."""

    def begin(self, client: Client) -> None:
        """To be called with the first client of the run."""
        if self._before is None:
            self._before = _count(client)

    def look(self, client: Client) -> None:
        """Raises StorageUnavailable where something that was written is not on the disk."""
        if self.problem is None and _count(client) > (self._before or 0):
            self.problem = (
                "The disk did not take what ClickHouse wrote: it is full, or damaged. Whipstitch "
                "begins again by itself, without what was cut; nothing that was answered is lost."
            )
            log.error("engine_write_failed", problem=self.problem)
        self.check()

    def check(self) -> None:
        """Raises StorageUnavailable where that was seen before."""
        if self.problem is not None:
            raise StorageUnavailable(self.problem)


class _EngineClient(ChdbClient):
    """Statements that write raise StorageUnavailable where what they wrote may not be there."""

    failed_writes: FailedWrites | None = None

    def command(self, *args: Any, **kwargs: Any) -> Any:
        with self._checked():
            return super().command(*args, **kwargs)

    def data_insert(self, *args: Any, **kwargs: Any) -> QuerySummary:
        with self._checked():
            return super().data_insert(*args, **kwargs)

    @contextmanager
    def _checked(self) -> Iterator[None]:
        if self.failed_writes is None:
            yield
            return
        self.failed_writes.check()
        if shutil.disk_usage(self.path).free < _LEAST_ROOM:
            raise StorageUnavailable("ClickHouse's disk is full: free some space.")
        try:
            yield
        finally:
            # Also where it failed: what cannot be read back looks as if the rows were at fault.
            self.failed_writes.look(self)


def open_engine(path: Path, database: str, failed_writes: FailedWrites) -> Client:
    """A client of the engine, which begins with the first one and ends with the last.

    Raises StorageUnavailable."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        client = _EngineClient(
            path=str(path),
            database=database,
            chdb_options=_OPTIONS,
            show_clickhouse_errors="scrub",
            tz_mode="aware",
        )
    except ProgrammingError as error:
        reason = str(error).rpartition("Failed to create connection: ")[2]
        raise StorageUnavailable(
            f"The embedded ClickHouse in {path} cannot be opened. One process at a time can hold "
            f"it: stop the other Whipstitch, or check the directory's owner. ({reason})"
        ) from None
    failed_writes.begin(client)
    client.failed_writes = failed_writes
    return client


def _count(client: Client) -> int:
    rows = client.query(_FAILED).result_rows
    return int(rows[0][0]) if rows else 0
