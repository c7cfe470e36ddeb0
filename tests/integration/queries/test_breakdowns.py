"""What a breakdown does with values that are called as groups are."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from tests.support.reference import START, Event, World, Worlds

from whipstitch.queries import insights
from whipstitch.queries.breakdowns import Breakdown
from whipstitch.queries.insights import Insights, InsightsQuery, Series
from whipstitch.queries.matches import Match
from whipstitch.queries.run import Reading
from whipstitch.queries.time_ranges import TimeRange, intervals


def _totals(worlds: Worlds, world: World, breakdown: Breakdown) -> list[tuple[str | None, float]]:
    range_ = TimeRange(START, START + timedelta(days=1))
    cut = intervals(range_, "day", ZoneInfo("UTC"))
    query = InsightsQuery((Series(Match("buy")),), range_, cut, breakdown=breakdown)

    async def ask(reading: Reading) -> Insights:
        return insights.shape(query, await reading.run(insights.build(query, reading.persons)))

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
