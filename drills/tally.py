"""What a drill found: what clients were told, held against what is stored."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

from tests.support.load import Request


@dataclass
class Tally:
    """Rows of events, counted over all rounds of a drill. ``answered``: the client was told 200.
    ``lost``: answered, not stored and not set aside. ``doubled``: stored more than once.
    ``refused``: the client was told that they are not stored; ``stored_though``: and they are.
    ``torn``: requests without an answer of which a part is stored. ``wrong``: whatever else is not
    as it must be, for a person."""

    answered: int = 0
    refused: int = 0
    lost: int = 0
    doubled: int = 0
    stored_though: int = 0
    torn: int = 0
    set_aside: int = 0
    wrong: list[str] = field(default_factory=list)
    noted: list[str] = field(default_factory=list)

    def __iadd__(self, other: Self) -> Self:
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)
        return self

    @property
    def passed(self) -> bool:
        faults = (self.lost, self.doubled, self.stored_though, self.torn, len(self.wrong))
        return not any(faults)

    def expect(self, holds: bool, otherwise: str) -> None:
        if not holds:
            self.wrong.append(otherwise)


def count(
    requests: Iterable[Request], stored: Counter[str], set_aside: Counter[str] | None = None
) -> Tally:
    """``set_aside``: tags of rows among the dead letters."""
    aside = set_aside or Counter()
    tally = Tally()
    sent: set[str] = set()
    for request in requests:
        there = [stored[tag] + aside[tag] for tag in request.tags]
        sent.update(request.tags)
        tally.doubled += sum(times > 1 for times in there)
        if request.status == 200:
            tally.answered += len(there)
            tally.lost += there.count(0)
        elif request.status is not None:
            tally.refused += len(there)
            tally.stored_though += len(there) - there.count(0)
        elif 0 < there.count(0) < len(there):
            tally.torn += 1
    tally.set_aside += aside.total()
    strange = stored.keys() - sent
    tally.expect(not strange, f"{len(strange)} rows are stored that nobody sent")
    return tally
