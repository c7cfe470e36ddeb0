"""What is kept of a batch's operations, and how they are numbered."""

from collections.abc import Iterable, Sequence

import msgspec

from whipstitch.core.reasons import Reason
from whipstitch.ingest.validation.counts import Counts
from whipstitch.ingest.validation.ids import is_garbage
from whipstitch.ingest.validation.payloads import (
    AliasOperation,
    Operation,
    PeopleOperation,
    TrackOperation,
)


class ValidOperations(msgspec.Struct):
    """The operations of a batch that are kept, in the order in which they are queued: aliases,
    people, events (batch page, "Processing order"); ``troubles``: why the others are not."""

    aliases: list[AliasOperation]
    people: list[PeopleOperation]
    events: list[TrackOperation]
    troubles: dict[Reason, int]

    @property
    def tally(self) -> Counts:
        return Counts(len(self.events), len(self.people), len(self.aliases), self.troubles)


class SequenceNumbers(msgspec.Struct):
    """The next acceptance number of each kind; ``received``, unix milliseconds, is the same for
    all."""

    alias: int
    people: int
    event: int
    received: int


def keep(
    operations: Iterable[Operation | None], sizes: Sequence[int] = (), most: int = 0
) -> ValidOperations:
    """Drops what nobody stores: malformed operations (None), operations over ``most`` of the
    ``sizes`` (none: nobody looked), those whose id is empty or garbage (batch page, "Garbage-ID
    filter"), and events without a name."""
    kept = ValidOperations([], [], [], {})
    troubles = kept.troubles
    for number, operation in enumerate(operations):
        if operation is None:
            _count(troubles, Reason.MALFORMED_OPERATION)
        elif sizes and sizes[number] > most:
            _count(troubles, Reason.OPERATION_TOO_LARGE)
        elif is_garbage(operation.payload.distinct_id or ""):
            _count(troubles, Reason.GARBAGE_ID)
        elif isinstance(operation, TrackOperation):
            if operation.payload.event_name:
                kept.events.append(operation)
            else:
                _count(troubles, Reason.EMPTY_EVENT_NAME)
        elif isinstance(operation, PeopleOperation):
            kept.people.append(operation)
        elif is_garbage(operation.payload.alias_id or ""):
            _count(troubles, Reason.GARBAGE_ID)
        else:
            kept.aliases.append(operation)
    return kept


def _count(troubles: dict[Reason, int], reason: Reason) -> None:
    troubles[reason] = troubles.get(reason, 0) + 1
