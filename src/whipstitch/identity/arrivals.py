"""Operations as they arrive, and which of them say something that is not known yet."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import NamedTuple

from whipstitch.identity.forest import Operation
from whipstitch.projects import Scope


class Arrival(NamedTuple):
    """An operation as it arrives: in its scope, with the client's time in unix milliseconds."""

    scope: Scope
    operation: Operation
    timestamp: int


def without_repeats(
    known: Collection[Operation], arriving: Iterable[Operation], linked: Collection[str]
) -> set[Operation]:
    """Those of ``arriving`` that are not in ``known`` and may say something new.

    ``known`` holds every operation on the ids that arrive, ``linked`` those of the ids that have a
    parent. An alias says nothing new where the same was said before and no undo of its id lies
    between. Not so where its id has no parent: it was refused then as one that closes a loop, and
    the loop may be gone."""
    operations = {*known, *arriving}
    undone: dict[str, list[int]] = defaultdict(list)
    for one in operations:
        if one.undo:
            undone[one.alias_id].append(one.accepted)
    earliest: dict[tuple[str, str, str, int], int] = {}
    new = set()
    for one in sorted(operations):
        round_ = sum(at < one.accepted for at in undone.get(one.alias_id, ()))
        says = (one.alias_id, one.distinct_id, one.refused, round_)
        first = earliest.setdefault(says, one.accepted) == one.accepted
        if first or one.undo or not (one.refused or one.alias_id in linked):
            new.add(one)
    return new - set(known)
