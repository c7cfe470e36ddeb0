"""Whole trees of ids, read and changed in ClickHouse: how many ids they have makes little
difference, and how they hang together none."""

from collections.abc import Collection, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Final

from whipstitch.core.projects import Scope
from whipstitch.identity import tables
from whipstitch.identity.additions import Raise
from whipstitch.identity.changes import Resolution
from whipstitch.identity.forest import Operation
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.sql import IN_SCOPE

_AT_ONCE: Final = 5_000
_ROUNDS: Final = 10
"""How many trees away an alias may still matter that was refused as a second parent."""
_RAISED: Final = "transform(person, {ids:Array(String)}, {persons:Array(String)}, '')"
_BELOW: Final = f"FROM person_ids FINAL WHERE {IN_SCOPE} AND person IN {{ids:Array(String)}}"


@dataclass(frozen=True, slots=True)
class Component:
    """Everything that bears on how ``ids`` resolve: all operations on them and on what they are or
    were linked to, each with the verdict that is stored of it. ``edge``: ids so far away that they
    are taken as they are stored."""

    ids: Set[str]
    operations: Mapping[Operation, str]
    edge: Mapping[str, Resolution]

    @property
    def told(self) -> set[Operation]:
        """What is to be replayed."""
        known = {Operation(one.since, id_, one.person) for id_, one in self.edge.items()}
        return {*self.operations, *known}


def lift(client: Client, scope: Scope, raised: Mapping[str, Raise], version: int) -> None:
    """Gives the trees below these ids, all of them persons, to the new ones: their resolutions.
    ``move`` comes before."""
    links = "transform(person, {ids:Array(String)}, {links:Array(UInt16)}, 0)"
    for values in _lifted(scope, raised, version):
        client.command(
            "INSERT INTO person_ids "
            "(project_id, environment, id, parent, person, since, depth, version, is_deleted) "
            f"SELECT project_id, environment, id, parent, {_RAISED}, since, depth + {links}, "
            f"{{version:UInt64}}, 0 {_BELOW}",
            values,
        )


def move(client: Client, scope: Scope, raised: Mapping[str, Raise], version: int) -> None:
    """The moves of the rows of these trees (see ``tables.write``)."""
    # A move by `anon_id` that is not settled would hide the one by `distinct_id`.
    split = (
        f"SELECT id FROM person_moves WHERE {IN_SCOPE} AND stands_in = 'anon_id' "
        f"AND id IN (SELECT id {_BELOW})"
    )
    for values in _lifted(scope, raised, version):
        client.command(
            "INSERT INTO person_moves (project_id, environment, stands_in, id, person, version) "
            "SELECT project_id, environment, "
            f"arrayJoin(if(id IN ({split}), ['distinct_id', 'anon_id'], ['distinct_id'])), "
            f"id, {_RAISED}, {{version:UInt64}} {_BELOW}",
            values,
        )


def _lifted(scope: Scope, raised: Mapping[str, Raise], version: int) -> Iterator[dict[str, object]]:
    persons = sorted(raised)
    for start in range(0, len(persons), _AT_ONCE):
        some = persons[start : start + _AT_ONCE]
        yield {
            **scope._asdict(),
            "ids": some,
            "persons": [raised[id_].person for id_ in some],
            "links": [raised[id_].links for id_ in some],
            "version": version,
        }


def below(client: Client, scope: Scope, id_: str, stored: Resolution) -> dict[str, Resolution]:
    """``id_``, which is stored like this, and all ids that lead to it."""
    further = "(depth = 0 OR depth > {depth:UInt16})"
    sql = f"SELECT id, parent, person, since, depth {_BELOW} AND {further}"
    values = {**scope._asdict(), "ids": [stored.person], "depth": stored.depth}
    rows = client.query(sql, values).result_rows
    beside = {row[0]: Resolution(*row[1:]) for row in rows}
    branches: dict[str, list[str]] = {}
    for one, resolution in beside.items():
        branches.setdefault(resolution.parent, []).append(one)
    found, waiting = {id_: stored}, [id_]
    while waiting:
        for one in branches.get(waiting.pop(), ()):
            if one not in found:
                found[one] = beside[one]
                waiting.append(one)
    return found


def component(client: Client, scope: Scope, ids: Collection[str]) -> Component:
    """Reads a component tree by tree."""
    operations: dict[Operation, str] = {}
    seen: set[str] = set()
    wanted = set(ids)
    for _ in range(_ROUNDS):
        if not wanted:
            break
        wanted |= _trees(client, scope, wanted) - seen
        seen |= wanted
        operations |= _operations(client, scope, wanted)
        named = {id_ for one in operations for id_ in (one.alias_id, one.distinct_id)}
        wanted = named - seen - {""}
    return Component(seen, operations, tables.resolutions(client, scope, wanted))


def _trees(client: Client, scope: Scope, ids: Collection[str]) -> set[str]:
    """All ids in the trees in which these are."""
    sql = (
        f"SELECT id, person FROM person_ids FINAL WHERE {IN_SCOPE} AND person IN "
        f"(SELECT person FROM person_ids FINAL WHERE {IN_SCOPE} AND id IN {{ids:Array(String)}} "
        "UNION ALL SELECT arrayJoin({ids:Array(String)}))"
    )
    rows = tables.rows_about(client, sql, scope, ids)
    return {id_ for row in rows for id_ in row}


def _operations(client: Client, scope: Scope, ids: Collection[str]) -> dict[Operation, str]:
    sql = (
        "SELECT accepted, alias_id, distinct_id, undo, refused, argMax(verdict, version) "
        f"FROM person_aliases WHERE {IN_SCOPE} AND refused = '' "
        "AND (alias_id IN {ids:Array(String)} OR distinct_id IN {ids:Array(String)}) "
        "GROUP BY accepted, alias_id, distinct_id, undo, refused"
    )
    rows = tables.rows_about(client, sql, scope, ids)
    return {Operation(*row[:5]): row[5] for row in rows}
