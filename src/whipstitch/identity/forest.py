"""The alias forest."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple


class Operation(NamedTuple):
    """One row of ``person_aliases`` within one scope."""

    accepted: int
    alias_id: str
    distinct_id: str
    undo: bool = False
    refused: str = ""


class Link(NamedTuple):
    parent: str
    since: int


@dataclass(frozen=True)
class Forest:
    links: Mapping[str, Link]
    refused: Mapping[Operation, str]

    def person(self, id_: str) -> str:
        while (link := self.links.get(id_)) is not None:
            id_ = link.parent
        return id_


def grow(operations: Iterable[Operation]) -> Forest:
    links: dict[str, Link] = {}
    refused: dict[Operation, str] = {}
    forest = Forest(links, refused)
    for one in sorted(set(operations)):
        if one.undo:
            links.pop(one.alias_id, None)
        elif one.refused:
            refused[one] = one.refused
        elif one.alias_id == one.distinct_id:
            refused[one] = "self"
        elif one.alias_id in links:
            if links[one.alias_id].parent != one.distinct_id:
                refused[one] = "second_parent"
        elif forest.person(one.distinct_id) == one.alias_id:
            refused[one] = "loop"
        else:
            links[one.alias_id] = Link(one.distinct_id, one.accepted)
    return forest
