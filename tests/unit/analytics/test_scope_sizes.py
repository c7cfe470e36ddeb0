"""When a scope is taken for a large one."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any, cast

from whipstitch.analytics.scope_sizes import MANY, ScopeSizes
from whipstitch.core.projects import Scope
from whipstitch.warehouse.store import Store

SMALL, LARGE = Scope("proj_a", "test"), Scope("proj_a", "live")


class Counting:
    """A storage of so many events."""

    def __init__(self, **events: int) -> None:
        self.events = events
        self.asked: list[str] = []

    def submit(self, _sql: str, values: Mapping[str, Any]) -> Future[list[tuple[int]]]:
        self.asked.append(values["environment"])
        found: Future[list[tuple[int]]] = Future()
        found.set_result([(min(self.events[values["environment"]], values["enough"]),)])
        return found


def test_a_large_scope_is_counted_once_and_a_small_one_once_a_minute() -> None:
    store = Counting(live=10 * MANY, test=MANY)
    now = 100.0
    sizes = ScopeSizes(cast("Store", store), lambda: now)

    async def ask() -> tuple[bool, bool]:
        return await sizes.has_many(LARGE), await sizes.has_many(SMALL)

    for _ in range(2):
        assert asyncio.run(ask()) == (True, False)
    assert store.asked == ["live", "test"]
    now += 61
    store.events["test"] += 1
    assert asyncio.run(ask()) == (True, True)
    assert store.asked == ["live", "test", "test"]
