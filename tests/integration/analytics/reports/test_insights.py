"""Insights against a plain-Python count of small worlds."""

import bisect
import math
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import reference
from tests.support.examples import examples
from tests.support.reference import HOUR_MS, START_MS, Event, World, Worlds, random_filter

from whipstitch.analytics.expressions import filters
from whipstitch.analytics.expressions.breakdowns import MOST_CELLS, OTHER, Breakdown, Group
from whipstitch.analytics.expressions.event_matcher import Match
from whipstitch.analytics.expressions.groupings import Buckets
from whipstitch.analytics.expressions.intervals import Interval, intervals
from whipstitch.analytics.expressions.time_ranges import TimeRange
from whipstitch.analytics.people import drill_down
from whipstitch.analytics.reports import insights
from whipstitch.analytics.reports.insight_query import Insights, InsightSelector, InsightsQuery
from whipstitch.analytics.reports.insight_statement import people as people_behind
from whipstitch.analytics.reports.measure import Math, PerPerson, Series
from whipstitch.analytics.reports.windows import growing, rolling

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
    per_person = math_ != "unique" and random.random() < 0.3
    return {
        "event_name": random.choice([*reference.NAMES, None, None]),
        "math": math_,
        "per_person": random.choice(get_args(PerPerson)) if per_person else None,
        "property": None if math_ in ("total", "unique") else random.choice(["price", "a.b"]),
        "filters": [random_filter(random) for _ in range(random.choice([0, 0, 1]))],
    }


def _query(question: dict[str, Any]) -> InsightsQuery:
    zone = ZoneInfo(question.get("zone", "UTC"))
    interval: Interval = question.get("interval", "day")
    cut = intervals(_RANGE, interval, zone)
    series = tuple(
        Series(
            Match(one["event_name"], filters.parse(one.get("filters", []), "filters")),
            one.get("math", "total"),
            one.get("property"),
            one.get("per_person"),
            one.get("rolling_days"),
        )
        for one in question["series"]
    )
    return InsightsQuery(
        series,
        _RANGE,
        cut,
        filters.parse(question.get("filters", []), "filters"),
        question.get("breakdown"),
        windows=tuple(
            None if one.rolling_days is None else rolling(cut, one.rolling_days, _RANGE, zone)
            for one in series
        ),
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
            rows = await reading.run(people_behind(query, counted, page, reading.persons))
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
        self.filters = [*self.series["filters"], *question["filters"]]
        self.events = self.between(_START, _END)
        self.tops = self._tops()

    def between(self, start: int, end: int) -> list[Event]:
        """Those that it is about, of a span of time in milliseconds from START."""
        return self.world.matching(self.series["event_name"], self.filters, start, end)

    def groups(self, events: list[Event] | None = None) -> dict[Group, list[Event]]:
        events = self.events if events is None else events
        groups: dict[Group, list[Event]] = defaultdict(list)
        for event in events:
            groups[self.group(event)].append(event)
        if self.breakdown is None:
            return {None: events}
        # Of numbers only what has one is a group.
        return {group: some for group, some in groups.items() if self.weighs(some)}

    def number(self, events: list[Event]) -> float | None:
        if self.series["per_person"] is None:
            return self._math(events)
        by_person: dict[str, list[Event]] = defaultdict(list)
        for event in events:
            if self.weighs([event]):
                by_person[self.world.person(event.sent_id)].append(event)
        each = [one for some in by_person.values() if (one := self._math(some)) is not None]
        return _OVER_PEOPLE[self.series["per_person"]](each) if each else None

    def _math(self, events: list[Event]) -> float | None:
        math_ = self.series["math"]
        if math_ == "total":
            return len(events)
        if math_ == "distinct":
            values = (self.world.value(event, self.series["property"]) for event in events)
            return len({text for one in values if (text := reference.text(one)) is not None})
        if math_ == "unique":
            return len({self.world.person(event.sent_id) for event in events})
        numbers = [one for event in events if (one := self._number(event)) is not None]
        if not numbers:
            return 0 if math_ == "sum" else None
        return _AGGREGATES[math_](numbers)

    def people(self, events: list[Event]) -> set[str]:
        counted = [event for event in events if self.weighs([event])]
        return {self.world.person(event.sent_id) for event in counted}

    def _number(self, event: Event) -> float | None:
        text = reference.text(self.world.value(event, self.series["property"]))
        number = reference.number_in(text)
        return None if number is None else float(number)

    def _value(self, event: Event) -> str | None:
        assert self.breakdown is not None
        value = self.world.value(event, self.breakdown.property, self.breakdown.on)
        return reference.text(value)

    def group(self, event: Event) -> Group:
        if self.breakdown is None:
            return None
        value = self._value(event)
        return value if value is None or value in self.tops else OTHER

    def _tops(self) -> set[str]:
        if self.breakdown is None:
            return set()
        by_value: dict[str, list[Event]] = defaultdict(list)
        for event in self.events:
            if (value := self._value(event)) is not None and self.weighs([event]):
                by_value[value].append(event)
        weights = {value: self._weight(events) for value, events in by_value.items()}
        ranked = sorted(weights, key=lambda value: (-weights[value], value.encode()))
        return set(ranked[: self.breakdown.limit])

    def weighs(self, events: list[Event]) -> bool:
        if self.series["math"] == "distinct":
            return bool(self._math(events))
        no_number = self.series["property"] is not None and all(
            self._number(event) is None for event in events
        )
        return not no_number

    def _weight(self, events: list[Event]) -> float:
        if self.series["math"] in ("total", "unique", "sum", "distinct"):
            return self._math(events) or 0
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
    "p90": _quantile(0.9),
    "p95": _quantile(0.95),
    "p99": _quantile(0.99),
}
_OVER_PEOPLE = _AGGREGATES | {"median": _quantile(0.5)}


