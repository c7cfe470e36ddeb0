"""Aliases as an operator sees them, newest first: in force, waiting for the rewrite, refused
(interfaces, "Query API": ``GET /api/v1/aliases``).

What an undo took back is not listed, nor what only repeats an alias that was in force. What was
refused is, whatever was undone since. Undos part what was said of an id into rounds: in each the
first alias that is not refused by itself or by the trees of its moment is the one that holds, and
others are second parents."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

import msgspec

from whipstitch.analytics.events.pages import Count, cursor_of, rfc3339
from whipstitch.analytics.people.person_lookup import ids_of
from whipstitch.analytics.session import QuerySession
from whipstitch.identity.person_map import LINKED
from whipstitch.warehouse.sql import IN_SCOPE, Sql

State = Literal["pending", "rewritten", "refused"]

_UNDOS: Final = (
    "SELECT alias_id, groupArray(DISTINCT accepted) AS undos FROM person_aliases "
    f"WHERE {IN_SCOPE} AND undo GROUP BY alias_id"
)
"""Of each id when it was undone: operators undo, so that these are few."""


class AliasPosition(msgspec.Struct, frozen=True, array_like=True):
    """A place in the order of aliases: unix microseconds of acceptance, the two ids."""

    accepted: Count
    alias_id: str
    distinct_id: str


@dataclass(frozen=True, slots=True)
class AliasesQuery:
    """One page of aliases. ``person``: those from and to any id of this person (a distinct id, see
    ``person_of``); ``after``: the last of the page before; ``only``: those from one id to another
    one."""

    limit: int
    person: str | None = None
    after: AliasPosition | None = None
    only: tuple[str, str] | None = None


class ListedAlias(msgspec.Struct):
    """An alias as it was sent, and what became of it; ``reason`` is why it was refused. ``via``:
    what it came by, ``client``: whose software said it; null where it is not known."""

    alias_id: str
    distinct_id: str
    created_at: str
    state: State
    reason: str | None
    via: str | None
    client: str | None


class AliasesPage(msgspec.Struct, kw_only=True):
    ok: bool = True
    aliases: list[ListedAlias]
    next_cursor: str | None


class Said(NamedTuple):
    """An alias as it was sent. ``reason``: why it was refused, where it was not as a second parent;
    ``received`` in unix milliseconds; ``round``: how many undos of its id came before."""

    accepted: int
    alias_id: str
    distinct_id: str
    reason: str
    received: int
    via: str
    client: str
    round: int


class First(NamedTuple):
    """The alias that holds in a round of its id: the last round, if nothing undid it since.
    ``pending``: rows of the id wait."""

    accepted: int
    distinct_id: str
    last: bool
    linked: bool
    pending: bool


async def page(reading: QuerySession, query: AliasesQuery) -> AliasesPage:
    """The aliases of one page."""
    ids = None if query.person is None else await ids_of(reading, query.person)
    found = [Said(*row) for row in await reading.run(build(query, ids))]
    said = found[: query.limit]
    firsts = _by_round(await reading.run(first_of_rounds({one.alias_id for one in said})))
    aliases = [_alias(one, firsts.get((one.alias_id, one.round))) for one in said]
    cursor = None
    if len(found) > query.limit:
        cursor = cursor_of(AliasPosition(*said[-1][:3]))
    return AliasesPage(aliases=[one for one in aliases if one], next_cursor=cursor)


async def said(reading: QuerySession, alias_id: str, distinct_id: str) -> ListedAlias | None:
    """The newest alias from one id to another, as lists have it."""
    query = AliasesQuery(1, only=(alias_id, distinct_id))
    listed = (await page(reading, query)).aliases
    return listed[0] if listed else None


def build(query: AliasesQuery, ids: Sequence[str] | None) -> Sql:
    """Asks for one more than the page holds, in the columns of Said; ``ids``: of the person whose
    aliases are asked for."""
    conditions = [IN_SCOPE, "NOT undo"]
    values: dict[str, Any] = {"limit": query.limit + 1}
    if ids is not None:
        conditions.append("(alias_id IN {ids:Array(String)} OR distinct_id IN {ids:Array(String)})")
        values["ids"] = list(ids)
    if query.only is not None:
        conditions.append("alias_id = {from:String} AND distinct_id = {to:String}")
        values |= dict(zip(("from", "to"), query.only, strict=True))
    if query.after is not None:
        conditions.append(
            "(accepted, alias_id, distinct_id) < "
            "({accepted:UInt64}, {alias_id:String}, {distinct_id:String})"
        )
        values |= msgspec.structs.asdict(query.after)
    return Sql(
        "SELECT accepted, alias_id, distinct_id, reason, toUnixTimestamp64Milli(said_at), "
        "via, client, "
        "arrayCount(undone -> undone < accepted, undos) "
        "FROM (SELECT accepted, alias_id, distinct_id, "
        "any(refused) || argMax(verdict, version) AS reason, min(received) AS said_at, "
        "any(person_aliases.via) AS via, any(person_aliases.client) AS client "
        "FROM person_aliases "
        f"WHERE {' AND '.join(conditions)} GROUP BY accepted, alias_id, distinct_id "
        "ORDER BY accepted DESC, alias_id DESC, distinct_id DESC LIMIT {limit:UInt32}) AS sent "
        f"LEFT JOIN ({_UNDOS}) AS undone USING (alias_id) "
        "ORDER BY accepted DESC, alias_id DESC, distinct_id DESC",
        values,
    )


def first_of_rounds(ids: set[str]) -> Sql:
    """Of each of ``ids``, by its rounds, the first alias that is not refused for itself."""
    these = "IN {ids:Array(String)}"
    moves = f"SELECT id FROM person_moves WHERE {IN_SCOPE} AND id {these}"
    return Sql(
        "SELECT alias_id, arrayCount(undone -> undone < accepted, undos) AS round, "
        "min((accepted, distinct_id)) AS first, round = length(any(undos)), "
        "any(parent) = first.2 AND any(since) = first.1, any(waits) "
        "FROM (SELECT accepted, alias_id, distinct_id, argMax(verdict, version) AS verdict "
        f"FROM person_aliases WHERE {IN_SCOPE} AND NOT undo AND refused = '' AND alias_id {these} "
        "GROUP BY accepted, alias_id, distinct_id) AS sent "
        f"LEFT JOIN ({_UNDOS}) AS undone USING (alias_id) "
        f"LEFT JOIN (SELECT id, parent, since, id IN ({moves}) AS waits FROM {LINKED} "
        f"AND id {these}) AS linked ON linked.id = alias_id "
        "WHERE verdict = '' GROUP BY alias_id, round",
        {"ids": sorted(ids)},
    )


def _by_round(rows: Sequence[Sequence[Any]]) -> dict[tuple[str, int], First]:
    return {
        (alias_id, round_): First(first[0], first[1], bool(last), bool(linked), bool(waits))
        for alias_id, round_, first, last, linked, waits in rows
    }


def _alias(one: Said, first: First | None) -> ListedAlias | None:
    """None: it says nothing new, or was undone."""
    reason = one.reason or None
    state: State = "refused"
    if reason is None and first is not None:
        if one.distinct_id != first.distinct_id:
            reason = "second_parent"
        elif one.accepted != first.accepted or not first.last:
            return None
        else:
            # What is in force by now but not yet among the ids has still to be worked on.
            state = "rewritten" if first.linked and not first.pending else "pending"
    return ListedAlias(
        one.alias_id,
        one.distinct_id,
        rfc3339(one.received),
        state,
        reason,
        one.via or None,
        one.client or None,
    )
