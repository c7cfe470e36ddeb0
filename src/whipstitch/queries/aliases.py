"""Aliases as an operator sees them, newest first: in force, waiting for the rewrite, refused
(interfaces, "Query API": ``GET /api/v1/aliases``).

What an undo took back is not listed, nor what only repeats the alias in force."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec

from whipstitch.identity.forest import Forest, Link, Operation, grow
from whipstitch.queries.pages import Count, cursor_of, rfc3339
from whipstitch.queries.person_ids import ids_of
from whipstitch.queries.run import IN_SCOPE, LINKED, Reading, Sql

State = Literal["pending", "rewritten", "refused"]

_FAR: Final = 20
"""How many aliases a loop may have that is told as such, where it was not found at once."""


class Position(msgspec.Struct, frozen=True, array_like=True):
    """A place in the order of aliases: unix microseconds of acceptance, the two ids."""

    accepted: Count
    alias_id: str
    distinct_id: str


@dataclass(frozen=True, slots=True)
class AliasesQuery:
    """One page of aliases. ``person``: those from and to any id of this person (a distinct id, see
    ``person_of``); ``after``: the last of the page before."""

    limit: int
    person: str | None = None
    after: Position | None = None


class Alias(msgspec.Struct):
    """An alias as it was sent, and what became of it; ``reason`` is why it was refused."""

    alias_id: str
    distinct_id: str
    created_at: str
    state: State
    reason: str | None


class AliasesPage(msgspec.Struct, kw_only=True):
    ok: bool = True
    aliases: list[Alias]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class InForce:
    """The aliases in force of some ids, and those of the ids of which rows wait."""

    links: Mapping[str, Link]
    pending: frozenset[str]


async def page(reading: Reading, query: AliasesQuery) -> AliasesPage:
    """The aliases of one page."""
    ids = None if query.person is None else await ids_of(reading, query.person)
    found = [Operation(*row) for row in await reading.run(build(query, ids))]
    operations = found[: query.limit]
    force = _in_force(await reading.run(in_force({one.alias_id for one in operations})))
    untold = [one for one in operations if not one.refused and not _holds(one, force)]
    replayed = grow(await _around(reading, untold))
    aliases = [_alias(one, force, replayed) for one in operations]
    cursor = None
    if len(found) > query.limit:
        cursor = cursor_of(Position(*operations[-1][:3]))
    return AliasesPage(aliases=[one for one in aliases if one], next_cursor=cursor)


def build(query: AliasesQuery, ids: Sequence[str] | None) -> Sql:
    """Asks for one more than the page holds, in the columns of Operation; ``ids``: of the person
    whose aliases are asked for."""
    conditions = [IN_SCOPE, "NOT undo"]
    values: dict[str, Any] = {"limit": query.limit + 1}
    if ids is not None:
        conditions.append("(alias_id IN {ids:Array(String)} OR distinct_id IN {ids:Array(String)})")
        values["ids"] = list(ids)
    if query.after is not None:
        conditions.append(
            "(accepted, alias_id, distinct_id) < "
            "({accepted:UInt64}, {alias_id:String}, {distinct_id:String})"
        )
        values |= msgspec.structs.asdict(query.after)
    return Sql(
        "SELECT DISTINCT accepted, alias_id, distinct_id, undo, refused "
        "FROM person_aliases AS sent LEFT JOIN "
        "(SELECT alias_id AS undone_id, max(accepted) AS undone FROM person_aliases "
        f"WHERE {IN_SCOPE} AND undo GROUP BY alias_id) AS undos ON undone_id = alias_id "
        f"WHERE {' AND '.join(conditions)} AND accepted > undone "
        "ORDER BY accepted DESC, alias_id DESC, distinct_id DESC LIMIT {limit:UInt32}",
        values,
    )


def in_force(ids: set[str]) -> Sql:
    """Which of ``ids`` have a parent, since when, and whether rows of theirs wait."""
    moves = f"SELECT id FROM person_moves WHERE {IN_SCOPE} AND id IN {{ids:Array(String)}}"
    return Sql(
        f"SELECT id, parent, since, id IN ({moves}) FROM {LINKED} AND id IN {{ids:Array(String)}}",
        {"ids": sorted(ids)},
    )


async def _around(reading: Reading, operations: Sequence[Operation]) -> set[Operation]:
    """What tells why ``operations`` were refused: all on their ids, and on where these led."""
    known: set[Operation] = set()
    asked: set[str] = set()
    asking = {id_ for one in operations for id_ in (one.alias_id, one.distinct_id)}
    for _ in range(_FAR):
        if not asking:
            break
        rows = await reading.run(
            Sql(
                "SELECT DISTINCT accepted, alias_id, distinct_id, undo, refused "
                f"FROM person_aliases WHERE {IN_SCOPE} AND alias_id IN {{ids:Array(String)}}",
                {"ids": sorted(asking)},
            )
        )
        known |= {Operation(*row) for row in rows}
        asked |= asking
        asking = {one.distinct_id for one in known if not one.undo} - asked
    return known


def _in_force(rows: Sequence[Sequence[Any]]) -> InForce:
    return InForce(
        {id_: Link(parent, since) for id_, parent, since, _ in rows},
        frozenset(row[0] for row in rows if row[3]),
    )


def _holds(one: Operation, force: InForce) -> bool:
    return force.links.get(one.alias_id) == Link(one.distinct_id, one.accepted)


def _alias(one: Operation, force: InForce, replayed: Forest) -> Alias | None:
    """None: it says nothing new."""
    state: State = "rewritten"
    reason = one.refused or None
    if reason is None and not _holds(one, force):
        reason = replayed.refused.get(one)
        # What is in force by now but not yet among the ids has still to be worked on.
        if reason is None and replayed.links.get(one.alias_id) != Link(
            one.distinct_id, one.accepted
        ):
            return None
        state = "pending"
    if reason is not None:
        state = "refused"
    elif one.alias_id in force.pending:
        state = "pending"
    return Alias(one.alias_id, one.distinct_id, rfc3339(one.accepted // 1000), state, reason)
