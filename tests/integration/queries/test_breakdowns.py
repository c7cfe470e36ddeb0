"""What a breakdown does with values that are called as groups are."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from tests.support.reference import START, Event, World, Worlds

from whipstitch.queries import insights
from whipstitch.queries.breakdowns import MOST_CELLS, Breakdown
from whipstitch.queries.insights import Insights, InsightsQuery
from whipstitch.queries.matches import Match
from whipstitch.queries.reading import Reading
from whipstitch.queries.series import Series
from whipstitch.queries.time_ranges import TimeRange, intervals


def _totals(
    worlds: Worlds, world: World, breakdown: Breakdown, most_cells: int = MOST_CELLS
) -> list[tuple[str | None, float | None]]:
    range_ = TimeRange(START, START + timedelta(days=1))
    cut = intervals(range_, "day", ZoneInfo("UTC"))
    query = InsightsQuery((Series(Match("buy")),), range_, cut, breakdown=breakdown)

    async def ask(reading: Reading) -> Insights:
        return await insights.ask(reading, query, most_cells)

    return [(line.breakdown, line.total) for line in worlds.read(world.scope(), ask).series]


def _bought(*plans: object) -> World:
    return World([Event("buy", f"id{at}", at, {"plan": plan}) for at, plan in enumerate(plans)])


def test_a_value_that_is_called_as_the_rest_is_stands_apart(worlds: Worlds) -> None:
    world = worlds.put(_bought("$other", "$other", "$other", "a", "a", "b", None, "", "null"))

    assert _totals(worlds, world, Breakdown("plan", 2)) == [
        ("$other", 3),
        ("a", 2),
        ("$other", 3),
        (None, 1),
    ]


def test_of_values_that_weigh_the_same_the_first_stand_alone(worlds: Worlds) -> None:
    world = worlds.put(_bought("d", "b", "c", "a"))

    assert _totals(worlds, world, Breakdown("plan", 2)) == [("a", 1), ("b", 1), ("$other", 2)]


def test_what_nobody_has_is_one_group(worlds: Worlds) -> None:
    world = worlds.put(_bought("d", "b"))

    assert _totals(worlds, world, Breakdown("gone")) == [(None, 2)]
    assert _totals(worlds, world, Breakdown("gone", on="person")) == [(None, 2)]


@pytest.mark.parametrize("most_cells", [1, MOST_CELLS])
def test_values_that_read_the_same_are_one_whatever_their_type(
    worlds: Worlds, most_cells: int
) -> None:
    world = worlds.put(_bought(1, "1", 1.0, True, "true", [1, "x"], '[1,"x"]', "a", {"b": 1}))

    assert _totals(worlds, world, Breakdown("plan", 2), most_cells) == [
        ("1", 3),
        ('[1,"x"]', 2),
        ("$other", 3),
        (None, 1),
    ]


@pytest.mark.parametrize("most_cells", [1, 2, 4, 5, MOST_CELLS])
def test_with_few_and_with_many_values_the_same_stand_alone(
    worlds: Worlds, most_cells: int
) -> None:
    world = worlds.put(_bought("d", "b", "c", "a", "d", None))

    assert _totals(worlds, world, Breakdown("plan", 2), most_cells) == [
        ("d", 2),
        ("a", 1),
        ("$other", 2),
        (None, 1),
    ]
