"""Which scopes have so many people that no host of a cluster should put all of them together.

To have people worked out where their rows are takes less memory and, of many people, less time; of
few it takes longer, as rows are gone through twice. Of 1,000,000 events of 50,000 people on two
shards it took 1.4 to 1.9 times the processor's time of merging everybody, which took 20 to 82 MB;
of 1,000,000 people merging takes a quarter of what a question may have."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from whipstitch.core.projects import Scope
from whipstitch.warehouse.sql import IN_SCOPE
from whipstitch.warehouse.store import Store

MANY: Final = 1_000_000
"""Ids that events say."""
MOST_COUNTED: Final = 10_000_000
"""Of so many events ids are counted; more are taken for events of many."""
_SECONDS: Final = 300.0
"""How long a scope that has few is known to have few."""
_EVENTS: Final = f"SELECT count() FROM events WHERE {IN_SCOPE}"
_IDS: Final = f"SELECT uniqCombined(distinct_id) FROM events WHERE {IN_SCOPE}"


class ScopeSizes:
    """As they were up to five minutes ago. For the event loop."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._many: set[Scope] = set()
        self._few: dict[Scope, float] = {}
        """Until when that is known."""

    async def has_many(self, scope: Scope) -> bool:
        """Whether a scope has more than ``MANY`` people: once it has, it always has.

        Raises:
            StorageUnavailable
        """
        now = self._clock()
        if scope not in self._many and self._few.get(scope, now) <= now:
            # There are not more people than events.
            number = await self._number(_EVENTS, scope)
            if MANY < number <= MOST_COUNTED:
                number = await self._number(_IDS, scope)
            if number > MANY:
                self._many.add(scope)
            else:
                self._few[scope] = now + _SECONDS
        return scope in self._many

    async def _number(self, sql: str, scope: Scope) -> int:
        rows = await asyncio.wrap_future(self._store.submit(sql, scope._asdict()))
        return int(rows[0][0])
