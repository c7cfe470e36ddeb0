"""Funnels against trying out every attempt of everybody in small worlds."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from random import Random
from statistics import median
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import reference
from tests.support.examples import examples
from tests.support.reference import HOUR_MS, START_MS, Event, World, Worlds, random_filter

from whipstitch.analytics.expressions import filters
from whipstitch.analytics.expressions.breakdowns import OTHER, Breakdown, Group
from whipstitch.analytics.expressions.event_matcher import Match
from whipstitch.analytics.expressions.time_ranges import TimeRange
from whipstitch.analytics.people import drill_down
from whipstitch.analytics.reports import funnels
from whipstitch.analytics.reports.funnel_matching import MOST_KINDS, FunnelMatching, Order
from whipstitch.analytics.reports.funnels import (
    Funnel,
    FunnelQuery,
    FunnelSelector,
    Outcome,
    StepCounts,
)

_START, _END = HOUR_MS, 500_000_000
_RANGE = TimeRange(*(datetime.fromtimestamp((START_MS + s) / 1000, UTC) for s in (_START, _END)))
_ORDERS: tuple[Order, ...] = get_args(Order)
_BREAKDOWNS = (Breakdown("plan", 2), Breakdown("$os", 1), Breakdown("age", 1, "person"))


def _random_question(random: Random) -> dict[str, Any]:
    kinds = [_random_step(random) for _ in range(random.randint(1, MOST_KINDS))]
    return {
        # Few kinds for many steps: the same step again and again.
        "steps": random.choices(kinds, k=random.randint(1, 5)),
        "order": random.choice(_ORDERS),
        "window": random.choice([1, 2 * HOUR_MS, 4 * HOUR_MS, 12 * HOUR_MS, 48 * HOUR_MS]),
        "filters": [random_filter(random) for _ in range(random.choice([0, 0, 0, 1]))],
        "breakdown": random.choice([None, *_BREAKDOWNS]),
    }


def _random_step(random: Random) -> dict[str, Any]:
    return {
        "event_name": random.choice([*reference.NAMES, *reference.NAMES, None]),
        "filters": [random_filter(random) for _ in range(random.choice([0, 0, 1]))],
    }


def _query(question: dict[str, Any]) -> FunnelQuery:
    steps = tuple(
        Match(one["event_name"], filters.parse(one.get("filters", []), "filters"))
        for one in question["steps"]
    )
    return funnels.checked(
        FunnelQuery(
            FunnelMatching(steps, question["window"], question["order"]),
            _RANGE,
            filters.parse(question.get("filters", []), "filters"),
            question.get("breakdown"),
        )
    )


def _ask(worlds: Worlds, world: World, query: FunnelQuery) -> Funnel:
    async def ask(reading: Any) -> Funnel:
        return funnels.shape(query, await reading.run(funnels.build(query, reading.persons)))

    return worlds.read(world.scope(), ask)


def _people(worlds: Worlds, world: World, query: FunnelQuery, counted: FunnelSelector) -> set[str]:
    page = drill_down.parse(1000, None)

    async def ask(reading: Any) -> set[str]:
        rows = await reading.run(funnels.people(query, counted, page, reading.persons))
        return set(drill_down.shape(page, rows).people)

    return worlds.read(world.scope(), ask)


# The same in Python


@dataclass(frozen=True)
class _Attempt:
    first: Event
    times: Sequence[int]


class _Expected:
    def __init__(self, world: World, question: dict[str, Any]) -> None:
        self.world = world
        self.question = question
        self.steps = question["steps"]
        everybody: dict[str, list[Event]] = defaultdict(list)
        self.matching = [
            set(map(id, world.matching(one["event_name"], one.get("filters", []), _START, _END)))
            for one in self.steps
        ]
        seen = world.matching(None, question.get("filters", []), _START, _END)
        for event in sorted(seen, key=lambda one: one.ms):  # equal ones stay as accepted
            everybody[world.person(event.sent_id)].append(event)
        self.best = {
            person: best
            for person, events in everybody.items()
            if (best := self._best(events)) is not None
        }
        self.tops = self._tops(seen)

    def steps_of(self, best: Sequence[_Attempt]) -> list[StepCounts]:
        counts = [sum(len(one.times) > step for one in best) for step in range(len(self.steps))]
        return [
            StepCounts(
                one["event_name"],
                counts[step],
                counts[step] / previous if previous else 0.0,
                counts[step] / counts[0] if counts[0] else 0.0,
                self._median(best, step),
            )
            for step, (one, previous) in enumerate(
                zip(self.steps, [counts[0], *counts], strict=False)
            )
        ]

    def group(self, event: Event) -> Group:
        value = self._value(event)
        return value if value is None or value in self.tops else OTHER

    def people(self, counted: FunnelSelector) -> set[str]:
        least, most = counted.step, len(self.steps)
        if counted.outcome == "dropped":
            least = most = counted.step - 1
        return {
            person
            for person, one in self.best.items()
            if least <= len(one.times) <= most
            and (not counted.of_group or self.group(one.first) == counted.group)
        }

    def _best(self, events: list[Event]) -> _Attempt | None:
        attempts = [
            _Attempt(event, times)
            for index, event in enumerate(events)
            if (times := self._times(events, index))
        ]
        return max(attempts, key=lambda one: len(one.times), default=None)

    def _times(self, events: list[Event], first: int) -> Sequence[int]:
        until = events[first].ms + self.question["window"]
        inside = [one for one in events[first:] if one.ms <= until]
        if self.question["order"] == "unordered":
            return list(self._matched(inside))
        strict = self.question["order"] == "strict"

        @cache
        def furthest(index: int, step: int) -> tuple[int, ...]:
            """The longest way from the event at ``index`` as ``step``; of those the earliest."""
            if index >= len(inside) or id(inside[index]) not in self.matching[step]:
                return ()
            ways: list[tuple[int, ...]] = [()]
            if step + 1 < len(self.steps):
                nexts = [index + 1] if strict else range(index + 1, len(inside))
                ways += [furthest(one, step + 1) for one in nexts]
            return (inside[index].ms, *min(ways, key=lambda way: (-len(way), way)))

        return furthest(0, 0)

    def _matched(self, inside: list[Event]) -> Iterator[int]:
        """The times at which one more step has an event of its own."""
        event_of: dict[int, Event] = {}

        def place(event: Event, tried: set[int]) -> bool:
            for step in range(len(self.steps)):
                if id(event) in self.matching[step] and step not in tried:
                    tried.add(step)
                    if step not in event_of or place(event_of[step], tried):
                        event_of[step] = event
                        return True
            return False

        for event in inside:
            if place(event, set()):
                yield event.ms
            elif event is inside[0]:
                return  # not a step: nothing begins with it

    def _median(self, best: Sequence[_Attempt], step: int) -> float | None:
        waits = [
            one.times[step] - one.times[step - 1] for one in best if step and len(one.times) > step
        ]
        return median(waits) / 1000 if waits else None

    def _value(self, event: Event) -> str | None:
        breakdown: Breakdown = self.question["breakdown"]
        value = self.world.value(event, breakdown.property, breakdown.on)
        return reference.text(value)

    def _tops(self, seen: Sequence[Event]) -> set[str]:
        breakdown = self.question.get("breakdown")
        if breakdown is None:
            return set()
        begins = set[int]().union(
            *(self.matching if self.question["order"] == "unordered" else self.matching[:1])
        )
        people: dict[str, set[str]] = defaultdict(set)
        for event in seen:
            if id(event) in begins and (value := self._value(event)) is not None:
                people[value].add(self.world.person(event.sent_id))
        ranked = sorted(people, key=lambda one: (-len(people[one]), one.encode()))
        return set(ranked[: breakdown.limit])


@settings(max_examples=examples(3), deadline=None)
@given(seed=st.integers(0, 2**32))
def test_every_number_is_what_trying_out_all_attempts_gives(worlds: Worlds, seed: int) -> None:
    random = Random(seed)  # noqa: S311
    world = worlds.put(_distinct(reference.random_world(random)))
    for _ in range(8):
        question = _random_question(random)
        expected = _Expected(world, question)

        funnel = _ask(worlds, world, _query(question))

        assert funnel.steps == expected.steps_of(list(expected.best.values()))
        if question["breakdown"] is None:
            continue
        groups: dict[Group, list[_Attempt]] = defaultdict(list)
        for one in expected.best.values():
            groups[expected.group(one.first)].append(one)
        assert isinstance(funnel.breakdowns, list)
        assert {one.value: one.steps for one in funnel.breakdowns} == {
            value: expected.steps_of(best) for value, best in groups.items()
        }
        sizes = [one.steps[0].count for one in funnel.breakdowns if one.value not in (None, OTHER)]
        assert sizes == sorted(sizes, reverse=True)


@settings(max_examples=examples(2), deadline=None)
@given(seed=st.integers(0, 2**32))
def test_the_people_behind_a_number_are_those_who_got_that_far(worlds: Worlds, seed: int) -> None:
    random = Random(seed)  # noqa: S311
    world = worlds.put(_distinct(reference.random_world(random)))
    for _ in range(6):
        question = _random_question(random)
        expected = _Expected(world, question)
        step = random.randint(1, len(question["steps"]))
        outcome: Outcome = random.choice(["converted", "dropped"]) if step > 1 else "converted"
        groups = [] if question["breakdown"] is None else [None, OTHER, *sorted(expected.tops)]
        counted = FunnelSelector(step, outcome)
        if groups:
            counted = FunnelSelector(step, outcome, True, random.choice(groups))

        assert _people(worlds, world, _query(question), counted) == expected.people(counted)


def _distinct(world: World) -> World:
    """The same with each event an object of its own, so that it has an identity."""
    events = [Event(*(getattr(one, name) for name in _FIELDS)) for one in world.events]
    return World(events, world.parents, world.waiting, world.updates)


_FIELDS = tuple(Event.__dataclass_fields__)


def _counts(worlds: Worlds, events: str, steps: str, order: Order, window: int = 10) -> list[int]:
    """How many take each of ``steps``, letters that name events, of one person's ``events``: a
    letter each second, a dot for none, a bar between people."""
    sent = [
        Event(letter, f"user_{number}", 2 * HOUR_MS + second * 1000)
        for number, person in enumerate(events.split("|"))
        for second, letter in enumerate(person)
        if letter != "."
    ]
    world = worlds.put(World(sent))
    question = {
        "steps": [{"event_name": None if step == "*" else step} for step in steps],
        "order": order,
        "window": window * 1000,
    }
    return [step.count for step in _ask(worlds, world, _query(question)).steps]


@pytest.mark.parametrize(
    ("events", "steps", "order", "counts"),
    [
        pytest.param("axbxc", "abc", "ordered", [1, 1, 1], id="others may lie between"),
        pytest.param("axbc", "abc", "strict", [1, 0, 0], id="no other may lie between"),
        pytest.param("axbcabc", "abc", "strict", [1, 1, 1], id="an interrupted attempt is no end"),
        pytest.param("abxabc", "abc", "strict", [1, 1, 1], id="of two attempts the deeper counts"),
        pytest.param("cab", "abc", "ordered", [1, 1, 0], id="steps are taken in order"),
        pytest.param("cab", "abc", "unordered", [1, 1, 1], id="steps are taken in any order"),
        pytest.param("a..........b", "ab", "ordered", [1, 0], id="outside the window"),
        pytest.param("a.........b", "ab", "ordered", [1, 1], id="at the window's end"),
        pytest.param("a....b.....c", "abc", "ordered", [1, 1, 0], id="from the first step on"),
        pytest.param("a....a..b..c", "abc", "ordered", [1, 1, 1], id="a later beginning is better"),
        pytest.param("a", "aa", "ordered", [1, 0], id="one event is one step"),
        pytest.param("aa", "aa", "ordered", [1, 1], id="two events are two steps"),
        pytest.param("ab", "aa*", "unordered", [1, 1, 0], id="each event where it is of most use"),
        pytest.param("aab", "aa*", "unordered", [1, 1, 1], id="enough for all steps"),
        pytest.param("abc|ab|bc|a|x", "abc", "ordered", [3, 2, 1], id="each person once"),
    ],
)
def test_an_attempt_counts_as_its_order_says(
    worlds: Worlds, events: str, steps: str, order: Order, counts: list[int]
) -> None:
    assert _counts(worlds, events, steps, order) == counts


def test_many_steps_can_be_asked_for(worlds: Worlds) -> None:
    letters = "abcdefghijklmnopqrst"

    assert _counts(worlds, letters, letters, "ordered", 60) == [1] * 20
    assert _counts(worlds, letters[::-1], letters, "unordered", 60) == [1] * 20


def test_nobody_at_all_is_an_answer(worlds: Worlds) -> None:
    world = worlds.put(World([Event("seen", "ann", 2 * HOUR_MS)]))
    steps = [{"event_name": "never"}, {"event_name": "ever"}]
    question = {"steps": steps, "order": "ordered", "window": 1000}

    funnel = _ask(worlds, world, _query(question | {"breakdown": _BREAKDOWNS[0]}))

    assert funnel.steps == [
        StepCounts("never", 0, 0.0, 0.0, None),
        StepCounts("ever", 0, 0.0, 0.0, None),
    ]
    assert funnel.breakdowns == []


def test_values_that_look_like_groups_are_values(worlds: Worlds) -> None:
    plans = ["", "", "", "+", "+", "-", "=", None, OTHER]
    began = [
        Event("a", f"id{at}", 2 * HOUR_MS + at, {"plan": plan}) for at, plan in enumerate(plans)
    ]
    world = worlds.put(World(began))
    question = {"steps": [{"event_name": "a"}, {"event_name": "b"}], "order": "ordered"}

    def counts(limit: int) -> list[tuple[Group, int]]:
        asked = question | {"window": 1000, "breakdown": Breakdown("plan", limit)}
        funnel = _ask(worlds, world, _query(asked))
        assert isinstance(funnel.breakdowns, list)
        return [(one.value, one.steps[0].count) for one in funnel.breakdowns]

    # Of those that weigh the same the one that sorts first stands alone.
    assert counts(3) == [("", 3), ("+", 2), (OTHER, 1), (OTHER, 2), (None, 1)]
    assert counts(1) == [("", 3), (OTHER, 5), (None, 1)]
