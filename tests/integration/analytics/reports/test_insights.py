"""Insights against a plain-Python count of small worlds."""

import bisect
import math
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from random import Random
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import reference
from tests.support.reference import HOUR_MS, START_MS, Event, World, Worlds, random_filter

from whipstitch.analytics.expressions import filters
from whipstitch.analytics.expressions.breakdowns import MOST_CELLS, OTHER, Breakdown, Group
from whipstitch.analytics.expressions.event_matcher import Match
from whipstitch.analytics.expressions.time_ranges import Interval, TimeRange, intervals
from whipstitch.analytics.people import drill_down
from whipstitch.analytics.reports import insights
from whipstitch.analytics.reports.insights import Insights, InsightSelector, InsightsQuery
from whipstitch.analytics.reports.measure import Math, Series

_ZONES = ("UTC", "Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kolkata")
_RANGE = TimeRange(*(datetime.fromtimestamp(START_MS / 1000 + s, UTC) for s in (3600, 500_000)))
_START, _END = HOUR_MS, 500_000_000

_MATHS: tuple[Math, ...] = get_args(Math)
_BREAKDOWNS = ("plan", "price", "a.b", "$os", "$distinct_id", "gone")
_PERSON_BREAKDOWNS = ("plan", "age", "address", "address.city")


def _random_question(random: Random) -> dict[str, Any]:
    by = None
    if random.random() < 0.6:
        limit = random.randint(1, 3)
        by = Breakdown(random.choice(_BREAKDOWNS), limit)
        if random.random() < 0.3:
            by = Breakdown(random.choice(_PERSON_BREAKDOWNS), limit, "person")
    return {
        "series": [_random_series(random) for _ in range(random.randint(1, 3))],
        "interval": random.choice(get_args(Interval)),
        "zone": random.choice(_ZONES),
        "filters": [random_filter(random) for _ in range(random.choice([0, 0, 1]))],
        "breakdown": by,
    }


def _random_series(random: Random) -> dict[str, Any]:
    math_ = random.choice(_MATHS)
    return {
        "event_name": random.choice([*reference.NAMES, None, None]),
        "math": math_,
        "property": None if math_ in ("total", "unique") else random.choice(["price", "a.b"]),
        "filters": [random_filter(random) for _ in range(random.choice([0, 0, 1]))],
    }


def _query(question: dict[str, Any]) -> InsightsQuery:
    zone = ZoneInfo(question.get("zone", "UTC"))
    interval: Interval = question.get("interval", "day")
    return InsightsQuery(
        tuple(
            Series(
                Match(one["event_name"], filters.parse(one.get("filters", []), "filters")),
                one.get("math", "total"),
                one.get("property"),
            )
            for one in question["series"]
        ),
        _RANGE,
        intervals(_RANGE, interval, zone),
        filters.parse(question.get("filters", []), "filters"),
        question.get("breakdown"),
    )


def _ask(worlds: Worlds, world: World, query: InsightsQuery, most_cells: int) -> Insights:
    return worlds.read(
        world.scope(), lambda reading: insights.answer(reading, query, most_cells=most_cells)
    )


def _people(
    worlds: Worlds, world: World, query: InsightsQuery, counted: InsightSelector
) -> set[str]:
    async def ask(reading: Any) -> set[str]:
        found: list[str] = []
        cursor = None
        while True:
            page = drill_down.parse(2, cursor)
            rows = await reading.run(insights.people(query, counted, page, reading.persons))
            answer = drill_down.shape(page, rows)
            assert len(answer.people) <= 2
            found += answer.people
            cursor = answer.next_cursor
            if cursor is None:
                assert len(set(found)) == len(found)
                return set(found)

    return worlds.read(world.scope(), ask)


# The same in Python


