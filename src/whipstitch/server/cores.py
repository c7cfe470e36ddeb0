"""Which cores ClickHouse may use: all but one while events come in."""

import time
from collections import deque
from collections.abc import Callable
from typing import Final

_MANY: Final = 50
"""Requests within a second that are worth a core."""
_CALM_SECONDS: Final = 10.0


class Cores:
    """Looks several times a second how many requests came. Questions are answered more slowly
    meanwhile where there are few cores, but they do not hold up those who send."""

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
        self._seen = deque([(clock(), 0)])
        """When it looked, and how many there were: the last second, and once before."""
        self._busy_until = 0.0

    def look(self) -> None:
        now, requests = self._clock(), self._requests()
        while len(self._seen) > 1 and self._seen[1][0] <= now - 1:
            self._seen.popleft()
        looked_at, before = self._seen[0]
        if requests - before >= _MANY * max(1.0, now - looked_at):
            self._busy_until = now + _CALM_SECONDS
        self._seen.append((now, requests))
        self._leave(now < self._busy_until)
