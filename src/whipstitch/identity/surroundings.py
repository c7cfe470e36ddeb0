"""What is stored around operations that arrive: all of it that matters where they are the last to
count, in one statement, for each takes milliseconds, whatever it finds."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from whipstitch.core.projects import Scope
from whipstitch.identity.changes import Resolution
from whipstitch.identity.forest import Operation
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.sql import IN_SCOPE

_AT_ONCE: Final = 5_000
"""Operations that one statement is given."""
_SQL: Final = f"""\
SELECT DISTINCT 'operation' AS what, alias_id AS id, distinct_id AS parent, refused AS person,
    accepted AS since, toUInt16(0) AS depth, undo AS flag
FROM person_aliases WHERE {IN_SCOPE} AND alias_id IN {{alias_ids:Array(String)}}
UNION ALL
SELECT 'resolution', id, parent, person, since, depth, false
FROM person_ids FINAL WHERE {IN_SCOPE} AND id IN {{ids:Array(String)}}
UNION ALL
SELECT 'tree', person, '', '', 0, max(depth), min(depth) > 0
FROM person_ids FINAL WHERE {IN_SCOPE} AND person IN {{alias_ids:Array(String)}} GROUP BY person
UNION ALL
SELECT DISTINCT 'split', id, '', '', 0, 0, false
FROM person_moves
WHERE {IN_SCOPE} AND stands_in = 'anon_id' AND id IN {{alias_ids:Array(String)}}"""


class Height(NamedTuple):
    """How many links the tree below an id is deep; ``known``: of all its ids."""

    links: int
    known: bool


@dataclass(frozen=True, slots=True)
class Surroundings:
    """``operations``: every one on the ids that are to be linked, the ``alias_id``s. ``resolved``:
    what is stored of those of all named ids that have a parent. ``heights``: of the trees below
    those ``alias_id``s that are somebody's person. ``split``: ``alias_id``s whose rows are still to
    be found by ``anon_id``."""

    operations: set[Operation] = field(default_factory=set)
    resolved: dict[str, Resolution] = field(default_factory=dict)
    heights: dict[str, Height] = field(default_factory=dict)
    split: set[str] = field(default_factory=set)

    def of(self, aliases: Collection[Operation]) -> "Surroundings":
        """Those of some of the aliases."""
        ids = {one.alias_id for one in aliases}
        return Surroundings(
            {one for one in self.operations if one.alias_id in ids},
            {id_: self.resolved[id_] for id_ in named(aliases) if id_ in self.resolved},
            {id_: self.heights[id_] for id_ in ids if id_ in self.heights},
            self.split & ids,
        )


def around(client: Client, scope: Scope, operations: Collection[Operation]) -> Surroundings:
    """Reads the surroundings of operations of a scope."""
    found = Surroundings()
    for what, id_, parent, person, since, depth, flag in _rows(client, scope, list(operations)):
        match what:
            case "operation":
                found.operations.add(Operation(since, id_, parent, bool(flag), person))
            case "resolution":
                found.resolved[id_] = Resolution(parent, person, since, depth)
            case "tree":
                found.heights[id_] = Height(depth, bool(flag))
            case _:
                found.split.add(id_)
    return found


def named(operations: Collection[Operation]) -> set[str]:
    """The ids that operations name."""
    return {id_ for one in operations for id_ in (one.alias_id, one.distinct_id)} - {""}


def _rows(client: Client, scope: Scope, operations: Sequence[Operation]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(operations), _AT_ONCE):
        some = operations[start : start + _AT_ONCE]
        values = {
            **scope._asdict(),
            "alias_ids": list({one.alias_id for one in some}),
            "ids": list(named(some)),
        }
        yield from client.query(_SQL, values).result_rows
