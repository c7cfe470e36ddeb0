"""Stickiness and lifecycle against following everybody through a calendar in plain Python."""

from bisect import bisect_right
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, get_args
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import reference
from tests.support.reference import START, START_MS, World, Worlds, random_filter

from whipstitch.analytics.people import drill_down
from whipstitch.analytics.reports.lifecycle import Lifecycle, LifecycleSelector, State
from whipstitch.analytics.reports.stickiness import Stickiness, StickinessSelector
from whipstitch.web.api.activity import LifecycleBody, StickinessBody

_ZONES = ("UTC", "Europe/Berlin", "Asia/Kolkata")


def _asked(random: Random) -> dict[str, Any]:
    start = START + timedelta(hours=random.randint(0, 60))
    return {
        "from_": start.isoformat(),
        "to": (start + timedelta(hours=random.randint(20, 120))).isoformat(),
        "event_name": random.choice([*reference.NAMES, None]),
        "interval": random.choice(["hour", "day", "day", "week"]),
        "filters": [random_filter(random) for _ in range(random.choice([0, 0, 1]))],
    }


def _seen(
    world: World, asked: dict[str, Any], starts: tuple[int, ...], first: int, end: int
) -> dict[str, list[int]]:
    """The indexes of the intervals in which each person did it; -1: before all of them."""
    seen = defaultdict(list)
    events = world.matching(asked["event_name"], asked["filters"], first, end - START_MS)
    for event in events:
        seen[world.person(event.sent_id)].append(bisect_right(starts, event.ms) - 1)
    return seen


def _answer(worlds: Worlds, world: World, body: Any, query: Any, selector: Any = None) -> Any:
    async def ask(session: Any) -> Any:
        if selector is None:
            return await body.report.answer(session, query)
        page = drill_down.parse(1000, None)
        sql = body.report.people(query, selector, page, session.persons)
        return set(drill_down.shape(page, await session.run(sql)).people)

    return worlds.read(world.scope(), ask)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_people_are_in_the_states_that_following_them_shows(worlds: Worlds, seed: int) -> None:
    random = Random(seed)  # noqa: S311
    world = worlds.put(reference.random_world(random))
    zone = ZoneInfo(random.choice(_ZONES))
    asked = _asked(random)
    body = LifecycleBody(**asked)
    query = body.parsed(zone, datetime(2027, 1, 1, tzinfo=UTC))
    starts = query.intervals.starts
    seen = _seen(world, asked, starts, -(10**12), query.end)
    states: dict[tuple[int, State], set[str]] = defaultdict(set)
    for person, places in seen.items():
        for place in range(1, len(starts)):
            came, before = place in places, place - 1 in places
            if came and min(places) == place:
                states[place, "new"].add(person)
            elif came:
                states[place, "returning" if before else "resurrecting"].add(person)
            elif before:
                states[place, "dormant"].add(person)

    answer: Lifecycle = _answer(worlds, world, body, query)

    for state in get_args(State):
        sign = -1 if state == "dormant" else 1
        by_hand = [sign * len(states[place, state]) for place in range(1, len(starts))]
        assert getattr(answer, state) == by_hand, state
    assert len(answer.intervals) == len(answer.incomplete) == len(starts) - 1
    place, state = random.choice([*states, (1, "new")])
    selector = LifecycleSelector(starts[place], state)
    assert _answer(worlds, world, body, query, selector) == states[place, state]


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_people_are_counted_by_the_number_of_intervals_they_came_in(
    worlds: Worlds, seed: int
) -> None:
    random = Random(seed)  # noqa: S311
    world = worlds.put(reference.random_world(random))
    zone = ZoneInfo(random.choice(_ZONES))
    asked = _asked(random)
    body = StickinessBody(**asked)
    query = body.parsed(zone, datetime(2027, 1, 1, tzinfo=UTC))
    start, end = (int(one.timestamp() * 1000) for one in (query.range.start, query.range.end))
    seen = _seen(world, asked, query.intervals.starts, start - START_MS, end)
    by_hand = Counter(len(set(places)) for places in seen.values())

    answer: Stickiness = _answer(worlds, world, body, query)

    assert [one.days for one in answer.days] == list(range(1, len(query.intervals.starts) + 1))
    assert {one.days: one.people for one in answer.days if one.people} == by_hand
    days = random.choice([*by_hand, 1])
    people = {person for person, places in seen.items() if len(set(places)) == days}
    assert _answer(worlds, world, body, query, StickinessSelector(days)) == people
