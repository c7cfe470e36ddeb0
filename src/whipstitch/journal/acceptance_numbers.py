"""The acceptance numbers of a journal: rows and segments are numbered by them, and the last one is
written down, so that no later run repeats them."""

from pathlib import Path
from typing import Final

import structlog

from whipstitch.core.sequence import Clock, Sequence

log = structlog.get_logger(__name__)

LAST_NUMBER: Final = "last-number"
MUCH_AHEAD: Final = 120.0
"""Seconds by which numbers of acceptance may be ahead of the clock without a word."""


class AcceptanceNumbers:
    """Those of the journal in ``directory``; ``last`` is the highest one that an earlier run
    used."""

    def __init__(self, directory: Path, clock: Clock, last: int) -> None:
        self._directory = directory
        self._clock = clock
        self.sequence = Sequence(clock, last)
        if self.much_ahead:
            log.warning("journal_clock_was_ahead", seconds=round(self.sequence.ahead))

    def of_new_segment(self) -> int:
        """Names later segments after earlier ones, also when the clock was set back."""
        return max(self._clock(), self.sequence.last)

    @property
    def much_ahead(self) -> bool:
        """Whether an operator is to be told of it."""
        return self.sequence.ahead >= MUCH_AHEAD

    def write_down(self) -> None:
        """So that a clock that was set back between two runs does not repeat numbers."""
        target = self._directory / LAST_NUMBER
        fresh = target.with_suffix(".new")
        try:
            fresh.write_text(str(self.sequence.last))
            fresh.replace(target)
        except OSError:
            log.warning("journal_number_not_remembered")


def remembered_number(directory: Path) -> int:
    """The last acceptance number, as far as the journal in ``directory`` wrote it down; else 0."""
    try:
        number = int((directory / LAST_NUMBER).read_text()[:20])
    except (OSError, ValueError):
        return 0
    return number if 0 <= number < 2**63 else 0


def said_ahead(seconds: float) -> str:
    """For a person: the numbers of acceptance are ahead of the clock."""
    return (
        f"The clock was {seconds / 60:,.0f} minutes ahead once, or is behind now. What was "
        "received then without a time of its own stands in the future, traits among it."
    )
