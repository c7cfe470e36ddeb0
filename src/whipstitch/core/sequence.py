"""The order in which operations were accepted."""

from collections.abc import Callable

Clock = Callable[[], int]
"""Unix time in microseconds."""


class Sequence:
    """Hands out acceptance numbers: unix microseconds, made strictly increasing, so that a clock
    that is set back neither repeats nor reorders them. They tell an order. When something was
    received ``now`` tells: numbers stay ahead of the clock where that was ahead once.

    ``floor`` is the last number known to be used by an earlier run; ``last`` the last one used;
    ``now`` what the clock said when that was taken."""

    def __init__(self, clock: Clock, floor: int = 0) -> None:
        self._clock = clock
        self.last = floor
        self.now = 0

    def take(self, count: int) -> int:
        """The first of ``count`` consecutive numbers."""
        self.now = first = self._clock()
        if first <= self.last:
            first = self.last + 1
        self.last = first + count - 1
        return first

    @property
    def ahead(self) -> float:
        """Seconds by which numbers are ahead of the clock."""
        return max(0.0, (self.last - self._clock()) / 1_000_000)

    def skip(self, last: int) -> None:
        """Hands out none up to ``last``: another process did."""
        self.last = max(self.last, last)