@settings(max_examples=examples(4), deadline=None)
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


@settings(max_examples=examples(3), deadline=None)
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


@settings(max_examples=examples(4), deadline=None)
@given(seed=st.integers(0, 2**32))
def test_people_of_trailing_days_and_of_all_up_to_then_are_counted_once(
    worlds: Worlds, seed: int
) -> None:
    random = Random(seed)  # noqa: S311
    world = worlds.put(reference.random_world(random))
    for _ in range(4):
        question = _random_question(random)
        days = random.choice([None, 1, 2, 4])
        question["series"] = [question["series"][0] | _UNIQUE | {"rolling_days": days}]
        query = _query(question)
        cut = query.intervals
        if days is None:
            query = replace(query, windows=(growing(cut, _RANGE),), cumulative=True)
        expected = _Expected(world, question, 0)

        answer = _ask(worlds, world, query, MOST_CELLS)

        zone = ZoneInfo(question["zone"])
        lines = {line.breakdown: line for line in answer.series}
        for place, end in enumerate(cut.ends):
            start = _START if days is None else _days_before(end, days, zone) - START_MS
            events = expected.between(start, min(end - START_MS, _END))
            people = {
                group: expected.people(some) for group, some in expected.groups(events).items()
            }
            found = {group: line.values[place] for group, line in lines.items()}
            assert {group: found[group] for group in people} == {
                group: len(some) for group, some in people.items()
            }
            assert sum(filter(None, found.values())) == sum(map(len, people.values()))
        if days is None and people:
            group = random.choice(list(people))
            counted = InsightSelector(0, cut.starts[-1], query.breakdown is not None, group)
            assert _people(worlds, world, query, counted) == people[group]


@settings(max_examples=examples(3), deadline=None)
@given(seed=st.integers(0, 2**32))
def test_several_breakdowns_tell_apart_by_all_of_them_at_once(worlds: Worlds, seed: int) -> None:
    random = Random(seed)  # noqa: S311
    world = worlds.put(reference.random_world(random))
    for _ in range(4):
        question = _random_question(random)
        question["series"] = question["series"][:1]
        by = [
            Breakdown(random.choice(_BREAKDOWNS), random.randint(1, 3)),
            Breakdown(random.choice(_PERSON_BREAKDOWNS), random.randint(1, 3), "person"),
            Breakdown("tags", random.randint(1, 3), elements=False),
        ]
        random.shuffle(by)
        groupings: list[Any] = by[: random.randint(1, 2)]
        each = [_Expected(world, question | {"breakdown": one}, 0) for one in groupings]
        if with_buckets := random.random() < 0.5:
            groupings.append(Buckets("price", edges=(0, 2.5, 10)))
        question["breakdown"] = None
        query = replace(_query(question), groupings=tuple(groupings))

        answer = _ask(worlds, world, query, MOST_CELLS)

        by_group: dict[tuple[Group, ...], list[Event]] = defaultdict(list)
        for event in each[0].events:
            group = tuple(one.group(event) for one in each)
            by_group[(*group, _bucket(world, event)) if with_buckets else group].append(event)
        by_group = {group: some for group, some in by_group.items() if each[0].weighs(some)}
        found = {tuple(line.breakdowns or ()): line.total for line in answer.series}
        by_hand = {group: each[0].number(some) for group, some in by_group.items()}
        assert found == pytest.approx(by_hand)
        if by_group:
            group = random.choice(sorted(by_group, key=str))
            counted = InsightSelector(0, of_group=True, groups=group)
            assert _people(worlds, world, query, counted) == each[0].people(by_group[group])


def _bucket(world: World, event: Event) -> str | None:
    number = reference.number_in(reference.text(world.value(event, "price")))
    if number is None:
        return None
    ranges = ((0, "< 0"), (2.5, "[0, 2.5)"), (10, "[2.5, 10)"), (math.inf, ">= 10"))
    return next(label for end, label in ranges if number < end)


def _days_before(moment: int, days: int, zone: ZoneInfo) -> int:
    local = datetime.fromtimestamp(moment / 1000, zone)
    return int((local - timedelta(days=days)).timestamp() * 1000)


_UNIQUE = {"math": "unique", "property": None, "per_person": None}
