"""The ids that lead to a person: which came by which alias, and whose rows wait to be rewritten."""

from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple

import msgspec

from whipstitch.analytics.events.pages import rfc3339
from whipstitch.analytics.people.person_lookup import PEOPLE
from whipstitch.identity.person_map import LINKED
from whipstitch.warehouse.sql import IN_SCOPE, Sql

State = Literal["pending", "rewritten"]

_DEEPEST: Final = 100
"""Readers of JSON stop at some depth: from here on ids stand beside those they lead to."""


class LinkedAlias(msgspec.Struct):
    """An id of a person, and the ids that lead to it. ``via``: what its alias came by, ``client``:
    whose software said it; null where it is not known."""

    alias_id: str
    created_at: str
    state: State
    via: str | None
    client: str | None
    aliases: list["LinkedAlias"]


class AliasLink(NamedTuple):
    """To a parent; ``since``: when the alias in force was received, in unix milliseconds; blank
    where it is not known: by what it came, and whose client said it."""

    parent: str
    since: int
    via: str = ""
    client: str = ""


@dataclass(frozen=True, slots=True)
class Links:
    """The other ids of one person, in the order of their aliases, and those of them of which rows
    wait."""

    parents: dict[str, AliasLink] = field(default_factory=dict)
    pending: set[str] = field(default_factory=set)


NO_LINKS: Final = Links()


def of(people: Sequence[str]) -> Sql:
    """The links of ``people``."""
    moves = f"SELECT id FROM person_moves WHERE {IN_SCOPE} AND person IN ({PEOPLE})"
    linked = f"FROM {LINKED} AND person IN ({PEOPLE})"
    said = (
        "SELECT alias_id, accepted, min(received) AS received, any(via) AS via, "
        "any(client) AS client FROM person_aliases "
        f"WHERE {IN_SCOPE} AND alias_id IN (SELECT id {linked}) GROUP BY alias_id, accepted"
    )
    return Sql(
        "SELECT person, id, parent, if(said.accepted = 0, intDiv(since, 1000), "
        f"toUnixTimestamp64Milli(said.received)), id IN ({moves}), said.via, said.client "
        f"FROM (SELECT person, id, parent, since {linked}) AS linked LEFT JOIN ({said}) AS said "
        "ON said.alias_id = linked.id AND said.accepted = linked.since ORDER BY since, id",
        {"people": list(people)},
    )


def shape(rows: Sequence[Sequence[Any]]) -> dict[str, Links]:
    """The links of each person who has some."""
    people: dict[str, Links] = defaultdict(Links)
    for person, id_, parent, since, pending, via, client in rows:
        links = people[person]
        links.parents[id_] = AliasLink(parent, since, via, client)
        if pending:
            links.pending.add(id_)
    return dict(people)


def tree(person: str, links: Links) -> list[LinkedAlias]:
    """The other ids of ``person``, each with those that lead to it."""
    below: dict[str, list[str]] = defaultdict(list)
    for id_, link in links.parents.items():
        below[link.parent].append(id_)
    top: list[LinkedAlias] = []
    waiting = deque([(person, top, 1)])
    while waiting:
        parent, beside, depth = waiting.popleft()
        for id_ in below[parent]:
            link = links.parents[id_]
            alias = LinkedAlias(
                id_,
                rfc3339(link.since),
                "pending" if id_ in links.pending else "rewritten",
                link.via or None,
                link.client or None,
                [],
            )
            beside.append(alias)
            waiting.append((id_, alias.aliases if depth < _DEEPEST else beside, depth + 1))
    return top
