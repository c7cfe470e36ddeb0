"""When a scope is taken for one of many people."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any, cast

from whipstitch.analytics.scope_sizes import MANY, MOST_COUNTED, ScopeSizes
from whipstitch.core.projects import Scope
from whipstitch.warehouse.store import Store

SCOPE = Scope("proj_a", "live")


class Counting:
    """A storage of so many events of so many ids."""

    def __init__(self, events: int, ids: int = 0) -> None:
        self.events = events
        self.ids = ids
        self.asked = 0

    def submit(self, sql: str, _values: Mapping[str, Any]) -> Future[list[tuple[int]]]:
        self.asked += 1
        found: Future[list[tuple[int]]] = Future()
        found.set_result([(self.ids if "distinct_id" in sql else self.events,)])
        return found


def has_many(sizes: ScopeSizes) -> bool:
    return asyncio.run(sizes.has_many(SCOPE))


def sizes_of(store: Counting) -> ScopeSizes:
    return ScopeSizes(cast("Store", store), lambda: 0.0)


def test_few_events_are_those_of_few_people_and_very_many_are_taken_for_many_peoples() -> None:
    for events, expected in ((MANY, False), (MOST_COUNTED + 1, True)):
        store = Counting(events)
        assert has_many(sizes_of(store)) == expected
        assert store.asked == 1


def test_in_between_ids_are_counted() -> None:
    assert not has_many(sizes_of(Counting(MANY + 1, MANY)))
    assert has_many(sizes_of(Counting(MOST_COUNTED, MANY + 1)))


def test_few_are_counted_again_after_five_minutes_and_many_are_not() -> None:
    store = Counting(10)
    now = 100.0
    sizes = ScopeSizes(cast("Store", store), lambda: now)
    assert [has_many(sizes) for _ in range(2)] == [False, False]
    assert store.asked == 1
    now += 301
    store.events = MOST_COUNTED + 1
    assert [has_many(sizes) for _ in range(2)] == [True, True]
    now += 301
    assert has_many(sizes)
    assert store.asked == 2
