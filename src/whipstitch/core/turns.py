"""Who may work at one time where many want to, so that nobody can keep the others out."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from typing import NamedTuple

from whipstitch.core.errors import WhipstitchError


class NoRoom(WhipstitchError):
    """As many wait already as may."""


class Claim(NamedTuple):
    """On whose account somebody works, and how many of those may at one time."""

    who: Hashable
    most: int


class _Waiting(NamedTuple):
    claims: tuple[Claim, ...]
    come: asyncio.Future[None]


class Turns:
    """At most ``at_once`` work at one time; the others wait. Those who wait are taken in rounds,
    one for each first claimant, and passed over while a claim of theirs is used up.

    Every method belongs to the event loop's thread."""

    def __init__(self, at_once: int, *, waiting: int, waiting_each: int) -> None:
        """``waiting``: how many may wait, ``waiting_each``: of one (first) claimant."""
        self._at_once = at_once
        self._most_waiting = waiting
        self._most_each = waiting_each
        self._working = 0
        self._claimed: Counter[Hashable] = Counter()
        self._waiting = 0
        # By first claimant; who comes first in it is next.
        self._lines: dict[Hashable, deque[_Waiting]] = {}

    @asynccontextmanager
    async def turn(self, *claims: Claim) -> AsyncIterator[None]:
        """Waits for a turn, which lasts as long as the context. The first claim says whose place in
        the rounds it takes.

        Raises:
            NoRoom: it would have to wait, and too many do.
        """
        await self._begin(claims)
        try:
            yield
        finally:
            self._end(claims)

    async def _begin(self, claims: tuple[Claim, ...]) -> None:
        if self._fits(claims):
            # Whoever waits does not fit: that was looked at when somebody last ended.
            self._count(claims, 1)
            return
        who = claims[0].who
        line = self._lines.get(who, ())
        if self._waiting >= self._most_waiting or len(line) >= self._most_each:
            raise NoRoom("Too much waits already: try again in some seconds.")
        waiting = _Waiting(claims, asyncio.get_running_loop().create_future())
        self._lines.setdefault(who, deque()).append(waiting)
        self._waiting += 1
        try:
            await waiting.come
        except asyncio.CancelledError:
            if waiting.come.cancelled():
                self._forget(who, waiting)
            else:
                self._end(claims)  # its turn came at the same moment
            raise

    def _end(self, claims: tuple[Claim, ...]) -> None:
        self._count(claims, -1)
        while (found := self._next()) is not None:
            who, waiting = found
            self._forget(who, waiting)
            if (line := self._lines.pop(who, None)) is not None:
                self._lines[who] = line  # behind the others
            self._count(waiting.claims, 1)
            waiting.come.set_result(None)

    def _next(self) -> tuple[Hashable, _Waiting] | None:
        if self._working >= self._at_once:
            return None
        for who, line in self._lines.items():
            for waiting in line:
                if self._fits(waiting.claims) and not waiting.come.done():
                    return who, waiting
        return None

    def _fits(self, claims: tuple[Claim, ...]) -> bool:
        return self._working < self._at_once and all(
            self._claimed[claim.who] < claim.most for claim in claims
        )

    def _count(self, claims: tuple[Claim, ...], number: int) -> None:
        self._working += number
        for claim in claims:
            self._claimed[claim.who] += number
            if not self._claimed[claim.who]:
                del self._claimed[claim.who]

    def _forget(self, who: Hashable, waiting: _Waiting) -> None:
        line = self._lines[who]
        line.remove(waiting)
        if not line:
            del self._lines[who]
        self._waiting -= 1
