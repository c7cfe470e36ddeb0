"""What became of the operations of one request, in numbers."""

from collections.abc import Mapping

import msgspec

from whipstitch.core.reasons import Reason


class Counts(msgspec.Struct, frozen=True):
    """Accepted operations by kind; ``troubles``: operations dropped, and remarks about those that
    were kept, by reason. Most requests have none."""

    events: int = 0
    people: int = 0
    aliases: int = 0
    troubles: Mapping[Reason, int] = msgspec.field(default_factory=dict)

    @property
    def accepted(self) -> int:
        return self.events + self.people + self.aliases

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.events + other.events,
            self.people + other.people,
            self.aliases + other.aliases,
            _sum(self.troubles, other.troubles),
        )

    def with_troubles(self, more: Mapping[Reason, int]) -> "Counts":
        """The same counts with ``more`` troubles; itself where those are none."""
        if not more:
            return self
        return msgspec.structs.replace(self, troubles=_sum(self.troubles, more))


def _sum(some: Mapping[Reason, int], more: Mapping[Reason, int]) -> Mapping[Reason, int]:
    if not some or not more:
        return some or more
    return {reason: some.get(reason, 0) + more.get(reason, 0) for reason in {**some, **more}}


class Remarks:
    """Collects what is to be said of the operations at hand, besides that they are kept."""

    def __init__(self) -> None:
        self.found: dict[Reason, int] = {}

    def note(self, reason: Reason) -> None:
        self.found[reason] = self.found.get(reason, 0) + 1

    def take(self) -> Mapping[Reason, int]:
        """What was noted since the last call."""
        found, self.found = self.found, {}
        return found