class _Expected:
    def __init__(self, world: World, question: dict[str, Any], index: int) -> None:
        self.world = world
        self.series = question["series"][index]
        self.breakdown: Breakdown | None = question["breakdown"]
        shared = question["filters"]
        self.events = world.matching(
            self.series["event_name"], [*self.series["filters"], *shared], _START, _END
        )
        self.tops = self._tops()

    def groups(self) -> dict[Group, list[Event]]:
        groups: dict[Group, list[Event]] = defaultdict(list)
        for event in self.events:
            groups[self._group(event)].append(event)
        if self.breakdown is None:
            return {None: self.events}
        # Of numbers only what has one is a group.
        return {group: some for group, some in groups.items() if self._weighs(some)}

    def number(self, events: list[Event], math_: str = "") -> float | None:
        math_ = math_ or self.series["math"]
        if math_ == "total":
            return len(events)
        if math_ == "unique":
            return len({self.world.person(event.sent_id) for event in events})
        numbers = [one for event in events if (one := self._number(event)) is not None]
        if not numbers:
            return 0 if math_ == "sum" else None
        return _AGGREGATES[math_](numbers)

    def people(self, events: list[Event]) -> set[str]:
        counted = [
            event
            for event in events
            if self.series["property"] is None or self._number(event) is not None
        ]
        return {self.world.person(event.sent_id) for event in counted}

    def _number(self, event: Event) -> float | None:
        text = reference.text(self.world.value(event, self.series["property"]))
        number = reference.number_in(text)
        return None if number is None else float(number)

    def _value(self, event: Event) -> str | None:
        assert self.breakdown is not None
        value = self.world.value(event, self.breakdown.property, self.breakdown.on)
        return reference.text(value)

    def _group(self, event: Event) -> Group:
        if self.breakdown is None:
            return None
        value = self._value(event)
        return value if value is None or value in self.tops else OTHER

    def _tops(self) -> set[str]:
        if self.breakdown is None:
            return set()
        by_value: dict[str, list[Event]] = defaultdict(list)
        for event in self.events:
            if (value := self._value(event)) is not None and self._weighs([event]):
                by_value[value].append(event)
        weights = {value: self._weight(events) for value, events in by_value.items()}
        ranked = sorted(weights, key=lambda value: (-weights[value], value.encode()))
        return set(ranked[: self.breakdown.limit])

    def _weighs(self, events: list[Event]) -> bool:
        no_number = self.series["property"] is not None and all(
            self._number(event) is None for event in events
        )
        return not no_number

    def _weight(self, events: list[Event]) -> float:
        if self.series["math"] in ("total", "unique", "sum"):
            return self.number(events) or 0
        return sum(self._number(event) is not None for event in events)


def _zeros(numbers: Iterable[float | None]) -> list[float]:
    return [number or 0 for number in numbers]


def _quantile(share: float) -> Callable[[list[float]], float]:
    def quantile(numbers: list[float]) -> float:
        ordered = sorted(numbers)
        place = share * (len(ordered) - 1)
        low = ordered[math.floor(place)]
        return low + (ordered[math.ceil(place)] - low) * (place - math.floor(place))

    return quantile


_AGGREGATES: dict[str, Callable[[list[float]], float]] = {
    "sum": math.fsum,
    "avg": statistics.fmean,
    "min": min,
    "max": max,
    "p50": _quantile(0.5),
    "p95": _quantile(0.95),
}


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_every_number_is_what_counting_by_hand_gives(worlds: Worlds, seed: int) -> None:
    random = Random(seed)  # noqa: S311
    world = worlds.put(reference.random_world(random))
    for _ in range(8):
        question = _random_question(random)
        query = _query(question)
        # With few cells most breakdowns are crowded, some are just not.
        answer = _ask(worlds, world, query, random.choice([1, 4, 12, MOST_CELLS]))
        starts = query.intervals.starts
        lines = iter(answer.series)
        for index, series in enumerate(question["series"]):
            expected = _Expected(world, question, index)
            groups = expected.groups()
            for _ in groups:
                line = next(lines)
                assert line.event_name == series["event_name"]
                events = groups[line.breakdown]
                by_start: dict[int, list[Event]] = {start: [] for start in starts}
                for event in events:
                    by_start[_start(event, starts)].append(event)
                by_hand = [expected.number(some) for some in by_start.values()]
                assert [one is None for one in line.values] == [one is None for one in by_hand]
                assert _zeros(line.values) == pytest.approx(_zeros(by_hand)), line
                assert line.total == pytest.approx(expected.number(events)), line
        assert next(lines, None) is None


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_the_people_behind_a_number_are_those_whose_events_made_it(
    worlds: Worlds, seed: int
) -> None:
    random = Random(seed)  # noqa: S311
    world = worlds.put(reference.random_world(random))
    for _ in range(6):
        question = _random_question(random)
        query = _query(question)
        index = random.randrange(len(query.series))
        expected = _Expected(world, question, index)
        groups = expected.groups()
        of_group = query.breakdown is not None and bool(groups) and random.random() < 0.8
        group = random.choice(sorted(groups, key=str)) if of_group else None
        events = groups[group] if of_group else expected.events
        start = random.choice([None, *query.intervals.starts])
        if start is not None:
            events = [one for one in events if _start(one, query.intervals.starts) == start]

        people = _people(worlds, world, query, InsightSelector(index, start, of_group, group))

        assert people == expected.people(events)


def _start(event: Event, starts: tuple[int, ...]) -> int:
    return starts[bisect.bisect_right(starts, event.ms) - 1]
