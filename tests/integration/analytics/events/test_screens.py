"""Which screens there are, against what small worlds hold."""

from datetime import timedelta
from typing import Any

import pytest
from tests.support.reference import START, Event, World, Worlds

from whipstitch.analytics.events import screens
from whipstitch.analytics.events.pages import position_of
from whipstitch.analytics.events.screens import ScreenPosition, ScreensQuery, Seen
from whipstitch.analytics.expressions.time_ranges import TimeRange

QUERY = ScreensQuery(TimeRange(START, START + timedelta(hours=1)))
SPOT = {"$x": 5, "$y": 5}


def ask(
    worlds: Worlds, world: World, query: ScreensQuery = QUERY, pictured: tuple[str, ...] = ()
) -> tuple[list[Seen], str | None]:
    async def asked(reading: Any) -> tuple[list[Seen], str | None]:
        return screens.shape(query, await reading.run(screens.build(query)), pictured)

    return worlds.read(world.scope(), asked)


def named(screen: str, name: str = "$screen", at: int = 0, **more: Any) -> Event:
    return Event(name, "ann", at, {"$screen_name": screen, **more})


def test_views_taps_and_the_last_event_are_told(worlds: Worlds) -> None:
    world = worlds.put(
        World(
            [
                named("Home"),
                named("Home", "$screen_view", 1000),
                named("Home", "$tap", 2000, **SPOT),
                named("Home", "$tap", 500, **{"$touch_x": "3", "y": 0}),
                named("Home", "$tap", 500, **{"$x": 5}),
                named("Cart", "$tap", 3000, **SPOT),
                named("Late", at=3_600_000),
                Event("$screen", "ann", 0, {"name": "By name"}),
                Event("bought", "ann", 0, {"name": "A lamp"}),
                Event("$pageview", "ann", 0, {"$pathname": "/pricing"}),
                Event("$pageview", "ann", 1000, {"$pathname": "/pricing", "name": "Prices"}),
                Event("$click", "ann", 0, {"$pathname": "/pricing", **SPOT}),
                named("Home", "$pageview", 0, **{"$pathname": "/"}),
                Event("$pageview", "ann", 0, {"path": "/nowhere"}),
            ]
        )
    )

    assert ask(worlds, world) == (
        [
            Seen("/pricing", 2, 1, "2026-03-27T00:00:01.000Z"),
            Seen("By name", 1, 0, "2026-03-27T00:00:00.000Z"),
            Seen("Cart", 0, 1, "2026-03-27T00:00:03.000Z"),
            Seen("Home", 3, 2, "2026-03-27T00:00:02.000Z"),
        ],
        None,
    )


def test_screens_with_a_picture_are_there_without_events(worlds: Worlds) -> None:
    world = worlds.put(World([named("Home")]))

    found, _ = ask(worlds, world, pictured=("About", "Home"))

    assert [(one.screen, one.views) for one in found] == [("About", 0), ("Home", 1)]
    assert found[0].last_seen is None


def test_one_may_be_asked_for_by_its_whole_name(worlds: Worlds) -> None:
    world = worlds.put(World([named("Home"), named("Homepage"), named("Cart")]))

    def found(screen: str) -> list[tuple[str, int]]:
        query = ScreensQuery(QUERY.range, screen=screen)
        page, _ = ask(worlds, world, query, pictured=("Home", "About"))
        return [(one.screen, one.views) for one in page]

    assert (found("Home"), found("About"), found("home")) == ([("Home", 1)], [("About", 0)], [])


def test_pages_hold_each_screen_once(worlds: Worlds) -> None:
    world = worlds.put(World([named(one) for one in ("b", "d", "é", "\U0001f4f1", "z")]))
    pictured = ("a", "d", "f", "\uffee")
    found: list[str] = []
    cursor: str | None = None
    for _ in range(10):
        after = position_of(cursor, ScreenPosition) if cursor else None
        page, cursor = ask(worlds, world, ScreensQuery(QUERY.range, 2, after=after), pictured)
        found += [one.screen for one in page]
        if cursor is None:
            break

    assert found == ["a", "b", "d", "f", "z", "é", "\uffee", "\U0001f4f1"]


@pytest.mark.parametrize(
    ("search", "expected"), [("OM", ["Home", "homepage"]), ("'%_", ["it'%_"]), ("nope", [])]
)
def test_a_search_is_for_a_part_of_the_name(
    worlds: Worlds, search: str, expected: list[str]
) -> None:
    world = worlds.put(World([named("Home"), named("it'%_"), named("Cart")]))

    found, _ = ask(worlds, world, ScreensQuery(QUERY.range, search=search), ("homepage", "About"))

    assert [one.screen for one in found] == expected
