"""Which scopes have so many events that no host of a cluster should put all their people together.

To have people worked out where their rows are is cheaper by memory and, of many people, by time; of
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
"""Events; there are not more people than that."""
_SECONDS: Final = 60.0
"""How long a scope that has few is known to have few."""
_COUNT: Final = (
    f"SELECT count() FROM (SELECT 1 FROM events WHERE {IN_SCOPE} LIMIT {{enough:UInt64}})"
)


class ScopeSizes:
    """As they were up to a minute ago. For the event loop."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._many: set[Scope] = set()
        self._few: dict[Scope, float] = {}
        """Until when that is known."""

    async def has_many(self, scope: Scope) -> bool:
        """Whether a scope has more than ``MANY`` events: once it has, it always has.

        Raises:
            StorageUnavailable
        """
        now = self._clock()
        if scope not in self._many and self._few.get(scope, now) <= now:
            values = {**scope._asdict(), "enough": MANY + 1}
            rows = await asyncio.wrap_future(self._store.submit(_COUNT, values))
            if rows[0][0] > MANY:
                self._many.add(scope)
            else:
                self._few[scope] = now + _SECONDS
        return scope in self._many
