"""Rows of people, written by hand: what the loader and the stitcher would have left at one moment,
for tests of those who read it."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from tests.support.cluster import TABLES, connected, place_of

from whipstitch.analytics.people import activity_summaries
from whipstitch.analytics.session import QuerySession, SessionFactory
from whipstitch.core.projects import Scope
from whipstitch.identity import map_generations
from whipstitch.identity.person_map import PersonMap
from whipstitch.registry.acceptance import Watermark
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.connection import Address
from whipstitch.warehouse.row_inserts import insert
from whipstitch.warehouse.store import Store

T = TypeVar("T")

START_MS = 1_770_000_000_000
"""2026-02-02T02:40:00Z: second 0 of all rows here."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SCOPE = Scope("proj_a", "live")

_generations = itertools.count(900_000)


class Rows:
    """Writes rows of one scope; times are in seconds from START_MS."""

    problem: str | None = None

    def __init__(self, client: Client, store: Store, scope: Scope = SCOPE) -> None:
        self.scope = scope
        self._client = client
        self._store = store
        self._map = PersonMap(next(_generations))
        self._numbers = itertools.count()
        self._waiting: dict[tuple[str, ...], list[list[Any]]] = {}
        """Rows by their table and columns: all of them go in at once, before they are read."""
        self.summed_up = False
        """Whether all events are summed up before each reading."""

    def elsewhere(self, scope: Scope) -> "Rows":
        other = Rows(self._client, self._store, scope)
        other._waiting = self._waiting
        return other

    def event(self, distinct_id: str, second: float, anon_id: str = "", name: str = "seen") -> None:
        number = next(self._numbers)
        self._insert(
            "events",
            event_name=name,
            id=f"evt_{number}",
            distinct_id=distinct_id,
            anon_id=anon_id,
            timestamp=START_MS + round(second * 1000),
            received_at=START_MS,
            accepted=START_MS * 1000 + number,
            properties_sent="{}",
            default_properties_sent="{}",
        )

    def traits(self, distinct_id: str, second: int, **values: str | None) -> None:
        """An update of traits, ``values`` as JSON text; None deletes."""
        for name, value in {"": "", **values}.items():
            self._insert(
                "person_traits",
                distinct_id=distinct_id,
                property=name,
                value=value or "",
                deleted=value is None,
                timestamp=START_MS + second * 1000,
                accepted=(START_MS + second * 1000) * 1000,
                version=second,
            )

    def alias(
        self,
        alias_id: str,
        distinct_id: str,
        second: int,
        *,
        undo: bool = False,
        refused: str = "",
        verdict: str = "",
        received: int | None = None,
    ) -> None:
        """``verdict``: what the linker noted later; ``received``: when, if not then."""
        if verdict:
            self.alias(alias_id, distinct_id, second, received=received)
        self._insert(
            "person_aliases",
            alias_id=alias_id,
            distinct_id=distinct_id,
            refused=refused,
            undo=undo,
            timestamp=START_MS + second * 1000,
            received=START_MS + (second if received is None else received) * 1000,
            accepted=(START_MS + second * 1000) * 1000,
            number=(START_MS + second * 1000) * 1000,
            verdict=verdict,
            version=1 if verdict else 0,
        )

    def link(self, id_: str, parent: str, person: str = "", second: int = 0) -> None:
        """``id_`` leads to ``parent`` and so to ``person``, by default the parent."""
        self._insert(
            "person_ids",
            id=id_,
            parent=parent,
            person=person or parent,
            since=(START_MS + second * 1000) * 1000,
            version=next(self._numbers),
            is_deleted=0,
        )

    def move(self, id_: str, person: str, stands_in: str = "distinct_id") -> None:
        """Rows with ``id_`` in ``stands_in`` wait to become ``person``'s."""
        self._insert(
            "person_moves",
            stands_in=stands_in,
            id=id_,
            person=person,
            version=next(self._numbers),
        )
        self.write()
        self._map = map_generations.make(self._client, next(_generations))

    @contextmanager
    def hold(self) -> Iterator[PersonMap]:
        self.write()
        yield self._map

    def write(self) -> None:
        """Has all rows stored that are asked for so far."""
        for (table, *columns), rows in self._waiting.items():
            shards = self._client.shards() if table == "events" else self._client.shards()[:1]
            for number, shard in enumerate(shards):
                client = self._client.shard(shard)
                name = client.events if table == "events" else table
                insert(client, name, columns, rows[number :: len(shards)])
        self._client.await_replicas(*(TABLES if self._waiting else ()))
        self._waiting.clear()

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """What a statement finds, after a reading."""
        return [tuple(row) for row in self._client.query(sql).result_rows]

    def read(self, work: Callable[[QuerySession], Awaitable[T]]) -> T:
        """What ``work`` finds in a reading of this scope."""
        self.write()
        everything = Watermark(2**63)
        if self.summed_up and (made := activity_summaries.make(self._client, everything, rows=0)):
            activity_summaries.publish(self._client, made, lambda: everything)

        async def run() -> T:
            async with SessionFactory(self._store, self).open(self.scope, "test") as reading:
                return await work(reading)

        return asyncio.run(run())

    def _insert(self, table: str, **values: Any) -> None:
        row = {**self.scope._asdict(), **values}
        for name in {"timestamp", "received", "received_at"} & row.keys():
            row[name] = _EPOCH + timedelta(milliseconds=row[name])
        self._waiting.setdefault((table, *row), []).append(list(row.values()))


@contextmanager
def hand_written(store: Store, address: Address) -> Iterator[Rows]:
    """Empty tables of people to write to; ``store`` is at ``address``."""
    client = connected(place_of(address), {})
    try:
        yield Rows(client, store)
    finally:
        client.close()
