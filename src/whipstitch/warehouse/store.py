"""ClickHouse as the rest sees it: clients by what they are for, and their threads."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, Final, TypeVar

import structlog

from whipstitch.warehouse.cancellable_query import CancellableQuery
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.connection import EXPORTING, QUERYING, STITCHING, Address
from whipstitch.warehouse.connections import BringUp, Connections
from whipstitch.warehouse.errors import limited
from whipstitch.warehouse.health_check import HealthCheck
from whipstitch.warehouse.local.supervisor import LocalClickHouse
from whipstitch.warehouse.servers import Servers
from whipstitch.warehouse.streaming import pour
from whipstitch.warehouse.worker_pool import WorkerPool

log = structlog.get_logger(__name__)

QUESTIONS: Final = 4
"""As many run at one time for those who read; one thread more is for the server itself."""
EXPORTS: Final = 4
_CLOSE_SECONDS: Final = 1.5

Row = Sequence[Any]
T = TypeVar("T")


class Store:
    """ClickHouse with the schema in place. Its methods may be called from any thread: they wait for
    threads of the store's own.

    It need not be there yet, and may go away and come back: what needs it raises
    StorageUnavailable until it is there."""

    def __init__(
        self,
        clickhouse: Address | Servers | LocalClickHouse,
        *,
        durable: bool,
        retention_days: int,
        seconds: float = 60.0,
        bring_up: BringUp = lambda _client: None,
    ) -> None:
        """``clickhouse``: a server, or a child of our own that was started. ``seconds``: how long
        it may keep one answer waiting."""
        self._connections = Connections(
            clickhouse,
            durable=durable,
            retention_days=retention_days,
            seconds=seconds,
            bring_up=bring_up,
        )
        self._loading = self._workers("load", 1, self._connections.prepare)
        """On a cluster its client, as that of ``stitch``, begins with what every replica has."""
        self._querying = self._workers(
            "query", QUESTIONS + 1, self._connect_prepared(QUERYING, reads=True)
        )
        self._pouring = self._workers(
            "export", EXPORTS, self._connect_prepared(EXPORTING, reads=True)
        )
        behind = self._connect_prepared(STITCHING, caught_up=True)
        self._stitching = self._workers("stitch", 1, behind)
        self._ending = self._workers("end", 1, self._connect_prepared({}))
        self._local = self._connections.local
        self._health_check = (
            HealthCheck(self._connections.connect_briefly) if self._local is None else None
        )
        self._keeper_watch = self._connections.keeper_watch()
        if self._keeper_watch is not None:
            self._keeper_watch.start()

    def prepare(self) -> Future[None]:
        """Brings the schema up to date, which else the first work does. Fails with:

        Raises:
            StorageUnavailable: ClickHouse is away.
            StorageError: the schema is newer than this program, or ClickHouse too old.
        """
        return self._loading.run(lambda _: None)

    def ping(self) -> None:
        """Raises StorageUnavailable where ClickHouse does not answer."""
        self._querying.run(lambda client: client.query("SELECT 1")).result()

    def query(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        """The rows that ``sql`` finds; ``parameters`` fill its ``{name:Type}`` places.

        Raises StorageUnavailable (of which QueryLimit is one), StorageRefused or PatternRefused."""
        return self.submit(sql, parameters).result()

    def submit(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Future[list[Row]]:
        """``query`` for those who cannot wait: wrap it with ``asyncio.wrap_future``. Cancelled, it
        is ended in ClickHouse, too."""
        asked = CancellableQuery(self._ending)

        def ask(client: Client) -> list[Row]:
            with limited():
                settings = {"log_comment": asked.name}
                return list(client.query(sql, dict(parameters or {}), settings).result_rows)

        return self._querying.run(ask, asked)

    def pour(
        self, sql: str, format_: str, parameters: Mapping[str, Any], pipe: int
    ) -> Future[list[Row]]:
        """Writes what ``sql`` finds into ``pipe``, a file descriptor, in a format of ClickHouse's;
        closes it in the end. The future then has no rows; it fails, and is cancelled, as that of
        ``submit``. Whoever cancels it closes the pipe's other end, too."""
        asked = CancellableQuery(self._ending)
        asked.add_done_callback(lambda _: os.close(pipe))

        def ask(client: Client) -> list[Row]:
            with limited():
                pour(client, sql, format_, parameters, {"log_comment": asked.name}, pipe)
            return []

        return self._pouring.run(ask, asked)

    def run_on_writer(self, work: Callable[[Client], T]) -> Future[T]:
        """Does ``work`` between two segments, on the thread that loads them."""
        return self._loading.run(work)

    def run_in_background(self, work: Callable[[Client], T]) -> Future[T]:
        """Does ``work`` on a thread of its own, with as little of ClickHouse as can be."""
        return self._stitching.run(work)

    def hosts_away(self) -> list[str]:
        """Names of those hosts of a cluster that do not answer now. Asks them, on this thread."""
        return self._connections.hosts_away()

    def close(self) -> None:
        """Lets go of ClickHouse, after what runs now if that does not take long."""
        until = time.monotonic() + _CLOSE_SECONDS
        if self._health_check is not None:
            self._health_check.stop()
        if self._keeper_watch is not None:
            self._keeper_watch.stop()
        self._querying.close(until)
        self._pouring.close(until)
        self._ending.close(until)
        self._stitching.close(until)
        self._loading.close(until)

    @property
    def problem(self) -> str | None:
        """Why ClickHouse takes nothing, for a person; None: it does."""
        away = (self._local or self._health_check).problem  # type: ignore[union-attr] # one of them is
        return away or self._connections.unprepared

    # Inside, on the workers' threads

    def _connect_prepared(
        self, settings: Mapping[str, int | str], *, caught_up: bool = False, reads: bool = False
    ) -> Callable[[], Client]:
        def connect() -> Client:
            if not self._connections.prepared:
                self._loading.run(lambda _: None).result()
            if reads:
                return self._connections.connect_to_read(settings)
            client = self._connections.connect(settings)
            return self._connections.caught_up(client) if caught_up else client

        return connect

    def _workers(self, name: str, threads: int, connect: Callable[[], Client]) -> WorkerPool:
        return WorkerPool(f"clickhouse-{name}", threads, connect, self._connections.run)
