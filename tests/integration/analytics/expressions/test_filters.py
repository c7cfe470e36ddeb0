"""Filters against plain Python: which events of small worlds pass."""

from random import Random
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.support.examples import examples
from tests.support.reference import World, Worlds, random_filter, random_world

from whipstitch.analytics.expressions import filters
from whipstitch.analytics.expressions.conditions import all_met
from whipstitch.analytics.session import QuerySession
from whipstitch.warehouse.parameters import Parameters
from whipstitch.warehouse.sql import IN_SCOPE


def _passing(worlds: Worlds, world: World, asked: list[dict[str, Any]]) -> list[set[str]]:
    """The numbers of the live events that pass each filter, in one statement."""

    async def ask(reading: QuerySession) -> list[set[str]]:
        values = Parameters()
        parsed = filters.parse(asked, "filters")
        conditions = [all_met([one], values, reading.persons) for one in parsed]
        sql = f"SELECT id, {', '.join(conditions)} FROM events WHERE {IN_SCOPE}"
        rows = await reading.run(values.sql(sql))
        return [{row[0] for row in rows if row[place]} for place in range(1, len(asked) + 1)]

    return worlds.read(world.scope(), ask)


@settings(max_examples=examples(6), deadline=None)
@given(seed=st.integers(0, 2**32))
@example(seed=2681)  # a time is asked for, and a number is larger than any
def test_a_filter_lets_through_what_it_says(worlds: Worlds, seed: int) -> None:
    random = Random(seed)  # noqa: S311
    world = worlds.put(random_world(random))
    asked = [random_filter(random) for _ in range(20)]
    for filter_, passing in zip(asked, _passing(worlds, world, asked), strict=True):
        expected = {
            f"evt_{number}"
            for number, event in enumerate(world.events)
            if event.environment == "live" and world.passes(event, filter_)
        }
        assert passing == expected, filter_
