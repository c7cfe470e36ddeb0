"""Retention against following everybody through a calendar in plain Python."""

from bisect import bisect_right
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import reference
from tests.support.reference import HOUR_MS, START, Event, World, Worlds, random_filter

from whipstitch.analytics.expressions import filters
from whipstitch.analytics.expressions.breakdowns import OTHER, Breakdown
from whipstitch.analytics.expressions.event_matcher import Match
from whipstitch.analytics.expressions.filters import On
from whipstitch.analytics.expressions.time_ranges import TimeRange
from whipstitch.analytics.people import drill_down
from whipstitch.analytics.reports import retention
from whipstitch.analytics.reports.retention_calendar import Calendar, Interval, single
from whipstitch.analytics.reports.retention_query import (
    Measure,
    Mode,
    Retention,
    RetentionCohort,
    RetentionQuery,
    RetentionSelector,
)

_ZONES = ("UTC", "Europe/Berlin", "America/Sao_Paulo", "Asia/Kolkata")
_LONG_AFTER = START + timedelta(days=1000)
_EVER = -(10**12)
_DAYS = {"day": 1, "week": 7, "month": 30}


def _random_question(random: Random) -> dict[str, Any]:
    start = random.randint(-10, 100) * HOUR_MS
    return {
        "started": random.choice([*reference.NAMES, None]),
        "came_back": random.choice([*reference.NAMES, None]),
        "mode": random.choice(get_args(Mode)),
        "interval": random.choice(["day", "day", "day", *get_args(Interval)]),
        "zone": random.choice(_ZONES),
        "range": (start, start + random.randint(1, 120) * HOUR_MS),
        "ends": random.choice([*map(single, range(6)), single(70), (1, 3, 7), (2,), (4, 5)]),
        "rolling": random.random() < 0.4,
        "measure": random.choice([None, *get_args(Measure)]),
        "breakdown": random.choice([None, _random_breakdown(random)]),
        "now": START + timedelta(hours=random.choice([random.randint(0, 300), 2_000])),
        "filters": [random_filter(random) for _ in range(random.choice([0, 0, 1]))],
    }


def _random_breakdown(random: Random) -> Breakdown:
    on: On = random.choice(["event", "event", "person"])
    name = random.choice(["plan", "price", "$os", "tags"] if on == "event" else ["plan", "tags"])
    return Breakdown(name, random.choice([1, 2, 20]), on, elements=random.random() < 0.3)


