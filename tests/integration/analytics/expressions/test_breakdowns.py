"""What a breakdown does with values that are called as groups are."""

import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest
from tests.support.reference import START, Event, Update, World, Worlds

from whipstitch.analytics.expressions.breakdowns import MOST_CELLS, Breakdown
from whipstitch.analytics.expressions.event_matcher import Match
from whipstitch.analytics.expressions.filters import On
from whipstitch.analytics.expressions.intervals import intervals
from whipstitch.analytics.expressions.time_ranges import TimeRange
from whipstitch.analytics.people.drill_down import SelectedPage
from whipstitch.analytics.reports import funnel_statement, funnels, insights
from whipstitch.analytics.reports.funnel_query import Funnel, FunnelQuery, FunnelSelector
from whipstitch.analytics.reports.funnel_steps import FunnelMatching, Step
from whipstitch.analytics.reports.insight_query import Insights, InsightSelector, InsightsQuery
from whipstitch.analytics.reports.insight_statement import people as people_behind
from whipstitch.analytics.reports.measure import Math, Series
from whipstitch.analytics.session import QuerySession

_BOUGHT: Final = Series(Match("buy"))


def _question(breakdown: Breakdown, series: Series) -> InsightsQuery:
    range_ = TimeRange(START, START + timedelta(days=1))
    cut = intervals(range_, "day", ZoneInfo("UTC"))
    return InsightsQuery((series,), range_, cut, breakdown=breakdown)


def _totals(
    worlds: Worlds,
    world: World,
    breakdown: Breakdown,
    most_cells: int = MOST_CELLS,
    series: Series = _BOUGHT,
) -> list[tuple[str | None, float | None]]:
    query = _question(breakdown, series)

    async def ask(reading: QuerySession) -> Insights:
        return await insights.answer(reading, query, most_cells)

    return [(line.breakdown, line.total) for line in worlds.read(world.scope(), ask).series]


def _people(
    worlds: Worlds, world: World, breakdown: Breakdown, counted: InsightSelector
) -> list[str]:
    async def ask(reading: QuerySession) -> Sequence[Sequence[object]]:
        query = _question(breakdown, _BOUGHT)
        return await reading.run(people_behind(query, counted, SelectedPage(), reading.persons))

    return sorted(str(id_) for _, id_ in worlds.read(world.scope(), ask))


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


def test_the_people_of_the_rest_and_of_a_value_that_is_called_so_are_told_apart(
    worlds: Worlds,
) -> None:
    world = worlds.put(_bought("$other", "$other", "a", "a", "a", "b", "(none)", "", None))
    groups = [("$other", True), ("$other", False), ("$other", None), (None, None), ("", None)]

    def people(limit: int) -> list[list[str]]:
        return [
            _people(worlds, world, Breakdown("plan", limit), InsightSelector(0, None, True, *group))
            for group in groups
        ]

    assert people(2) == [
        ["id0", "id1"],
        ["id5", "id6", "id7"],
        ["id0", "id1", "id5", "id6", "id7"],
        ["id8"],
        [],
    ]
    assert people(9) == [["id0", "id1"], [], ["id0", "id1"], ["id8"], ["id7"]]


_LISTS: Final[Sequence[Any]] = (
    ["a", "b"],
    ["b", "b", 1],
    "b",
    "1",
    [],
    [None],
    None,
    {"c": 1},
    ["c", ["d"]],
)


@pytest.mark.parametrize("most_cells", [1, MOST_CELLS])
@pytest.mark.parametrize("on", ["event", "person"])
def test_lists_can_be_told_apart_by_their_elements(worlds: Worlds, most_cells: int, on: On) -> None:
    world = World(
        [Event("buy", f"id{at}", at, {"tags": tags}) for at, tags in enumerate(_LISTS)],
        updates=[Update(f"id{at}", "tags", tags) for at, tags in enumerate(_LISTS)],
    )
    worlds.put(world)
    by = Breakdown("tags", 2, on, elements=True)

    everybody = [("b", 3), ("1", 2), ("$other", 3), (None, 4)]
    assert _totals(worlds, world, by, most_cells) == everybody
    unique = Series(Match("buy"), "unique")
    everybody = [("b", 3), ("1", 2), ("$other", 2), (None, 4)]
    assert _totals(worlds, world, by, most_cells, unique) == everybody

    assert _people(worlds, world, by, InsightSelector(0, None, True, "b")) == ["id0", "id1", "id2"]
    assert _people(worlds, world, by, InsightSelector(0, None, True, "$other")) == ["id0", "id8"]
    assert _people(worlds, world, by, InsightSelector(0, None, True, None)) == [
        "id4",
        "id5",
        "id6",
        "id7",
    ]


