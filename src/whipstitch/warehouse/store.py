"""ClickHouse as the rest sees it: clients by what they are for, and their threads."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import closing, suppress
from typing import Any, Final, TypeVar

import structlog
from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError
from urllib3.exceptions import HTTPError

from whipstitch.core.errors import StorageError, StorageUnavailable, StorageUnreachable
from whipstitch.warehouse import hosts
from whipstitch.warehouse.cancellable_query import CancellableQuery
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.connection import EXPORTING, LOADING, QUERYING, STITCHING, Address
from whipstitch.warehouse.engines import are_replicated
from whipstitch.warehouse.errors import limited, translated
from whipstitch.warehouse.fleet import Fleet
from whipstitch.warehouse.health_check import HealthCheck
from whipstitch.warehouse.local.supervisor import LocalClickHouse
from whipstitch.warehouse.maintenance import retention
from whipstitch.warehouse.migrate import migrate, our_tables
from whipstitch.warehouse.servers import Servers
from whipstitch.warehouse.streaming import pour
from whipstitch.warehouse.worker_pool import WorkerPool

log = structlog.get_logger(__name__)

QUESTIONS: Final = 4
"""As many run at one time for those who read; one thread more is for the server itself."""
EXPORTS: Final = 4
_CLOSE_SECONDS: Final = 1.5
_PATIENCE: Final = 5.0
"""Seconds that a server may take to say that it is there."""
_STARTING_SECONDS: Final = 2.0
_LOOK_SECONDS: Final = 2.0
"""That a host may take where somebody waits for the answer."""
_UNKNOWN_DATABASE: Final = 81
_EVENTS_ENGINE: Final = (
    "SELECT engine FROM system.tables WHERE database = currentDatabase() AND name = 'events'"
)

Row = Sequence[Any]
T = TypeVar("T")
BringUp = Callable[[Client], None]
"""Done once the schema is in place, before any row is stored. May be repeated."""


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
        self._local = clickhouse if isinstance(clickhouse, LocalClickHouse) else None
        if isinstance(clickhouse, Address):
            clickhouse = Servers((clickhouse,))
        self._fleet = (
            Fleet(clickhouse, self._connect_at) if isinstance(clickhouse, Servers) else None
        )
        self._bring_up = bring_up
        self._durable = durable
        self._retention_days = retention_days
        self._seconds = seconds
        self._prepared = False
        self._replicated = False
        self._unprepared: str | None = None
        """Why the schema is not in place, though ClickHouse answers."""
        self._loading = self._lane("load", 1, self._prepare)
        """On a cluster its client, as that of ``stitch``, begins with what every replica has."""
        self._querying = self._lane("query", QUESTIONS + 1, self._connect_prepared(QUERYING))
        self._pouring = self._lane("export", EXPORTS, self._connect_prepared(EXPORTING))
        self._stitching = self._lane("stitch", 1, self._connect_prepared(STITCHING, caught_up=True))
        self._ending = self._lane("end", 1, self._connect_prepared({}))
        self._pulse = HealthCheck(self._connect_briefly) if self._local is None else None

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
        if self._fleet is None or not self._fleet.servers.cluster:
            return []
        return [one.name for one in self._fleet.servers.addresses if not _answers(one)]

    def close(self) -> None:
        """Lets go of ClickHouse, after what runs now if that does not take long."""
        until = time.monotonic() + _CLOSE_SECONDS
        if self._pulse is not None:
            self._pulse.stop()
        self._querying.close(until)
        self._pouring.close(until)
        self._ending.close(until)
        self._stitching.close(until)
        self._loading.close(until)

    @property
    def problem(self) -> str | None:
        """Why ClickHouse takes nothing, for a person; None: it does."""
        away = (self._local or self._pulse).problem  # type: ignore[union-attr] # one of them is
        return away or self._unprepared

    # Inside, on the lanes' threads

    def _prepare(self) -> Client:
        """The client that loads, once the schema is in place."""
        if self._prepared:
            return self._caught_up(self._connect(LOADING))
        try:
            with translated():
                client = self._prepare_schema()
        except StorageError as error:
            if self._unprepared is None and not isinstance(error, StorageUnreachable):
                log.error("storage_not_prepared", problem=str(error))
            self._unprepared = str(error)
            raise
        self._prepared = True
        self._unprepared = None
        return client

    def _prepare_schema(self) -> Client:
        if self._fleet is not None and self._fleet.servers.cluster:
            self._look_at_hosts(self._fleet)
        try:
            client = self._connect(LOADING)
        except DatabaseError as error:
            if error.code != _UNKNOWN_DATABASE:
                raise
            self._create_database()
            client = self._connect(LOADING)
        try:
            self._refuse_single(client)
            are_replicated(client, our_tables())
            for migration in migrate(client):
                log.info("storage_migrated", number=migration.number, name=migration.name)
            self._replicated = client.replicated = are_replicated(client, our_tables())
            self._refuse_strangers()
            retention.set_durability(client, durable=self._durable, guarded=self._local is not None)
            retention.set_retention(client, self._retention_days)
            self._bring_up(client)
        except BaseException:
            client.close()
            raise
        return client

    def _connect_prepared(
        self, settings: Mapping[str, int | str], *, caught_up: bool = False
    ) -> Callable[[], Client]:
        def connect() -> Client:
            if not self._prepared:
                self._loading.run(lambda _: None).result()
            client = self._connect(settings)
            return self._caught_up(client) if caught_up else client

        return connect

    def _connect_briefly(self) -> Client:
        return self._reach(
            lambda address: address.connect({}, seconds=_PATIENCE, database="default")
        )

    def _connect(self, settings: Mapping[str, int | str]) -> Client:
        if self._fleet is not None:
            return self._fleet.connect(settings)
        assert self._local is not None  # noqa: S101 - one of them is
        return self._local.address.connect(settings, seconds=self._seconds, guard=self._local.guard)

    def _connect_at(self, address: Address, settings: Mapping[str, int | str]) -> Client:
        client = address.connect(settings, seconds=self._seconds)
        client.replicated = self._replicated
        return client

    def _reach(self, connect: Callable[[Address], Client]) -> Client:
        """The first that can be reached. Raises what the driver raises at the last."""
        *others, last = self._addresses()
        for address in others:
            with suppress(ClickHouseError, OSError, HTTPError):
                return connect(address)
        return connect(last)

    def _addresses(self) -> Sequence[Address]:
        if self._fleet is not None:
            return self._fleet.servers.addresses
        assert self._local is not None  # noqa: S101 - one of them is
        return [self._local.address]

    def _caught_up(self, client: Client) -> Client:
        """Another replica may have had the last word until now."""
        if client.peers is not None:
            client.peers.catch_up()
        return client

    def _look_at_hosts(self, fleet: Fleet) -> None:
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
                    client = address.connect({}, seconds=_PATIENCE, database="default")
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
            client = everybody[0].connect({}, seconds=_PATIENCE, database="default")
            with closing(client), translated():
                members = hosts.members(client, fleet.servers.cluster)
            hosts.check_members(members, looks)
        fleet.know_shards({one.shard for one in looks}, len(looks[0].layout))

    def _refuse_single(self, client: Client) -> None:
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

    def _refuse_strangers(self) -> None:
        """Raises StorageError where there are several hosts, each with tables of its own."""
        if self._fleet is None or self._fleet.servers.cluster or self._replicated:
            return
        if len(self._fleet.servers.addresses) > 1:
            raise StorageError(
                "--clickhouse names several hosts, but their tables are not replicated: each "
                "would have rows of its own. Name their cluster in the setting "
                "clickhouse_cluster, or one host in --clickhouse."
            )

    def _lane(self, name: str, threads: int, connect: Callable[[], Client]) -> WorkerPool:
        return WorkerPool(f"clickhouse-{name}", threads, connect, self._run)

    def _run(self) -> int:
        """Which run of ClickHouse is there: of one of our own."""
        if self._local is None:
            return 0
        # One that was just started again is worth waiting for.
        if not self._local.wait_back(_STARTING_SECONDS):
            raise StorageUnavailable(self._local.problem or "ClickHouse is starting.")
        return self._local.starts

    def _create_database(self) -> None:
        if self._local is not None and (found := self._local.undefined()):
            raise StorageUnavailable(
                f"ClickHouse does not know its database any more, but rows of {len(found)} tables "
                f"are there, such as in {found[0]}: the definitions in its `metadata` are gone. "
                "Restore the data directory from a backup; what is sent waits in the journal."
            )
        client = self._reach(
            lambda address: address.connect({}, seconds=self._seconds, database="default")
        )
        try:
            name = self._addresses()[0].database
            client.command("CREATE DATABASE IF NOT EXISTS {name:Identifier}", {"name": name})
        finally:
            client.close()


def _answers(address: Address) -> bool:
    try:
        with translated():
            address.connect({}, seconds=_LOOK_SECONDS, database="default").close()
    except StorageError:
        return False
    return True
