"""Which generations of the person map there are: one after the other is published, and those that
nobody reads any more are dropped."""

from collections.abc import Callable
from typing import Final

from whipstitch.identity import map_generations
from whipstitch.identity.map_generations import PersonMaps
from whipstitch.warehouse.client import Client

_MOST_OLD: Final = 8
"""Generations that are dropped together: each takes as long alone."""
_MOST_OLD_ROWS: Final = 200_000
"""That they may hold meanwhile, in memory."""


class Publishing:
    """Its methods take the loading thread's client. ``next_number`` numbers generations; ``grace``
    is how many seconds another node may go on using an older one."""

    def __init__(self, published: PersonMaps, next_number: Callable[[], int], grace: int) -> None:
        self._maps = published
        self._next_number = next_number
        self._grace = grace
        self._old = self._old_rows = 0
        """Generations that were made since some were dropped last, and their rows."""

    def publish(self, client: Client) -> None:
        """What waits to be rewritten now, as the generation in force."""
        with client.writing_together():
            fresh = map_generations.make(client, self._next_number())
            client.confirm_writes()
        self._maps.publish(fresh)
        self._old += 1
        self._old_rows += fresh.rows
        if self._old >= _MOST_OLD or self._old_rows >= _MOST_OLD_ROWS:
            self.drop(client)

    def drop(self, client: Client) -> None:
        """Drops all that nobody needs."""
        map_generations.drop(client, self._maps.in_use(), self._grace)
        self._old = self._old_rows = 0

    def forget(self, client: Client) -> None:
        """The same, and what is noted of them."""
        self.drop(client)
        map_generations.forget(client, self._grace)
