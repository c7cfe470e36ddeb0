"""The alias forest of one scope: each id has at most one parent, and the end of its chain is the
person (contract README, "Identity")."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Final, NamedTuple

DEEPEST: Final = 100
"""How many links may lie between an id and its person."""


class Operation(NamedTuple):
    """One row of ``person_aliases``: an alias, or the undo of one (then ``distinct_id`` is blank).

    ``accepted`` is in unix microseconds. ``refused`` is what admission refused it for: ``self``,
    ``placeholder``, or blank."""

    accepted: int
    alias_id: str
    distinct_id: str
    undo: bool = False
    refused: str = ""


class Link(NamedTuple):
    """To a parent, ``since`` the acceptance of the alias in force, in unix microseconds."""

    parent: str
    since: int


class Branch(NamedTuple):
    """An id in a person's tree, with those that were aliased to it."""

    id: str
    since: int
    branches: list["Branch"]


@dataclass(frozen=True, slots=True)
class Forest:
    """The links in force, and the aliases that change nothing, each with the reason: ``self``,
    ``placeholder``, ``second_parent``, ``loop`` or ``too_deep``. One that only repeats the alias in
    force is neither."""

    links: Mapping[str, Link]
    refused: Mapping[Operation, str] = field(default_factory=dict)
    _ahead: dict[str, str] = field(default_factory=dict, init=False, repr=False, compare=False)
    """Ids that were asked for, and how far their chains were followed."""

    def person(self, id_: str) -> str:
        """The end of the chain; ``id_`` itself where it has no parent."""
        passed = []
        while (link := self.links.get(id_)) is not None:
            passed.append(id_)
            id_ = self._ahead.get(id_, link.parent)
        # The last of them is next to the end.
        for one in passed[:-1]:
            self._ahead[one] = id_
        return id_

    def depth(self, id_: str) -> int:
        """How many links lie between an id and its person."""
        links = 0
        while (link := self.links.get(id_)) is not None:
            id_ = link.parent
            links += 1
        return links


# Of equal times the undo is the last: it takes away all that was accepted up to its own.
_ORDER: Final = itemgetter(0, 1, 3, 2, 4)  # accepted, alias_id, undo, distinct_id, refused


def grow(operations: Iterable[Operation], deepest: int = DEEPEST) -> Forest:
    """Replays operations, in the order of their acceptance whatever order they come in; one that
    comes twice counts once.

    The first alias of an id wins. An undo takes its link away, with all that was accepted for the
    id before: what was refused stays refused, and the next alias of the id is again the first. No
    id is further than ``deepest`` links from its person."""
    links: dict[str, Link] = {}
    refused: dict[Operation, str] = {}
    heights = _Heights(links)
    for one in sorted(set(operations), key=_ORDER):
        accepted, alias_id, distinct_id, undo, reason = one
        if undo:
            if alias_id in links:
                heights.cut(alias_id)
                del links[alias_id]
            continue
        link = links.get(alias_id)
        if reason:
            refused[one] = reason
        elif alias_id == distinct_id:
            refused[one] = "self"
        elif link is not None:
            if link.parent != distinct_id:
                refused[one] = "second_parent"
        else:
            end, depth = distinct_id, 1
            while (above := links.get(end)) is not None:
                end, depth = above.parent, depth + 1
            if end == alias_id:
                refused[one] = "loop"
            elif depth + heights.of(alias_id) > deepest:
                refused[one] = "too_deep"
            else:
                links[alias_id] = Link(distinct_id, accepted)
                heights.join(alias_id)
    return Forest(links, refused)


class _Heights:
    """How far down the trees reach that hang below ids, kept up while links come and go."""

    def __init__(self, links: Mapping[str, Link]) -> None:
        self._links = links
        self._reaches: dict[str, Counter[int]] = {}
        """Of each id with branches, how many of these reach how far down."""

    def of(self, id_: str) -> int:
        return max(self._reaches.get(id_, (0,)))

    def join(self, id_: str) -> None:
        """``id_`` has a link from now on."""
        self._change(id_, 0, self.of(id_) + 1)

    def cut(self, id_: str) -> None:
        """The link of ``id_`` is about to go."""
        self._change(id_, self.of(id_) + 1, 0)

    def _change(self, id_: str, before: int, after: int) -> None:
        """The branch of ``id_`` reaches ``after`` links down from its parent instead of ``before``;
        0: there is none."""
        while before != after and (link := self._links.get(id_)) is not None:
            id_ = link.parent
            height = self.of(id_)
            reaches = self._reaches.setdefault(id_, Counter())
            if after:
                reaches[after] += 1
            if before:
                reaches[before] -= 1
                if not reaches[before]:
                    del reaches[before]
            if not reaches:
                del self._reaches[id_]
            before, after = height + 1, self.of(id_) + 1


def tree(person: str, links: Mapping[str, Link]) -> list[Branch]:
    """The ids that lead to ``person``, as a tree, in the order in which they came. ``links`` may
    hold others, too."""
    below: dict[str, list[Branch]] = defaultdict(list)
    for id_, link in sorted(links.items(), key=lambda item: (item[1].since, item[0])):
        below[link.parent].append(Branch(id_, link.since, below[id_]))
    return below[person]
