"""What follows from operations."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from whipstitch.identity.forest import Forest


class Resolution(NamedTuple):
    parent: str
    person: str
    since: int


class Move(NamedTuple):
    stands_in: Literal["distinct_id", "anon_id"]
    id: str
    person: str


@dataclass(frozen=True)
class Changes:
    resolved: Mapping[str, Resolution]
    dropped: frozenset[str]
    moves: list[Move]


def changes(
    before: Mapping[str, Resolution], forest: Forest, waiting: Collection[str]
) -> Changes:
    ids = set(before) | set(forest.links) | {link.parent for link in forest.links.values()}
    resolved = {}
    moves = []
    for id_ in sorted(ids):
        was = before[id_].person if id_ in before else id_
        now = forest.person(id_)
        link = forest.links.get(id_)
        if link is not None:
            found = Resolution(link.parent, now, link.since)
            if before.get(id_) != found:
                resolved[id_] = found
        if was != now:
            moves.append(Move("distinct_id", id_, now))
            if forest.person(was) != now or id_ in waiting:
                moves.append(Move("anon_id", id_, now))
    dropped = frozenset(id_ for id_ in before if id_ not in forest.links)
    return Changes(resolved, dropped, moves)
