"""The alias forest of one scope: each id has at most one parent, and the end of its chain is the
person (contract README, "Identity")."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Final, NamedTuple


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
    ``placeholder``, ``second_parent`` or ``loop``. One that only repeats the alias in force is
    neither."""

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


# Of equal times the undo is the last: it takes away all that was accepted up to its own.
_ORDER: Final = itemgetter(0, 1, 3, 2, 4)  # accepted, alias_id, undo, distinct_id, refused


def grow(operations: Iterable[Operation]) -> Forest:
    """Replays operations, in the order of their acceptance whatever order they come in; one that
    comes twice counts once.

    The first alias of an id wins. An undo takes its link away, with all that was accepted for the
    id before: what was refused stays refused, and the next alias of the id is again the first."""
    links: dict[str, Link] = {}
    refused: dict[Operation, str] = {}
    forest = Forest(links, refused)
    shortcuts = forest._ahead
    parents: set[str] = set()  # also former ones: only such an id can close a loop
    for one in sorted(set(operations), key=_ORDER):
        accepted, alias_id, distinct_id, undo, reason = one
        if undo:
            if links.pop(alias_id, None) is not None:
                if alias_id in parents:  # else nobody's shortcut but its own leads past it
                    shortcuts.clear()
                shortcuts.pop(alias_id, None)
            continue
        link = links.get(alias_id)
        if reason:
            refused[one] = reason
        elif alias_id == distinct_id:
            refused[one] = "self"
        elif link is not None:
            if link.parent != distinct_id:
                refused[one] = "second_parent"
        elif alias_id in parents and forest.person(distinct_id) == alias_id:
            refused[one] = "loop"
        else:
            links[alias_id] = Link(distinct_id, accepted)
            parents.add(distinct_id)
    return forest


def tree(person: str, links: Mapping[str, Link]) -> list[Branch]:
    """The ids that lead to ``person``, as a tree, in the order in which they came. ``links`` may
    hold others, too."""
    below: dict[str, list[Branch]] = defaultdict(list)
    for id_, link in sorted(links.items(), key=lambda item: (item[1].since, item[0])):
        below[link.parent].append(Branch(id_, link.since, below[id_]))
    return below[person]
