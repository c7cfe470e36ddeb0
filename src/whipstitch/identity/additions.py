"""What new aliases add to what is stored, where they are the last to count: nothing of the trees
that they join need be known but how deep they are."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from whipstitch.identity.changes import Resolution
from whipstitch.identity.forest import DEEPEST, Operation


class Raise(NamedTuple):
    """What becomes of a whole tree whose end was given a parent: ``person`` is the new end, so many
    links further away."""

    person: str
    links: int


@dataclass(frozen=True, slots=True)
class Additions:
    """New rows of ``person_ids``, the trees that hung below these ids, by the id, and the aliases
    that were refused as ``loop`` or ``too_deep``, which nothing else tells."""

    resolved: Mapping[str, Resolution]
    raised: Mapping[str, Raise]
    refused: Mapping[Operation, str]


def add(
    known: Mapping[str, Resolution],
    heights: Mapping[str, int],
    aliases: Iterable[Operation],
    deepest: int = DEEPEST,
) -> Additions:
    """What ``grow`` would make of all operations, when ``aliases``, none of them undone, come after
    all others that bear on them.

    ``known`` is what is stored of those of their ids that have a parent; ``heights`` says of the
    other ``alias_id``s how many links the tree below them is deep."""
    said: dict[str, Operation] = {}
    ends: dict[str, Raise] = {}
    refused: dict[Operation, str] = {}
    reach = dict(heights)

    def end_of(id_: str) -> Raise:
        stored = known.get(id_)
        person, links = (stored.person, stored.depth) if stored else (id_, 0)
        while (further := ends.get(person)) is not None:
            person, links = further.person, links + further.links
        return Raise(person, links)

    for one in sorted(aliases):
        alias_id = one.alias_id
        if one.refused or alias_id in known or alias_id in said or alias_id == one.distinct_id:
            continue
        person, links = end_of(one.distinct_id)
        down = links + 1 + reach.get(alias_id, 0)
        if person == alias_id:
            refused[one] = "loop"
        elif down > deepest:
            refused[one] = "too_deep"
        else:
            said[alias_id] = one
            ends[alias_id] = Raise(person, links + 1)
            reach[person] = max(reach.get(person, 0), down)
    raised = {id_: end_of(id_) for id_ in said}
    return Additions(
        {
            id_: Resolution(one.distinct_id, raised[id_].person, one.accepted, raised[id_].links)
            for id_, one in said.items()
        },
        raised,
        refused,
    )