def test_funnels_tell_people_apart_by_elements_and_count_each_once_in_all(
    worlds: Worlds,
) -> None:
    events = [
        Event("buy", "ann", 0, {"tags": ["a", "b"]}),
        Event("view", "ann", 1),
        Event("buy", "bob", 0, {"tags": ["b", "c"]}),
        Event("buy", "cid", 0, {"tags": []}),
        Event("view", "cid", 1, {"tags": ["a"]}),
    ]
    world = worlds.put(World(events, updates=[Update("bob", "tags", ["x"])]))
    range_ = TimeRange(START, START + timedelta(days=1))
    attempts = FunnelMatching((Step((Match("buy"),)), Step((Match("view"),))), 1000, "ordered")

    async def ask(reading: QuerySession, on: On) -> Funnel:
        query = FunnelQuery(attempts, range_, breakdown=Breakdown("tags", 2, on, elements=True))
        return await funnels.answer(reading, query)

    async def people(reading: QuerySession, counted: FunnelSelector) -> list[str]:
        query = FunnelQuery(attempts, range_, breakdown=Breakdown("tags", 2, elements=True))
        rows = await reading.run(
            funnel_statement.people(query, counted, SelectedPage(), reading.persons)
        )
        return sorted(id_ for _, id_ in rows)

    funnel = worlds.read(world.scope(), lambda reading: ask(reading, "event"))
    assert [step.count for step in funnel.steps] == [3, 2]
    assert isinstance(funnel.breakdowns, list)
    assert [(one.value, [step.count for step in one.steps]) for one in funnel.breakdowns] == [
        ("b", [2, 1]),
        ("a", [1, 1]),
        ("$other", [1, 0]),
        (None, [1, 1]),
    ]
    funnel = worlds.read(world.scope(), lambda reading: ask(reading, "person"))
    assert isinstance(funnel.breakdowns, list)
    assert [(one.value, [step.count for step in one.steps]) for one in funnel.breakdowns] == [
        ("x", [1, 0]),
        (None, [2, 2]),
    ]
    for counted, who in (
        (FunnelSelector(1, of_group=True, group="b"), ["ann", "bob"]),
        (FunnelSelector(2, "dropped", of_group=True, group="b"), ["bob"]),
        (FunnelSelector(1), ["ann", "bob", "cid"]),
    ):
        assert worlds.read(world.scope(), lambda reading, c=counted: people(reading, c)) == who  # type: ignore[misc]


_HUGE: Final = 1.7e308


@pytest.mark.parametrize("most_cells", [1, MOST_CELLS])
def test_numbers_whose_sum_is_too_large_have_an_average(worlds: Worlds, most_cells: int) -> None:
    amounts = {"up": [_HUGE, _HUGE], "down": [-_HUGE] * 3, "even": [_HUGE, -_HUGE, _HUGE, -_HUGE]}
    events = [
        Event("buy", "ann", at, {"plan": plan, "amount": amount})
        for plan, several in amounts.items()
        for at, amount in enumerate(several)
    ]
    world = worlds.put(World(events))

    def totals(math: Math) -> dict[str | None, float | None]:
        series = Series(Match("buy"), math, "amount")
        return dict(_totals(worlds, world, Breakdown("plan"), most_cells, series))

    largest = sys.float_info.max
    assert totals("sum") == {"up": largest, "down": -largest, "even": 0}
    average = {"up": _HUGE, "down": -_HUGE, "even": 0}
    assert totals("avg") == pytest.approx(average, rel=1e-15)
    assert totals("p50") == {"up": _HUGE, "down": -_HUGE, "even": 0}
    assert totals("max") == {"up": _HUGE, "down": -_HUGE, "even": _HUGE}
