"""Hosts of a cluster that have lost ClickHouse Keeper, and what is read then.

A replica that alone has lost it answers, and says that it is not behind: it hears of nothing any
more that the others store. A host reads its own shard from itself, and other shards from whichever
replica comes first. So a replica that has Keeper is asked, of the shard in which another one has
not. Where there is none, or two shards have such replicas, there is no answer. Where no replica of
a shard has Keeper nobody stores anything, and reads go on."""

import time
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Final

import structlog

from whipstitch.core.errors import StorageUnavailable
from whipstitch.core.side_by_side import side_by_side
from whipstitch.core.worker import BackgroundWorker
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.connection import Address

log = structlog.get_logger(__name__)

_PAUSE_SECONDS: Final = 1.0
_PATIENCE: Final = 3.0
"""Seconds that a host may take; ClickHouse itself waits longer before it says that Keeper does not
answer."""
# The exception is that of asking Keeper for this row.
_LOST: Final = (
    "SELECT count() FROM system.replicas WHERE database = {database:String} "
    "AND table = 'events_local' "
    "AND (is_readonly OR is_session_expired OR zookeeper_exception != '')"
)


class KeeperLosses:
    """As they were when the hosts were looked at last. May be used from any thread."""

    def __init__(self) -> None:
        self._lost: Mapping[Address, float] = {}
        """Since when."""
        self.changes = 0

    def know(self, lost: Collection[Address]) -> None:
        """These have lost it, and no others."""
        if set(lost) == self._lost.keys():
            return
        now = time.monotonic()
        self._lost = {one: self._lost.get(one, now) for one in lost}
        self.changes += 1
        log.warning("clickhouse_keeper_lost", hosts=sorted(one.name for one in lost))

    def rank(self, address: Address, shards: Mapping[Address, str]) -> tuple[int, float]:
        """Hosts of the lowest rank are asked first. ``shards``: of which hosts are."""
        if address in self._lost:
            return (2, -self._lost[address])
        return (0 if shards.get(address) in self._torn(shards) else 1, 0.0)

    def refuse_stale(self, here: Address, shards: Mapping[Address, str]) -> None:
        """Raises StorageUnavailable where the host ``here`` could show less than is stored."""
        torn = self._torn(shards)
        if torn and (here in self._lost or torn != {shards.get(here)}):
            names = ", ".join(sorted(one.name for one in self._lost))
            raise StorageUnavailable(
                f"{names} does not reach ClickHouse Keeper, and other replicas do: an answer could "
                "lack rows. Have it reach Keeper again, or stop it."
            )

    def _torn(self, shards: Mapping[Address, str]) -> set[str]:
        """Those of which some replicas have lost Keeper and others have not."""
        lost = {shard for one, shard in shards.items() if one in self._lost}
        return {shard for one, shard in shards.items() if one not in self._lost and shard in lost}


class KeeperWatch:
    """Looks about once a second, on a thread of its own."""

    def __init__(
        self,
        addresses: Collection[Address],
        losses: KeeperLosses,
        connect: Callable[[Address, float], Client],
    ) -> None:
        """``connect`` makes a client at a host that has so many seconds' patience."""
        self._addresses = addresses
        self._losses = losses
        self._connect = connect
        self._clients: dict[Address, Client] = {}
        self._work = BackgroundWorker("clickhouse-keeper", self.look, lambda: _PAUSE_SECONDS)
        self.start = self._work.start

    def stop(self) -> None:
        """Looks no more. Does not wait for an answer that is awaited."""
        self._work.stop(0.0)

    def look(self) -> None:
        """Asks all hosts, at one time."""
        lost: set[Address] = set()

        def ask(address: Address) -> None:
            if self._has_lost(address):
                lost.add(address)

        side_by_side("clickhouse-keeper", [partial(ask, one) for one in self._addresses])
        self._losses.know(lost)

    def _has_lost(self, address: Address) -> bool:
        """Raises whatever it meets where the host does not answer."""
        began = time.monotonic()
        try:
            if address not in self._clients:
                self._clients[address] = self._connect(address, _PATIENCE)
            rows = self._clients[address].query(_LOST, {"database": address.database}).result_rows
            return bool(rows[0][0])
        except Exception:
            if (client := self._clients.pop(address, None)) is not None:
                client.close()
            if time.monotonic() - began < _PATIENCE:
                raise
        # It waits for Keeper, or does not answer at all.
        self._connect(address, _PATIENCE).close()
        return True
