"""The connections that are open: not too many in all, nor from one address."""

import heapq
import time
from collections import Counter
from typing import Final, Protocol

from whipstitch.core.addresses import TrustedProxies

_SHARE: Final = 16
"""Where room is made, a sixteenth of the seats is: looking for whom to send away takes a while."""
_PAUSE_SECONDS: Final = 0.1


class Guest(Protocol):
    """A connection."""

    def idle_since(self, now: float) -> float | None:
        """Since when nothing is under way on it, by the monotonic clock; None: something is."""

    def send_away(self) -> None:
        """Closes it, as one that is idle may be at any time."""


class ConnectionLimits:
    """At most ``most`` connections, and ``most_each`` from one address that is no proxy of ours.
    Beyond that one that has been idle for a while makes room for the newcomer."""

    def __init__(self, most: int, most_each: int, proxies: TrustedProxies) -> None:
        self.turned_away = 0
        self.most = most
        self._most_each = most_each
        self._proxies = proxies
        self._guests: dict[Guest, str] = {}
        self._by_address: Counter[str] = Counter()
        self._looked = 0.0

    def __len__(self) -> int:
        return len(self._guests)

    def enter(self, guest: Guest, address: str) -> bool:
        """False: there is no room for it."""
        full = len(self._guests) >= self.most
        crowds = self._by_address[address] >= self._most_each and address not in self._proxies
        if (full or crowds) and not self._make_room(address if crowds else None):
            self.turned_away += 1
            if not self._by_address[address]:
                del self._by_address[address]
            return False
        self._guests[guest] = address
        self._by_address[address] += 1
        return True

    def leave(self, guest: Guest) -> None:
        """Of one that did not enter, too."""
        address = self._guests.pop(guest, None)
        if address is not None:
            self._by_address[address] -= 1
            if not self._by_address[address]:
                del self._by_address[address]

    def _make_room(self, address: str | None) -> bool:
        """Sends the longest idle away, of one address if given. False: hardly anybody is."""
        now = time.monotonic()
        if now - self._looked < _PAUSE_SECONDS:
            return False
        self._looked = now
        idle = [
            (since, id(guest), guest)
            for guest, where in self._guests.items()
            if address in (None, where) and (since := guest.idle_since(now)) is not None
        ]
        seats = self.most if address is None else self._most_each
        for _, _, guest in heapq.nsmallest(max(1, seats // _SHARE), idle):
            self.leave(guest)
            guest.send_away()
        return bool(idle)
