"""What is to be stored when operations arrive: how ids resolve now, and whose their rows are.

Rows that came in under an id say one of its ancestors, whichever was the end of its chain when they
were stored, or the id itself. While a chain only grows, a move for each ancestor is enough
(``distinct_id``). Where a link of the chain is gone, an ancestor's rows are no longer all one
person's, and the rows of this id are to be told from them by the id that was sent (``anon_id``).
That holds even where the person stays the same: the ancestor may go another way later."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from whipstitch.identity.forest import Forest, Link


class Resolution(NamedTuple):
    """A row of ``person_ids``: the parent of an id, the end of its chain, the acceptance of the
    alias in force in unix microseconds, and how many links lie between the id and the end; 0 where
    that was not stored yet."""

    parent: str
    person: str
    since: int
    depth: int


class Move(NamedTuple):
    """A row of ``person_moves``: events with ``id`` in the column ``stands_in`` are ``person``'s.
    It replaces an earlier one for the same id in the same column; for one event ``anon_id`` goes
    before ``distinct_id``."""

    stands_in: Literal["distinct_id", "anon_id"]
    id: str
    person: str


@dataclass(frozen=True, slots=True)
class Changes:
    """New rows of ``person_ids``, ids that lost theirs, and what moves."""

    resolved: Mapping[str, Resolution]
    dropped: frozenset[str]
    moves: list[Move]


def changes(before: Mapping[str, Resolution], forest: Forest, waiting: Collection[str]) -> Changes:
    """What turns the stored state into that of ``forest``.

    ``before`` is what is stored of every id that ``forest`` was grown from; one that is not there
    was its own person. ``forest`` is grown from everything that bears on these ids. ``waiting`` are
    ids with a move by ``anon_id`` that is not settled: it would hide one by ``distinct_id``."""
    left = Forest(_kept(before, forest.links))
    resolved: dict[str, Resolution] = {}
    moves: list[Move] = []
    for id_ in dict.fromkeys((*before, *forest.links)):
        stored = before.get(id_)
        was = stored.person if stored else id_
        now = forest.person(id_)
        link = forest.links.get(id_)
        if link is not None:
            fresh = Resolution(link.parent, now, link.since, forest.depth(id_))
            if stored != fresh:
                resolved[id_] = fresh
        torn = left.person(id_) != was
        if now != was:
            moves.append(Move("distinct_id", id_, now))
        if torn or (now != was and id_ in waiting):
            moves.append(Move("anon_id", id_, now))
    return Changes(resolved, frozenset(before.keys() - forest.links.keys()), moves)


def _kept(before: Mapping[str, Resolution], links: Mapping[str, Link]) -> dict[str, Link]:
    """The links that were there and still are."""
    return {
        id_: links[id_]
        for id_, stored in before.items()
        if id_ in links and links[id_].parent == stored.parent
    }
