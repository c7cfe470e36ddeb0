"""What arrives: who rows name, which operations, and which of these say something that is not known
yet."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from whipstitch.core.projects import Scope, Somebody
from whipstitch.identity.forest import Operation
from whipstitch.journal.rows import Row


class Arrival(NamedTuple):
    """An operation as it arrives: in its scope, with the client's time and that of receipt, both
    in unix milliseconds; ``via`` what it came, and whose ``client`` said it."""

    scope: Scope
    operation: Operation
    timestamp: int
    received: int
    via: str = ""
    client: str = ""


@dataclass(frozen=True, slots=True)
class Named:
    """Who rows name: ``ids`` of events and traits, and ``aliases`` as they are. ``since``: no event
    or trait among them was accepted earlier, in unix microseconds."""

    ids: Mapping[Scope, set[str]]
    aliases: Mapping[Scope, Sequence[Row]]
    since: int


@dataclass(frozen=True, slots=True)
class RowCorrections:
    """What is known of the ids that rows name and the rows do not say. ``persons`` are those of ids
    that came to be another's: such an event is stored as that person's. ``erased``: of these ids
    nothing that was accepted up to then is stored."""

    persons: Mapping[Somebody, str] = field(default_factory=dict)
    erased: Mapping[Somebody, int] = field(default_factory=dict)


NO_CORRECTIONS: Final = RowCorrections()


def arrivals(scope: Scope, aliases: Iterable[Row]) -> list[Arrival]:
    """What such rows of a scope say."""
    return [
        Arrival(
            scope,
            Operation(row.accepted, row.alias_id, row.distinct_id, refused=row.refused),
            int(bytes(row.timestamp)),
            # Rows of earlier versions do not say it.
            row.received or row.accepted // 1000,
            row.via,
            row.client,
        )
        for row in aliases
    ]


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
