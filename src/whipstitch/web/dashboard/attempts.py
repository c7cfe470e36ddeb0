"""How often somebody tries to sign in, and how long the next attempt has to wait for that."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, TypeVar

from whipstitch.core.errors import WhipstitchError

K = TypeVar("K")
V = TypeVar("V")
_FREE: Final = 10
"""Wrong passwords of one source for one account that cost nothing."""
_LONGEST: Final = 60.0
"""The longest wait after a wrong password, in seconds; the first is one, each further twice as
long as the one before."""
_SPACING: Final = 2.0
"""Seconds for each wrong password of one source, for whatever account, once there were many."""
_MANY: Final = 30
_FORGOTTEN: Final = 900.0
"""Seconds without a wrong password after which those before it do not count."""
_PATIENCE: Final = 5.0
"""Who has to wait no longer than so many seconds is answered after that, and not refused."""
_MOST: Final = 10_000
"""Sources, and sources with accounts, that are remembered; of more, the latest."""


class TooManyAttempts(WhipstitchError):
    """Somebody guesses passwords; the same may be tried in ``seconds``."""

    def __init__(self, seconds: float) -> None:
        self.seconds = max(1, math.ceil(seconds))
        unit = "second" if self.seconds == 1 else "seconds"
        super().__init__(f"Too many attempts. Wait {self.seconds} {unit}, then try again.")


class _Guesses:
    """Of one source for one account. ``free_at``: when the next may be looked at."""

    __slots__ = ("count", "free_at", "last")

    def __init__(self) -> None:
        self.count = 0
        self.free_at = self.last = 0.0


class Attempts:
    """A source is an address (of IPv6 its network), or a device that signed in before: guesses from
    one are no reason to keep another out. Each attempt counts as wrong until it is known to be
    right, or many at once would pass. Bounded in memory; what is forgotten there may be tried
    again, so that a flood of made-up sources keeps nobody else out."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._guesses: OrderedDict[tuple[str, str], _Guesses] = OrderedDict()
        # When a source that had used up nothing would have used up as much as this one has.
        self._used: OrderedDict[str, float] = OrderedDict()

    def begin(self, source: str, account: str) -> float:
        """Counts one. The seconds that it has to wait.

        Raises:
            TooManyAttempts: too long; it does not count.
        """
        now = self._clock()
        guesses = self._guesses.get((source, account))
        if guesses is None or now - guesses.last > _FORGOTTEN:
            guesses = _Guesses()
        used = max(self._used.get(source, now), now)
        wait = max(guesses.free_at - now, used - now - (_MANY - 1) * _SPACING, 0.0)
        if wait > _PATIENCE:
            raise TooManyAttempts(wait)
        guesses.count += 1
        guesses.last = now
        if guesses.count >= _FREE:
            doubled = 2.0 ** min(guesses.count - _FREE, 10)
            guesses.free_at = now + wait + min(doubled, _LONGEST)
        _remember(self._guesses, (source, account), guesses)
        _remember(self._used, source, used + _SPACING)
        return wait

    def right(self, source: str, account: str) -> None:
        """The password was right: those before it were slips."""
        self._guesses.pop((source, account), None)
        self.unused(source)

    def unused(self, source: str) -> None:
        """An attempt from there costs the source nothing."""
        if source in self._used:
            self._used[source] -= _SPACING


def _remember(kept: OrderedDict[K, V], name: K, value: V) -> None:
    kept[name] = value
    kept.move_to_end(name)
    if len(kept) > _MOST:
        kept.popitem(last=False)
