"""The order in which operations were accepted."""

from collections.abc import Callable

Clock = Callable[[], int]
"""Unix time in microseconds."""


class Sequence:
    """Hands out acceptance numbers: unix microseconds, made strictly increasing, so that a clock
    that is set back neither repeats nor reorders them.

    ``floor`` is the last number known to be used by an earlier run; ``last`` the last one used."""

    def __init__(self, clock: Clock, floor: int = 0) -> None:
        self._clock = clock
        self.last = floor

    def take(self, count: int) -> int:
        """The first of ``count`` consecutive numbers."""
        first = self._clock()
        if first <= self.last:
            first = self.last + 1
        self.last = first + count - 1
        return first

    def skip(self, last: int) -> None:
        """Hands out none up to ``last``: another process did."""
        self.last = max(self.last, last)
