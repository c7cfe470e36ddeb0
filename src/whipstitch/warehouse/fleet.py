"""The ClickHouse servers of an installation: one, or the hosts of a cluster, each of which is
reached over HTTP. A statement goes to any of them, to one of each shard, or to all."""

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

import structlog

from whipstitch.core.errors import StorageUnavailable, StorageUnreachable
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.connection import Address
from whipstitch.warehouse.errors import translated
from whipstitch.warehouse.keeper_losses import KeeperLosses, KeeperWatch
from whipstitch.warehouse.peers import Peers
from whipstitch.warehouse.servers import Servers

log = structlog.get_logger(__name__)

_AVOID_SECONDS: Final = 10.0
"""So long a host that did not answer is asked last."""
# What statements need on a cluster, whichever they are.
_CLUSTERED: Final[Mapping[str, int | str]] = {
    # A subquery on `events` is of all shards.
    "distributed_product_mode": "global",
    # Where a shard is away there is no answer: never a part of one.
    "skip_unavailable_shards": 0,
    # The same replica as long as it answers: one look after the other sees no less.
    "load_balancing": "in_order",
    # A replica that is so many seconds behind is not read, and where all are, there is no answer.
    "max_replica_delay_for_distributed_queries": 5,
    "fallback_to_stale_replicas_for_distributed_queries": 0,
    # Where Keeper is away an insert says so within seconds, and is repeated by the loader.
    "insert_keeper_max_retries": 5,
    "insert_keeper_retry_max_backoff_ms": 1000,
    # A deletion, or a change of a table, does not wait for replicas that are away.
    "lightweight_deletes_sync": 1,
    "alter_sync": 1,
    "mutations_sync": 0,
}
_QUORUM: Final[Mapping[str, int | str]] = {"insert_quorum": "auto", "insert_quorum_parallel": 1}
_SHARD: Final = "SELECT getMacro('shard')"

Connect = Callable[[Address, Mapping[str, int | str]], Client]


class Fleet:
    """May be used from any thread. ``connect`` makes a client at an address with settings."""

    def __init__(self, servers: Servers, connect: Connect) -> None:
        self.servers = servers
        self._connect = connect
        self._lock = threading.Lock()
        self._avoided: dict[Address, float] = {}
        self.losses = KeeperLosses()
        self.known: dict[Address, str] = {}
        """Of which shard hosts are."""
        self.shard_names: tuple[str, ...] = ()
        """All there are, in the order in which rows are dealt out; known once the hosts were
        looked at."""

    def know(self, address: Address, shard: str) -> None:
        """Of which shard a host is."""
        self.known[address] = shard

    def know_shards(self, names: Collection[str], number: int) -> None:
        """Raises StorageUnreachable where these are not all of the cluster's."""
        if len(names) < number:
            raise StorageUnreachable(
                f"{number - len(names)} of the {number} shards of ClickHouse's cluster "
                "are away: no host of theirs answers."
            )
        self.shard_names = tuple(sorted(names, key=lambda name: (len(name), name)))

    def connect(self, settings: Mapping[str, int | str]) -> Client:
        """A client at the first host that answers, from which the others are reached.

        Raises what the driver raises at the last."""
        order = self._in_order(self.servers.addresses)
        for address in order[:-1]:
            try:
                return self._at(address, settings)
            except Exception as error:
                self._avoid(address, error)
        return self._at(order[-1], settings)

    def connect_to_read(self, settings: Mapping[str, int | str]) -> Client:
        """The same. Raises StorageUnavailable where it could lack rows that are stored."""
        client = self.connect(settings)
        try:
            if client.peers is not None:
                self.losses.refuse_stale(client.peers.here, self.known)
        except StorageUnavailable:
            client.close()
            raise
        return client

    def keeper_watch(self) -> KeeperWatch | None:
        """Not there without a cluster."""
        if not self.servers.cluster:
            return None
        return KeeperWatch(
            self.servers.addresses,
            self.losses,
            lambda address, seconds: address.connect({}, seconds=seconds, database="default"),
        )

    def reach(self, address: Address, settings: Mapping[str, int | str]) -> Client:
        """A client at this host.

        Raises:
            StorageUnreachable: it does not answer; the message names it.
        """
        try:
            with translated():
                return self._at(address, settings)
        except StorageUnavailable as error:
            self._avoid(address, error)
            raise StorageUnreachable(f"{address.name} does not answer. {error}") from None

    def reach_shard(self, name: str, settings: Mapping[str, int | str]) -> Client:
        """A client at a replica of this shard.

        Raises:
            StorageUnreachable: none answers.
        """
        for address in self._in_order(self.servers.addresses):
            if self.known.get(address, name) != name:
                continue
            try:
                client = self.reach(address, settings)
            except StorageUnreachable:
                continue
            if self.shard_of(address, client) == name:
                return client
            client.close()
        raise StorageUnreachable(f"No replica of the shard {name} answers.")

    def is_avoided(self, shard: str) -> bool:
        """Whether no replica of the shard answered shortly before."""
        now = time.monotonic()
        with self._lock:
            return all(
                self._avoided.get(address, now) > now
                for address, name in self.known.items()
                if name == shard
            )

    def shard_of(self, address: Address, client: Client) -> str:
        """Which shard a host is of, that ``client`` is at."""
        if address not in self.known:
            self.known[address] = str(client.query(_SHARD).result_rows[0][0])
        return self.known[address]

    def _at(self, address: Address, settings: Mapping[str, int | str]) -> Client:
        more = dict(_CLUSTERED) if self.servers.cluster else {}
        if self.servers.quorum == "auto":
            more |= _QUORUM
        client = self._connect(address, {**settings, **more})
        if self.servers.cluster:
            client.peers = Peers(self, address, client, settings)
        return client

    def _avoid(self, address: Address, error: Exception) -> None:
        with self._lock:
            known = address in self._avoided
            self._avoided[address] = time.monotonic() + _AVOID_SECONDS
        if not known:
            log.warning("clickhouse_host_away", host=address.name, problem=str(error))

    def _in_order(self, addresses: Sequence[Address]) -> list[Address]:
        now = time.monotonic()
        with self._lock:
            for address in [one for one, until in self._avoided.items() if until <= now]:
                del self._avoided[address]
            return sorted(
                addresses,
                key=lambda one: (one in self._avoided, self.losses.rank(one, self.known)),
            )
