"""Heatmaps against what small worlds hold."""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.reference import START, Event, World, Worlds

from whipstitch.analytics.expressions import filters
from whipstitch.analytics.expressions.event_matcher import Match
from whipstitch.analytics.expressions.time_ranges import TimeRange
from whipstitch.analytics.people import drill_down
from whipstitch.analytics.reports import heatmaps
from whipstitch.analytics.reports.heatmaps import Heatmap, HeatmapQuery

HOUR = TimeRange(START, START + timedelta(hours=1))
QUERY = HeatmapQuery("Home", HOUR, columns=10, rows=10, depth=2)
SIZE = {"$screen_width": 100, "$screen_height": 200}


def tap(who: str = "ann", at: int = 0, *, name: str = "$tap", **properties: Any) -> Event:
    return Event(name, who, at, {"$screen_name": "Home", **properties})


def at(x: float, y: float, **more: Any) -> dict[str, Any]:
    return {"$x": x, "$y": y, **SIZE, **more}


def ask(worlds: Worlds, world: World, query: HeatmapQuery = QUERY) -> Heatmap:
    async def asked(reading: Any) -> Heatmap:
        return heatmaps.shape(query, await reading.run(heatmaps.build(query, reading.persons)))

    return worlds.read(world.scope(), asked)


def cells(found: Heatmap) -> dict[tuple[int, int], int]:
    return {(cell.column, cell.row): cell.taps for cell in found.cells}


def placed(worlds: Worlds, *properties: Mapping[str, Any], **more: Any) -> dict[Any, int]:
    world = worlds.put(World([tap(**one) for one in properties]))
    return cells(ask(worlds, world, replace(QUERY, **more)))


def _expected(events: list[Event], world: World) -> dict[tuple[int, int], tuple[int, int]]:
    found: defaultdict[tuple[int, int], list[str]] = defaultdict(list)
    for event in events:
        sent = event.properties
        across = sent["$x"] / sent["$screen_width"]
        down = (sent["$y"] + sent.get("$scroll_offset_y", 0)) / sent["$screen_height"]
        if 0 <= across <= 1 and 0 <= down <= 2:
            cell = min(math.floor(across * 10), 9), min(math.floor(down * 10), 19)
            found[cell].append(world.person(event.sent_id))
    return {cell: (len(who), len(set(who))) for cell, who in found.items()}


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_taps_and_people_are_counted_by_cell(worlds: Worlds, seed: int) -> None:
    rng = Random(seed)  # noqa: S311
    events = [
        tap(
            rng.choice(("ann", "bob", "anon1")),
            rng.randrange(3_600_000),
            **at(
                rng.choice((-1, 0, 3, 50.5, 100, 101)),
                rng.choice((-20, 0, 10, 199, 200)),
                **rng.choice(({}, {"$scroll_offset_y": 190}, {"$scroll_offset_y": 900})),
            ),
        )
        for _ in range(rng.randrange(40))
    ]
    world = worlds.put(World(events, {"anon1": "ann"}, waiting=frozenset({"anon1"})))

    found = ask(worlds, world)

    expected = _expected(events, world)
    assert {(c.column, c.row): (c.taps, c.people) for c in found.cells} == expected
    assert found.taps == sum(taps for taps, _ in expected.values())
    assert found.unplaced == len(events) - found.taps
    ranked = [cell.taps for cell in found.cells]
    assert ranked == sorted(ranked, reverse=True)


def test_nobody_tapped(worlds: Worlds) -> None:
    found = ask(worlds, worlds.put(World([])))

    assert (found.taps, found.people, found.unplaced, found.cells) == (0, 0, 0, [])


@pytest.mark.parametrize(
    "properties",
    [
        {"$x": 55, "$y": 30, "$screen_width": 100, "$screen_height": 200},
        {"$x": "55", "$y": "30", "$screen_width": "100", "$screen_height": "200"},
        {"$touch_x": 55, "$touch_y": 30, "$screen_width": 100, "$screen_height": 200},
        {"x": 0.55, "y": 0.15, "screen_width": 1, "screen_height": 1},
        {"$x": 55, "$y": 10, "$scroll_y": 20, "$device_width": 100, "$device_height": 200},
        {
            "$x": 55,
            "$y": 30,
            "$viewportWidth": 100,
            "$viewportHeight": 200,
            "$screen_width": 2560,
            "$screen_height": 1440,
        },
    ],
)
def test_positions_come_in_the_spellings_of_several_libraries(
    worlds: Worlds, properties: dict[str, Any]
) -> None:
    assert placed(worlds, properties) == {(5, 1): 1}


def test_sizes_may_be_default_properties(worlds: Worlds) -> None:
    event = Event("$tap", "ann", 0, {"$screen_name": "Home", "$x": 55, "$y": 30}, SIZE)

    assert cells(ask(worlds, worlds.put(World([event])))) == {(5, 1): 1}


