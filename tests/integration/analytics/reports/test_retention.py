"""Retention against following everybody through a calendar in plain Python."""

from bisect import bisect_right
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import reference
from tests.support.reference import HOUR_MS, START, START_MS, Event, World, Worlds, random_filter

from whipstitch.analytics.expressions import filters
from whipstitch.analytics.expressions.event_matcher import Match
from whipstitch.analytics.expressions.time_ranges import TimeRange
from whipstitch.analytics.people import drill_down
from whipstitch.analytics.reports import retention
from whipstitch.analytics.reports.retention import (
    Calendar,
    Interval,
    Mode,
    Retention,
    RetentionQuery,
    RetentionSelector,
)

_ZONES = ("UTC", "Europe/Berlin", "America/Sao_Paulo", "Asia/Kolkata")
_LONG_AFTER = START + timedelta(days=1000)
_EVER = -(10**12)


def _random_question(random: Random) -> dict[str, Any]:
    start = random.randint(-10, 100) * HOUR_MS
    return {
        "started": random.choice([*reference.NAMES, None]),
        "came_back": random.choice([*reference.NAMES, None]),
        "mode": random.choice(get_args(Mode)),
        "interval": random.choice(["day", "day", "day", *get_args(Interval)]),
        "zone": random.choice(_ZONES),
        "range": (start, start + random.randint(1, 120) * HOUR_MS),
        "periods": random.choice([*range(6), 70]),
        "now": START + timedelta(hours=random.choice([random.randint(0, 300), 2_000])),
        "filters": [random_filter(random) for _ in range(random.choice([0, 0, 1]))],
    }


def _query(question: dict[str, Any]) -> RetentionQuery:
    range_ = TimeRange(*(START + timedelta(milliseconds=one) for one in question["range"]))
    zone = ZoneInfo(question.get("zone", "UTC"))
    return RetentionQuery(
        Match(question["started"]),
        Calendar.of(range_, question["interval"], question["periods"], zone, question["now"]),
        Match(question["came_back"]),
        question["mode"],
        filters.parse(question.get("filters", []), "filters"),
    )


def _ask(worlds: Worlds, world: World, query: RetentionQuery) -> Retention:
    async def ask(reading: Any) -> Retention:
        return retention.shape(query, await reading.run(retention.build(query, reading.persons)))

    return worlds.read(world.scope(), ask)


def _people(
    worlds: Worlds, world: World, query: RetentionQuery, counted: RetentionSelector
) -> set[str]:
    page = drill_down.parse(1000, None)

    async def ask(reading: Any) -> set[str]:
        rows = await reading.run(retention.people(query, counted, page, reading.persons))
        return set(drill_down.shape(page, rows).people)

    return worlds.read(world.scope(), ask)


# The same in Python


class _Expected:
    """``cohorts``: of each, the people, and those of them who came back, interval by interval."""

    def __init__(self, world: World, question: dict[str, Any]) -> None:
        self.question = question
        self.zone = ZoneInfo(question.get("zone", "UTC"))
        first, last = question["range"]
        self.starts = [self._start_of(START + timedelta(milliseconds=first))]
        while len(self.starts) < 200:
            self.starts.append(self._next(self.starts[-1]))
        end = START + timedelta(milliseconds=last)
        now = max(end, question["now"])
        passing = question.get("filters", [])

        def who(name: str | None, since: int, until: int) -> list[tuple[int, str]]:
            return [
                (event.ms, world.person(event.sent_id))
                for event in world.matching(name, passing, since, until)
            ]

        started = who(question["started"], first, last)
        if question["mode"] == "first_time":
            firsts: dict[str, int] = {}
            for ms, person in sorted(who(question["started"], _EVER, last)):
                firsts.setdefault(person, ms)
            started = [(ms, person) for person, ms in firsts.items() if ms >= START_MS + first]
        members, returned = defaultdict(set), defaultdict(set)
        for ms, person in started:
            members[self._index(ms)].add(person)
        seen = (now - START) // timedelta(milliseconds=1)
        for ms, person in who(question["came_back"], first, seen):
            returned[self._index(ms)].add(person)
        self.cohorts = [
            (
                members[index],
                [
                    members[index] & returned[index + period]
                    for period in range(question["periods"] + 1)
                    if self.starts[index + period] < now
                ],
            )
            for index, start in enumerate(self.starts)
            if start < end
        ]

    def _index(self, ms: int) -> int:
        return bisect_right(self.starts, datetime.fromtimestamp(ms / 1000, UTC)) - 1

    def _start_of(self, moment: datetime) -> datetime:
        day = moment.astimezone(self.zone).replace(hour=0, minute=0, second=0, microsecond=0)
        if self.question["interval"] == "week":
            day -= timedelta(days=day.weekday())
        elif self.question["interval"] == "month":
            day = day.replace(day=1)
        return day.astimezone(UTC)

    def _next(self, start: datetime) -> datetime:
        days = {"day": 1.5, "week": 7.5, "month": 31.5}[self.question["interval"]]
        return self._start_of(start + timedelta(days=days))


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_cohorts_and_their_returns_are_what_following_everybody_gives(
    worlds: Worlds, seed: int
) -> None:
    random = Random(seed)  # noqa: S311
    world = worlds.put(reference.random_world(random))
    for _ in range(8):
        question = _random_question(random)
        expected = _Expected(world, question)

        answer = _ask(worlds, world, _query(question))

        assert [datetime.fromisoformat(one.start) for one in answer.cohorts] == expected.starts[
            : len(expected.cohorts)
        ]
        assert [(one.size, one.returned) for one in answer.cohorts] == [
            (len(members), list(map(len, returned))) for members, returned in expected.cohorts
        ]


