"""How many requests a key may send in a minute (contract README, "Order of checks")."""

from typing import Final, NamedTuple

WINDOW_SECONDS: Final = 60
_MOST_CALLERS = 100_000


def seconds_left(now: float) -> int:
    """Whole seconds from ``now`` (unix seconds) to the next window, at least one."""
    return WINDOW_SECONDS - int(now) % WINDOW_SECONDS


class RateShare(NamedTuple):
    """What one node of several may let in: the parts of all of them add up to the limit.
    ``number`` of ``nodes`` tells it apart from the others, from 0."""

    number: int = 0
    nodes: int = 1

    def of(self, limit: int) -> int:
        """This node's part of ``limit`` requests."""
        whole, over = divmod(limit, self.nodes)
        return whole + (self.number < over)


class RateLimiter:
    """Counts requests in fixed minute windows. A caller is an ``x-api-key`` value, or a client's
    address where none is sent.

    Made-up keys must not fill the memory: past a bound, callers not yet seen in this window share
    one count, or (``lenient``) are not counted."""

    def __init__(self, *, lenient: bool = False) -> None:
        self.share = RateShare()
        """May be set from any thread."""
        self._lenient = lenient
        self._window = -1
        self._counts: dict[str, int] = {}

    def allow(self, caller: str, limit: int, now: float) -> bool:
        """Counts one request at ``now`` (unix seconds). False: over our share of ``limit``
        (0: none)."""
        if limit == 0:
            return True
        if self.share.nodes > 1:
            limit = self.share.of(limit)
        window = int(now // WINDOW_SECONDS)
        if window != self._window:
            self._window = window
            self._counts.clear()
        counts = self._counts
        count = counts.get(caller)
        if count is None and len(counts) >= _MOST_CALLERS:
            if self._lenient:
                return True
            caller = ""
            count = counts.get(caller)
        count = (count or 0) + 1
        counts[caller] = count
        return count <= limit