@pytest.mark.parametrize(
    "properties",
    [
        {"$x": 5, "$y": 5},
        {"$x": 5, "$y": 5, "$screen_width": 100},
        {"$x": 5, "$y": 5, "$screen_width": 0, "$screen_height": 0},
        {"$x": 0, "$y": 0, "$screen_width": 0, "$screen_height": -1},
        {"$x": 1e300, "$y": 5, "$screen_width": 1e-300, "$screen_height": 1},
    ],
)
def test_what_has_no_size_is_unplaced(worlds: Worlds, properties: dict[str, Any]) -> None:
    found = ask(worlds, worlds.put(World([tap(**properties)])))

    assert (found.taps, found.unplaced, found.cells) == (0, 1, [])


@pytest.mark.parametrize("properties", [{"$x": 5, **SIZE}, {"$x": "left", "$y": 1, **SIZE}, {}])
def test_what_has_no_position_is_no_tap(worlds: Worlds, properties: dict[str, Any]) -> None:
    found = ask(worlds, worlds.put(World([tap(**properties)])))

    assert (found.taps, found.unplaced) == (0, 0)


def test_the_screen_is_the_first_name_that_is_text(worlds: Worlds) -> None:
    spot = at(5, 5)
    events = [
        Event("$tap", "ann", 0, {**spot, **named})
        for named in (
            {"$screen_name": "", "$screen": 7, "screen_name": "Home"},
            {"screen": "Home", "name": "Cart"},
            {"name": "Home"},
            {"$screen_name": "Cart", "screen": "Home"},
        )
    ] + [Event("$screen", "ann", 0, {**spot, "name": "Home"})]

    assert ask(worlds, worlds.put(World(events))).taps == 3


def test_only_the_range_the_event_and_what_passes_the_filters_count(worlds: Worlds) -> None:
    spot = at(5, 5)
    world = worlds.put(
        World(
            [
                tap("ann", 0, **spot, plan="pro"),
                tap("bob", 0, **spot),
                tap("cid", 0, name="$click", **spot, plan="pro"),
                tap("ann", 3_600_000, **spot, plan="pro"),
                replace(tap("ann", 0, **spot, plan="pro"), environment="test"),
            ]
        )
    )
    pro = filters.parse([{"property": "plan", "operator": "is", "value": "pro"}], "filters")

    assert ask(worlds, world).taps == 3
    assert ask(worlds, world, replace(QUERY, match=Match("$tap"))).taps == 2
    assert ask(worlds, world, replace(QUERY, match=Match("$tap", pro))).taps == 1
    assert ask(worlds, worlds.put(World([]))).taps == 0


def test_it_says_what_the_taps_are(worlds: Worlds) -> None:
    spot = at(5, 5)
    events = [
        *(tap(**{**spot, "$app_version": "2.0"}) for _ in range(3)),
        *(replace(tap(name="$click", **spot), columns={"$os": "ios"}) for _ in range(2)),
        tap(name="off", **at(500, 5)),
    ]

    found = ask(worlds, worlds.put(World(events)))

    shares = [
        Counter({one.value: one.taps for one in kind})
        for kind in (found.events, found.os, found.app_versions)
    ]
    assert shares == [{"$tap": 3, "$click": 2}, {None: 3, "ios": 2}, {"2.0": 3, None: 2}]
    assert [one.value for one in found.events] == ["$tap", "$click"]


def test_the_people_behind_a_cell_are_listed(worlds: Worlds) -> None:
    world = worlds.put(
        World(
            [tap("anon1", **at(5, 5)), tap("bob", **at(5, 5)), tap("cid", **at(95, 5))],
            {"anon1": "ann"},
            waiting=frozenset({"anon1"}),
        )
    )

    def people(cell: tuple[int, int] | None) -> set[str]:
        page = drill_down.SelectedPage(10)

        async def asked(reading: Any) -> set[str]:
            sql = heatmaps.people(QUERY, cell, page, reading.persons)
            return set(drill_down.shape(page, await reading.run(sql)).people)

        return worlds.read(world.scope(), asked)

    assert people((0, 0)) == {"ann", "bob"}
    assert people((9, 0)) == {"cid"}
    assert people(None) == {"ann", "bob", "cid"}


@pytest.mark.parametrize("screen", ["it's", "' OR 1=1 --", "{v0:String}", "\\", "☃`%"])
def test_a_name_is_a_name_whatever_is_in_it(worlds: Worlds, screen: str) -> None:
    events = [Event("$tap", "ann", 0, {"screen": name, **at(5, 5)}) for name in (screen, "Another")]

    world = worlds.put(World(events))

    assert ask(worlds, world, replace(QUERY, screen=screen)).taps == 1