@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_the_people_behind_a_number_are_those_who_came_back_or_did_not(
    worlds: Worlds, seed: int
) -> None:
    random = Random(seed)  # noqa: S311
    world = worlds.put(reference.random_world(random))
    for _ in range(6):
        question = _random_question(random)
        cohorts = _Expected(world, question).cohorts
        cohort = max(range(len(cohorts)), key=lambda one: len(cohorts[one][0]))
        members, returned = cohorts[cohort]
        period = random.choice([None, *range(len(returned))])
        came_back = random.random() < 0.5
        wanted = members
        if period is not None:
            wanted = returned[period] if came_back else members - returned[period]

        counted = RetentionSelector(cohort, period, came_back)

        assert _people(worlds, world, _query(question), counted) == wanted


DAY_MS = 24 * HOUR_MS


def _returned(worlds: Worlds, days: str, **question: Any) -> list[tuple[int, list[int]]]:
    """Size and returns of the daily cohorts of two days; ``days`` are events, letters, each a day
    after the one before (``.`` is none), with a bar between people; the first is the one before the
    two days."""
    sent = [
        Event(letter, f"user_{number}", (day - 1) * DAY_MS + HOUR_MS)
        for number, person in enumerate(days.split("|"))
        for day, letter in enumerate(person)
        if letter != "."
    ]
    world = worlds.put(World(sent))
    asked = {
        "started": "a",
        "came_back": None,
        "mode": "classic",
        "interval": "day",
        "range": (0, 2 * DAY_MS),
        "periods": 2,
        "now": _LONG_AFTER,
    } | question
    answer = _ask(worlds, world, _query(asked))
    return [(one.size, one.returned) for one in answer.cohorts]


def test_who_starts_in_two_intervals_is_in_two_cohorts(worlds: Worlds) -> None:
    assert _returned(worlds, "aaa") == [(1, [1, 1, 0]), (1, [1, 0, 0])]


def test_the_first_time_ever_may_be_before_the_range(worlds: Worlds) -> None:
    assert _returned(worlds, "aaa|.aa", mode="first_time") == [(1, [1, 1, 0]), (0, [0, 0, 0])]


def test_who_comes_back_after_the_range_came_back(worlds: Worlds) -> None:
    assert _returned(worlds, ".a.b|..ab", came_back="b") == [(1, [0, 0, 1]), (1, [0, 1, 0])]


@pytest.mark.parametrize("periods", [62, 63])
@pytest.mark.parametrize("mode", get_args(Mode))
def test_there_may_be_64_intervals_and_more(worlds: Worlds, mode: Mode, periods: int) -> None:
    days = f".a{'.' * (periods - 1)}bb"

    first, second = _returned(worlds, days, mode=mode, periods=periods)

    assert first == (1, [1, *[0] * (periods - 1), 1])
    assert second == (0, [0] * (periods + 1))


def test_intervals_that_have_not_begun_are_not_there(worlds: Worlds) -> None:
    now = START + timedelta(days=2, hours=5)

    assert _returned(worlds, ".ab", now=now) == [(1, [1, 1, 0]), (0, [0, 0])]


def test_the_start_event_itself_is_a_return_where_it_matches(worlds: Worlds) -> None:
    assert _returned(worlds, ".a", came_back="a", periods=0) == [(1, [1]), (0, [0])]
    assert _returned(worlds, ".a", came_back="b", periods=0) == [(1, [0]), (0, [0])]


@pytest.mark.parametrize("mode", get_args(Mode))
def test_nobody_at_all_is_an_answer(worlds: Worlds, mode: Mode) -> None:
    assert _returned(worlds, "bbb", mode=mode, periods=1) == [(0, [0, 0]), (0, [0, 0])]
