"""When ClickHouse refuses nearly everything, the rows are not at fault: setting them all aside
would empty the journal into the dead letters."""

from typing import Final

MOST_REFUSED: Final = 1_000
"""Rows, where nobody says another number."""
REFUSING: Final = (
    "ClickHouse refuses nearly all rows, so they wait in the journal and are not set aside. The "
    "log (segment_refused) says why. Once that is mended, loading goes on by itself; with "
    "dead_letter_limit = 0 they are set aside."
)
_MOST_SHARE: Final = 0.9
_REMEMBERED: Final = 4
"""Times the limit: older rows count less and less."""
_SAMPLE: Final = 20
"""Refused rows of a segment, once the limit is reached, that are enough to see that nothing has
changed."""


class RefusalLimit:
    """Counts rows that are stored and rows that are refused. ``most``: so many refused ones are too
    many, where nine tenths of the rows lately were; 0: there is no limit."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._stored = 0.0
        self._refused = 0.0
        self.reached = False

    def count(self, stored: int, refused: int) -> None:
        """Of a segment that is done with."""
        if self.reached and not _is_most(stored, refused):
            self.reached = False
            self._stored = self._refused = 0.0
        self._stored += stored
        self._refused += refused
        total = self._stored + self._refused
        if total > self._most * _REMEMBERED:
            share = self._most * _REMEMBERED / total
            self._stored *= share
            self._refused *= share

    def is_passed(self, stored: int, refused: int, *, all_: bool) -> bool:
        """Whether what was refused of one segment is too much. ``all_``: these are all its rows."""
        if not self._most or not refused:
            return False
        if self.reached:
            return (all_ or refused >= _SAMPLE) and _is_most(stored, refused)
        self.reached = self._refused + refused >= self._most and _is_most(
            self._stored + stored, self._refused + refused
        )
        return self.reached


def _is_most(stored: float, refused: float) -> bool:
    return refused > 0 and refused >= _MOST_SHARE * (stored + refused)
