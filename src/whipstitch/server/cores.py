"""Which cores ClickHouse may use: all but one while events come in."""

import time
from collections.abc import Callable
from typing import Final

_MANY: Final = 50
"""Requests a second that are worth a core."""
_CALM_SECONDS: Final = 10.0


class Cores:
    """Looks now and then how many requests came. Questions are answered more slowly meanwhile where
    there are few cores, but they do not hold up those who send."""

    def __init__(
        self,
        requests: Callable[[], int],
        leave: Callable[[bool], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``requests``: how many came since the start. ``leave``: whether a core is to be left to
        those that take them in."""
        self._requests = requests
        self._leave = leave
        self._clock = clock
        self._seen = 0
        self._looked_at = clock()
        self._busy_until = 0.0

    def look(self) -> None:
        now, requests = self._clock(), self._requests()
        if requests - self._seen >= _MANY * (now - self._looked_at):
            self._busy_until = now + _CALM_SECONDS
        self._seen, self._looked_at = requests, now
        self._leave(now < self._busy_until)
