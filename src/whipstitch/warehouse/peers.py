"""The other hosts of a cluster, as one client's thread reaches them."""

import contextlib
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Final

from whipstitch.core.errors import StorageUnreachable
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.connection import Address

if TYPE_CHECKING:
    from whipstitch.warehouse.fleet import Fleet

_REPLICATED: Final = (
    "SELECT name FROM system.tables WHERE database = currentDatabase() "
    "AND startsWith(engine, 'Replicated') ORDER BY name"
)


class Peers:
    """``fleet``: what is known of all; ``here``: the host that ``client`` is at."""

    def __init__(
        self, fleet: "Fleet", here: Address, client: Client, settings: Mapping[str, int | str]
    ) -> None:
        self._fleet = fleet
        self.here = here
        self._client = client
        self._settings = settings
        self._reached: dict[Address, Client] = {}
        self._by_shard: dict[str, Client] = {}

    @property
    def cluster(self) -> str:
        return self._fleet.servers.cluster

    def catch_up(self) -> None:
        """This host has what any replica of its tables had until now. Raises what the driver
        raises."""
        for (table,) in self._client.query(_REPLICATED).result_rows:
            self._client.command(
                "SYSTEM SYNC REPLICA {table:Identifier} LIGHTWEIGHT", {"table": table}
            )

    @property
    def shard_names(self) -> tuple[str, ...]:
        return self._fleet.shard_names

    def shard(self, name: str) -> Client:
        """A replica of that shard, this host if it is one. Raises StorageUnreachable."""
        if self._fleet.shard_of(self.here, self._client) == name:
            return self._client
        if name in self._by_shard and not self._by_shard[name].answers():
            self.forget_shard(name)
        if name not in self._by_shard:
            self._by_shard[name] = self._fleet.reach_shard(name, self._settings)
        return self._by_shard[name]

    def why_away(self, shards: Collection[str]) -> str | None:
        """Why there is nothing to be done with any of these shards, some of which was found away
        shortly before; None: something may be."""
        away = [self._fleet.is_avoided(shard) for shard in shards]
        return f"No replica of the shard {min(shards)} answers." if away and all(away) else None

    def shards(self) -> Iterator[Client]:
        """One replica of each. Raises StorageUnreachable."""
        return map(self.shard, self._fleet.shard_names)

    def forget_shard(self, name: str) -> None:
        """The replica in use does not answer: the next one is looked for."""
        if (client := self._by_shard.pop(name, None)) is not None:
            client.close()

    def node(self, address: Address) -> Client:
        """That host. Raises StorageUnreachable."""
        if address == self.here:
            return self._client
        if address not in self._reached:
            self._reached[address] = self._fleet.reach(address, self._settings)
        return self._reached[address]

    def nodes(self) -> Iterator[tuple[Address, Client]]:
        """All hosts. Raises StorageUnreachable at the first that does not answer."""
        for address in self._fleet.servers.addresses:
            client = self.node(address)
            if address != self.here and not client.answers():
                self.forget(address)
                client = self.node(address)
            yield address, client

    def live_nodes(self) -> Iterator[Client]:
        """The hosts that answer."""
        for address in self._fleet.servers.addresses:
            with contextlib.suppress(StorageUnreachable):
                client = self.node(address)
                if address != self.here and not client.answers():
                    self.forget(address)
                    continue
                yield client

    def forget(self, address: Address) -> None:
        """The host does not answer: it is reached anew next time."""
        if (client := self._reached.pop(address, None)) is not None:
            client.close()

    def close(self) -> None:
        for client in (*self._reached.values(), *self._by_shard.values()):
            client.close()
        self._reached.clear()
        self._by_shard.clear()