def _query(question: dict[str, Any]) -> RetentionQuery:
    range_ = TimeRange(*(START + timedelta(milliseconds=one) for one in question["range"]))
    zone = ZoneInfo(question.get("zone", "UTC"))
    calendar = Calendar.of(
        range_,
        question["interval"],
        question["ends"],
        zone,
        question["now"],
        rolling=question.get("rolling", False),
    )
    return RetentionQuery(
        Match(question["started"]),
        calendar,
        Match(question["came_back"]),
        question["mode"],
        filters.parse(question.get("filters", []), "filters"),
        question.get("breakdown"),
        question.get("measure"),
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
    """``cohorts`` of the starts: of each, who started, by their start event, and when they came
    back, period by period."""

    def __init__(self, world: World, question: dict[str, Any]) -> None:
        self.world, self.question = world, question
        self.zone = ZoneInfo(question.get("zone", "UTC"))
        first, last = question["range"]
        self.bounds = [self._start_of(START + timedelta(milliseconds=first))]
        while len(self.bounds) < 200:
            self.bounds.append(self._next(self.bounds[-1]))
        end = START + timedelta(milliseconds=last)
        self.starts = [start for start in self.bounds if start < end]
        self.begins = max(START + timedelta(milliseconds=first), self.bounds[0])
        self.ends = end
        seen = (max(end, question["now"]) - START) // timedelta(milliseconds=1)
        passing = question.get("filters", [])
        self.started: list[dict[str, Event]] = [{} for _ in self.starts]
        ever: set[str] = set()
        since = first if question["mode"] == "classic" else _EVER
        found = world.matching(question["started"], passing, since, last)
        for event in sorted(found, key=lambda one: one.at):  # stable: in the order of acceptance
            person = world.person(event.sent_id)
            if question["mode"] == "first_time":
                if person in ever:
                    continue
                ever.add(person)
            if event.at >= first:
                self.started[self._index(event.ms)].setdefault(person, event)
        self.back: defaultdict[str, list[int]] = defaultdict(list)
        for event in world.matching(question["came_back"], passing, first, seen):
            self.back[world.person(event.sent_id)].append(event.ms)
        ways = world.matching(question["started"], passing, first, last)
        self.alone = self._alone(ways) if question.get("breakdown") else []

    def spans(self, cohort: int, start: datetime) -> list[tuple[datetime, datetime]]:
        """From when to when each period is, of somebody who started then."""
        edges = [0, *self.question["ends"]]
        if self.question.get("rolling"):
            day = timedelta(days=_DAYS[self.question["interval"]])
            bounds = [start + edge * day for edge in edges]
        else:
            bounds = [self.bounds[cohort + edge] for edge in edges]
        return list(pairwise(bounds))

    def incomplete(self, cohort: int) -> list[bool | None]:
        first = max(self.bounds[cohort], self.begins)
        last = min(self.bounds[cohort + 1], self.ends)
        now = self.question["now"]
        return [
            None if begin >= now else over > now
            for (begin, _), (_, over) in zip(
                self.spans(cohort, first), self.spans(cohort, last), strict=True
            )
        ]

    def reached(self, cohort: int) -> int:
        """How many periods have begun, or begin within the range."""
        looked = max(self.ends, self.question["now"])
        first = max(self.bounds[cohort], self.begins)
        return sum(begin < looked for begin, _ in self.spans(cohort, first))

    def returns(self, cohort: int, person: str) -> list[int]:
        """How often somebody came back in each period."""
        start = START + timedelta(milliseconds=self.started[cohort][person].at)
        return [
            sum(begin <= datetime.fromtimestamp(ms / 1000, UTC) < over for ms in self.back[person])
            for begin, over in self.spans(cohort, start)
        ]

    def people(self, cohort: int, group: str | bool | None = True) -> set[str]:
        """Who started, of a group if there is one (True: all)."""
        started = self.started[cohort].items()
        if group is True:
            return {person for person, _ in started}
        return {person for person, event in started if group in self.groups(event)}

    def groups(self, event: Event) -> set[str | None]:
        return {
            OTHER if value is not None and value not in self.alone else value
            for value in self._values(event)
        }

    def cohort(self, cohort: int, group: str | bool | None = True) -> RetentionCohort:
        people = self.people(cohort, group)
        returns = [self.returns(cohort, person) for person in people]
        came = [sum(map(bool, one)) for one in zip(*returns, strict=True)]
        came = came or [0] * len(self.question["ends"])
        times = [sum(one) for one in zip(*returns, strict=True)] or came
        label = self.starts[cohort].isoformat(timespec="milliseconds").replace("+00:00", "Z")
        answer = RetentionCohort(label, len(people), came[: self.reached(cohort)])
        measure = self.question.get("measure")
        if measure is not None:
            share = [one / len(people) if people else None for one in came]
            values: Any = {"people": came, "share": share, "returns": times}[measure]
            for period, incomplete in enumerate(self.incomplete(cohort)):
                if incomplete is None:
                    values[period] = None
            answer.values = values
        return answer

    def _alone(self, ways: list[Event]) -> list[str]:
        """The values that stand alone: those of the most people."""
        people: defaultdict[str, set[str]] = defaultdict(set)
        for event in ways:
            for value in self._values(event):
                if value is not None:
                    people[value].add(self.world.person(event.sent_id))
        ranked = sorted(people, key=lambda value: (-len(people[value]), value))
        return ranked[: self.question["breakdown"].limit]

    def _values(self, event: Event) -> set[str | None]:
        breakdown = self.question["breakdown"]
        value = self.world.value(event, breakdown.property, breakdown.on)
        if not breakdown.elements:
            return {reference.text(value)}
        elements = value if isinstance(value, list) else [value]
        return {one for one in map(reference.text, elements) if one is not None} or {None}

    def _index(self, ms: int) -> int:
        return bisect_right(self.bounds, datetime.fromtimestamp(ms / 1000, UTC)) - 1

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
    for _ in range(12):
        question = _random_question(random)
        expected = _Expected(world, question)
        cohorts = range(len(expected.starts))

        answer = _ask(worlds, world, _query(question))

        assert answer.cohorts == [expected.cohort(one) for one in cohorts]
        assert answer.incomplete == [expected.incomplete(one) for one in cohorts]
        if question["breakdown"] is None:
            continue
        sizes = Counter(
            group
            for started in expected.started
            for event in started.values()
            for group in expected.groups(event)
        )
        assert isinstance(answer.breakdowns, list)
        assert {one.value: one.cohorts for one in answer.breakdowns} == {
            group: [expected.cohort(one, group) for one in cohorts] for group in sizes
        }
        values = [one.value for one in answer.breakdowns]
        leftovers = [one for one in (OTHER, None) if one in sizes]
        assert values == [
            *sorted(sizes.keys() - {*leftovers}, key=lambda value: (-sizes[value], value)),
            *leftovers,
        ]


@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_the_people_behind_a_number_are_those_who_came_back_or_did_not(
    worlds: Worlds, seed: int
) -> None:
    random = Random(seed)  # noqa: S311
    world = worlds.put(reference.random_world(random))
    for _ in range(8):
        question = _random_question(random)
        expected = _Expected(world, question)
        cohort = max(range(len(expected.starts)), key=lambda one: len(expected.started[one]))
        counted = RetentionSelector(
            cohort,
            random.choice([None, *range(expected.reached(cohort))]),
            random.random() < 0.5,
        )
        wanted = expected.people(cohort)
        if question["breakdown"] is not None and wanted and random.random() < 0.7:
            event = expected.started[cohort][min(wanted)]
            group = min(expected.groups(event), key=str)
            counted = replace(counted, of_group=True, group=group)
            wanted = expected.people(cohort, group)
        if counted.period is not None:
            wanted = {
                person
                for person in wanted
                if bool(expected.returns(cohort, person)[counted.period]) == counted.returned
            }

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
        "ends": single(2),
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

    first, second = _returned(worlds, days, mode=mode, ends=single(periods))

    assert first == (1, [1, *[0] * (periods - 1), 1])
    assert second == (0, [0] * (periods + 1))


def test_intervals_that_have_not_begun_are_not_there(worlds: Worlds) -> None:
    now = START + timedelta(days=2, hours=5)

    assert _returned(worlds, ".ab", now=now) == [(1, [1, 1, 0]), (0, [0, 0])]


def test_the_start_event_itself_is_a_return_where_it_matches(worlds: Worlds) -> None:
    assert _returned(worlds, ".a", came_back="a", ends=single(0)) == [(1, [1]), (0, [0])]
    assert _returned(worlds, ".a", came_back="b", ends=single(0)) == [(1, [0]), (0, [0])]


@pytest.mark.parametrize("mode", get_args(Mode))
def test_nobody_at_all_is_an_answer(worlds: Worlds, mode: Mode) -> None:
    assert _returned(worlds, "bbb", mode=mode, ends=single(1)) == [(0, [0, 0]), (0, [0, 0])]
