"""How clients of ClickHouse come about: the schema is brought up to date first."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final

import structlog
from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError
from urllib3.exceptions import HTTPError

from whipstitch.core.errors import StorageError, StorageUnavailable, StorageUnreachable
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.cluster_start import (
    PATIENCE,
    look_at_hosts,
    refuse_single,
    refuse_strangers,
)
from whipstitch.warehouse.connection import LOADING, Address
from whipstitch.warehouse.engines import are_replicated
from whipstitch.warehouse.errors import translated
from whipstitch.warehouse.fleet import Fleet
from whipstitch.warehouse.keeper_losses import KeeperWatch
from whipstitch.warehouse.local.supervisor import LocalClickHouse
from whipstitch.warehouse.maintenance import retention
from whipstitch.warehouse.migrate import migrate, our_tables
from whipstitch.warehouse.servers import Servers

log = structlog.get_logger(__name__)

_STARTING_SECONDS: Final = 2.0
_LOOK_SECONDS: Final = 2.0
"""That a host may take where somebody waits for the answer."""
_UNKNOWN_DATABASE: Final = 81

BringUp = Callable[[Client], None]
"""Done once the schema is in place, before any row is stored. May be repeated."""


class Connections:
    """To a server, the hosts of a cluster, or a child of our own that was started. What connects
    raises StorageError, or what the driver raises."""

    def __init__(
        self,
        clickhouse: Address | Servers | LocalClickHouse,
        *,
        durable: bool,
        retention_days: int,
        seconds: float,
        bring_up: BringUp,
    ) -> None:
        """``seconds``: how long it may keep one answer waiting."""
        self.local = clickhouse if isinstance(clickhouse, LocalClickHouse) else None
        if isinstance(clickhouse, Address):
            clickhouse = Servers((clickhouse,))
        self._fleet = (
            Fleet(clickhouse, self._connect_at) if isinstance(clickhouse, Servers) else None
        )
        self._bring_up = bring_up
        self._durable = durable
        self._retention_days = retention_days
        self._seconds = seconds
        self._replicated = False
        self.prepared = False
        self.unprepared: str | None = None
        """Why the schema is not in place, though ClickHouse answers."""

    def prepare(self) -> Client:
        """The client that loads, once the schema is in place."""
        if self.prepared:
            return self.caught_up(self.connect(LOADING))
        try:
            with translated():
                client = self._prepare_schema()
        except StorageError as error:
            if self.unprepared is None and not isinstance(error, StorageUnreachable):
                log.error("storage_not_prepared", problem=str(error))
            self.unprepared = str(error)
            raise
        self.prepared = True
        self.unprepared = None
        return client

    def connect(self, settings: Mapping[str, int | str]) -> Client:
        if self._fleet is not None:
            return self._fleet.connect(settings)
        assert self.local is not None  # noqa: S101 - one of them is
        return self.local.address.connect(settings, seconds=self._seconds, guard=self.local.guard)

    def connect_to_read(self, settings: Mapping[str, int | str]) -> Client:
        """Raises StorageUnavailable also where the hosts that answer could lack rows."""
        return self._fleet.connect_to_read(settings) if self._fleet else self.connect(settings)

    def keeper_watch(self) -> KeeperWatch | None:
        """Not there without a cluster."""
        return self._fleet.keeper_watch() if self._fleet else None

    def connect_briefly(self) -> Client:
        """For a look whether it is there."""
        return self._reach(
            lambda address: address.connect({}, seconds=PATIENCE, database="default")
        )

    def caught_up(self, client: Client) -> Client:
        """``client``, with what every replica has: another may have had the last word until
        now."""
        if client.peers is not None:
            client.peers.catch_up()
        return client

    def run(self) -> int:
        """Which run of ClickHouse is there, of one of our own; on a cluster how often it changed
        which hosts are to be asked."""
        if self._fleet is not None:
            return self._fleet.losses.changes
        assert self.local is not None  # noqa: S101 - one of them is
        # One that was just started again is worth waiting for.
        if not self.local.wait_back(_STARTING_SECONDS):
            raise StorageUnavailable(self.local.problem or "ClickHouse is starting.")
        return self.local.starts

    def hosts_away(self) -> list[str]:
        """Names of those hosts of a cluster that do not answer now. Asks them, on this thread."""
        if self._fleet is None or not self._fleet.servers.cluster:
            return []
        return [one.name for one in self._fleet.servers.addresses if not _answers(one)]

    # Inside

    def _prepare_schema(self) -> Client:
        if self._fleet is not None and self._fleet.servers.cluster:
            look_at_hosts(self._fleet)
        try:
            client = self.connect(LOADING)
        except DatabaseError as error:
            if error.code != _UNKNOWN_DATABASE:
                raise
            self._create_database()
            client = self.connect(LOADING)
        try:
            refuse_single(client)
            are_replicated(client, our_tables())
            for migration in migrate(client):
                log.info("storage_migrated", number=migration.number, name=migration.name)
            self._replicated = client.replicated = are_replicated(client, our_tables())
            if self._fleet is not None and not self._replicated:
                refuse_strangers(self._fleet.servers)
            retention.set_durability(client, durable=self._durable, guarded=self.local is not None)
            retention.set_retention(client, self._retention_days)
            self._bring_up(client)
        except BaseException:
            client.close()
            raise
        return client

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
        assert self.local is not None  # noqa: S101 - one of them is
        return [self.local.address]

    def _create_database(self) -> None:
        if self.local is not None and (found := self.local.undefined()):
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
