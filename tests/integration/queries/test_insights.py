"""Insights against a plain-Python count of small worlds."""

import math
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support import reference
from tests.support.reference import HOUR_MS, START_MS, Event, World, Worlds

from whipstitch.queries import filters, insights, people_of
from whipstitch.queries.breakdowns import OTHER, Breakdown, Group
from whipstitch.queries.insights import Counted, Insights, InsightsQuery, Series
from whipstitch.queries.matches import Match
from whipstitch.queries.time_ranges import Interval, TimeRange, intervals

_ZONES = ("UTC", "Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kolkata")
_RANGE = TimeRange(*(datetime.fromtimestamp(START_MS / 1000 + s, UTC) for s in (3600, 500_000)))
_START, _END = HOUR_MS, 500_000_000

_maths = st.sampled_from(["total", "unique", "sum", "avg", "min", "max", "p50", "p95"])
_texts = st.sampled_from(["free", "pro", "PRO", "é", "", "10", "2.5", "true", "o'dd\"`\\", "ann"])
_scalars = _texts | st.sampled_from([0, 1, 10, 2.5, 2**60, True])
_names = st.sampled_from(["plan", "price", "a", "a.b", "a.b.c", "$os", "$distinct_id", "gone"])
_traits = st.sampled_from(["plan", "age", "address", "address.city", "gone"])


def _filter(operators: list[str], values: st.SearchStrategy[Any] | None) -> st.SearchStrategy[Any]:
    value = {} if values is None else {"value": values}
    operator = st.sampled_from(operators)
    on_event = {"property": _names, "operator": operator, **value}
    on_person = {"property": _traits, "operator": operator, "on": st.just("person"), **value}
    return st.fixed_dictionaries(on_event) | st.fixed_dictionaries(on_person)


_filters = st.lists(
    _filter(["is", "is_not"], _scalars | st.lists(_scalars, min_size=1, max_size=3))
    | _filter(["contains", "not_contains"], _texts.filter(bool))
    | _filter(["gt", "gte", "lt", "lte"], _texts | st.sampled_from([0, 1, 2.5]))
    | _filter(["is_set", "is_not_set"], None)
    | _filter(["regex"], st.sampled_from(["^p", "[0-9]+", "o.d", "."])),
    max_size=2,
)


@st.composite
def _series(draw: st.DrawFn) -> dict[str, Any]:
    math_ = draw(_maths)
    return {
        "event_name": draw(st.sampled_from([*reference.NAMES, None])),
        "math": math_,
        "property": None if math_ in ("total", "unique") else draw(st.just("price") | _names),
        "filters": draw(_filters),
    }


@st.composite
def _questions(draw: st.DrawFn) -> dict[str, Any]:
    by = st.one_of(
        st.builds(Breakdown, property=_names, limit=st.integers(1, 3)),
        st.builds(Breakdown, property=_traits, limit=st.integers(1, 3), on=st.just("person")),
    )
    return {
        "series": draw(st.lists(_series(), min_size=1, max_size=3)),
        "interval": draw(st.sampled_from(["hour", "day", "week", "month"])),
        "zone": draw(st.sampled_from(_ZONES)),
        "filters": draw(_filters),
        "breakdown": draw(st.none() | by),
    }


@pytest.fixture(scope="module")
def worlds(chdb_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worlds]:
    with reference.worlds_in(chdb_url, tmp_path_factory.mktemp("worlds")) as opened:
        yield opened


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


def _ask(worlds: Worlds, world: World, query: InsightsQuery) -> Insights:
    async def ask(reading: Any) -> Insights:
        return insights.shape(query, await reading.run(insights.build(query, reading.persons)))

    return worlds.read(world.scope(), ask)


def _people(worlds: Worlds, world: World, query: InsightsQuery, counted: Counted) -> set[str]:
    async def ask(reading: Any) -> set[str]:
        found: list[str] = []
        cursor = None
        while True:
            page = people_of.parse(2, cursor)
            rows = await reading.run(insights.people(query, counted, page, reading.persons))
            answer = people_of.shape(page, rows)
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
        return dict(groups) if self.breakdown else {None: self.events}

    def number(self, events: list[Event], math_: str = "") -> float:
        math_ = math_ or self.series["math"]
        if math_ == "total":
            return len(events)
        if math_ == "unique":
            return len({self.world.person(event.sent_id) for event in events})
        numbers = [one for event in events if (one := self._number(event)) is not None]
        return _AGGREGATES[math_](numbers) if numbers else 0

    def people(self, events: list[Event]) -> set[str]:
        counted = [
            event
            for event in events
            if self.series["property"] is None or self._number(event) is not None
        ]
        return {self.world.person(event.sent_id) for event in counted}

    def _number(self, event: Event) -> float | None:
        return reference.number_in(reference.text(self.world.value(event, self.series["property"])))

    def _value(self, event: Event) -> str | None:
        assert self.breakdown is not None
        on_person = self.breakdown.on == "person"
        value = self.world.value(event, self.breakdown.property, self.breakdown.on)
        return reference.text(value, objects=on_person)

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
            if (value := self._value(event)) is not None:
                by_value[value].append(event)
        weights = {value: self._weight(events) for value, events in by_value.items()}
        ranked = sorted(weights, key=lambda value: (-weights[value], value.encode()))
        return set(ranked[: self.breakdown.limit])

    def _weight(self, events: list[Event]) -> float:
        if self.series["math"] in ("total", "unique", "sum"):
            return self.number(events)
        return sum(self._number(event) is not None for event in events)


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


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(world=reference.worlds(), questions=st.lists(_questions(), min_size=1, max_size=4))
def test_every_number_is_what_counting_by_hand_gives(
    worlds: Worlds, world: World, questions: list[dict[str, Any]]
) -> None:
    worlds.put(world)
    for question in questions:
        query = _query(question)
        answer = _ask(worlds, world, query)
        starts = query.intervals.starts

        lines = iter(answer.series)
        for index, series in enumerate(question["series"]):
            expected = _Expected(world, question, index)
            groups = expected.groups()
            # A value may be called as the rest is: it is a group of its own all the same.
            for _ in range(len(groups)):
                line = next(lines)
                assert line.event_name == series["event_name"]
                events = groups[line.breakdown]
                assert line.total == pytest.approx(expected.number(events))
                by_hand = [
                    expected.number([event for event in events if _start(event, starts) == start])
                    for start in starts
                ]
                assert line.values == pytest.approx(by_hand)
        assert next(lines, None) is None


def _start(event: Event, starts: tuple[int, ...]) -> int:
    return max(start for start in starts if start <= event.ms)
