"""The generations of the person map: made in ClickHouse, held by the reads that use them."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from whipstitch.core.errors import StorageUnavailable
from whipstitch.core.projects import Scope
from whipstitch.identity.person_map import PersonMap, key_of, place
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.row_inserts import insert

_TABLE: Final = "person_map_"
_MADE: Final = "made_at <= now64(3) - toIntervalSecond({seconds:UInt32})"
_FOLLOWED: Final = f"SELECT max(number) FROM person_maps WHERE {_MADE}"
_PATIENCE: Final = 60.0
"""Seconds after which a read that still uses an old generation is no longer waited for."""


class PersonMaps:
    """Which generation is in force, and which are in use. May be called from any thread."""

    def __init__(self) -> None:
        self.problem: str | None = "The storage has just come up: try again in a second."
        """Until a generation is published nobody can say who is who."""
        self._changed = threading.Condition()
        self._current = PersonMap()
        self._held: Counter[int] = Counter()

    @property
    def current(self) -> PersonMap:
        return self._current

    def publish(self, fresh: PersonMap) -> None:
        """From now on reads use this one."""
        with self._changed:
            self._current = fresh
            self.problem = None

    @contextmanager
    def hold(self, this: PersonMap | None = None) -> Iterator[PersonMap]:
        """Keeps ``this`` generation usable meanwhile, by default the one in force.

        Raises:
            StorageUnavailable: there is none yet.
        """
        with self._changed:
            if self.problem is not None:
                raise StorageUnavailable(self.problem)
            held = this or self._current
            self._held[held.number] += 1
        try:
            yield held
        finally:
            with self._changed:
                self._held[held.number] -= 1
                self._held += Counter()  # drops what counts nothing
                self._changed.notify_all()

    def in_use(self) -> set[int]:
        """The numbers of the generations that must stay."""
        with self._changed:
            return {self._current.number, *self._held}

    def await_readers_before(self, number: int) -> None:
        """Until no read uses a generation older than this one. Rows may be rewritten then: who
        reads half of them before and half after finds their person in the map both times."""
        with self._changed:
            self._changed.wait_for(lambda: not any(one < number for one in self._held), _PATIENCE)


def make(client: Client, number: int) -> PersonMap:
    """Makes generation ``number`` of what waits to be rewritten now."""
    waiting = (
        "SELECT project_id, environment, stands_in, id, argMax(person, version) AS person "
        "FROM person_moves GROUP BY ALL HAVING NOT (stands_in = 'distinct_id' AND id = person)"
    )
    sql = (
        "SELECT project_id, environment, countIf(stands_in = 'anon_id') > 0, count() "
        f"FROM ({waiting}) GROUP BY ALL"
    )
    client.await_replicas("person_moves", "person_ids", "person_aliases")
    scopes = client.query(sql).result_rows
    table = _table(client, number) if scopes else ""
    key = place("toString(stands_in)", "id", "project_id, environment")
    for node in client.live_nodes() if scopes else ():
        node.command(
            f"CREATE TABLE {table} (key UInt64, person_key UInt64, person String) "
            "ENGINE = Join(ANY, LEFT, key) "
            f"AS SELECT {key} AS key, {key_of('person')} AS person_key, person FROM ({waiting})"
        )
    fresh = PersonMap(
        number,
        table,
        frozenset(Scope(row[0], row[1]) for row in scopes),
        frozenset(Scope(row[0], row[1]) for row in scopes if row[2]),
        sharded=len(client.shards()) > 1,
        rows=sum(row[3] for row in scopes),
    )
    row = (number, fresh.rows, list(fresh.merged), list(fresh.split))
    insert(client, "person_maps", ("number", "rows", "merged", "split"), [row])
    return fresh


def latest(client: Client, seconds: int = 0) -> PersonMap:
    """The generation that was the newest of all nodes' that many seconds ago."""
    sql = (
        "SELECT number, rows, merged, split FROM person_maps "
        f"WHERE {_MADE} ORDER BY number DESC LIMIT 1"
    )
    for number, rows, merged, split in client.query(sql, {"seconds": seconds}).result_rows:
        return PersonMap(
            number,
            _table(client, number) if rows else "",
            frozenset(Scope(*one) for one in merged),
            frozenset(Scope(*one) for one in split),
            sharded=len(client.shards()) > 1,
            rows=rows,
        )
    return PersonMap()


def drop(client: Client, keep: set[int], seconds: int) -> None:
    """Drops the generations that are not to be kept and were followed by another one that many
    seconds ago: other nodes may still read them."""
    sql = (
        "SELECT toUInt64OrZero(substring(name, length({prefix:String}) + 1)) AS number "
        "FROM system.tables WHERE database = currentDatabase() "
        f"AND startsWith(name, {{prefix:String}}) AND number < ({_FOLLOWED})"
    )
    for node in client.live_nodes():
        rows = node.query(sql, {"prefix": _TABLE, "seconds": seconds}).result_rows
        if gone := [f"{_TABLE}{row[0]:d}" for row in rows if row[0] not in keep]:
            node.command(f"DROP TABLE IF EXISTS {', '.join(gone)} SYNC")


def is_everywhere(client: Client, known: PersonMap) -> bool:
    """Whether every host that answers has this generation: one that was away has not."""
    if not known.table or client.peers is None:
        return True
    sql = f"EXISTS TABLE {known.table}"
    return all(node.query(sql).result_rows[0][0] for node in client.live_nodes())


def _table(client: Client, number: int) -> str:
    """Its name for statements: on a cluster with the database, for another host looks into its own
    by default."""
    name = f"{_TABLE}{number:d}"
    return f"{client.database}.{name}" if client.peers else name


def forget(client: Client, seconds: int) -> None:
    """Deletes what is noted of generations that ``drop`` would drop."""
    rows = client.query(_FOLLOWED, {"seconds": seconds}).result_rows
    # Bound: replicated tables take no subquery in a deletion.
    client.command("DELETE FROM person_maps WHERE number < {number:UInt64}", {"number": rows[0][0]})
