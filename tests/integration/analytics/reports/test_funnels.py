"""Funnels against trying out every attempt of everybody in small worlds."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from random import Random
from statistics import fmean, median
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET, structs
from tests.support import reference
from tests.support.examples import examples
from tests.support.reference import HOUR_MS, START_MS, Event, World, Worlds, random_filter

from whipstitch.analytics.expressions import filters
from whipstitch.analytics.expressions.breakdowns import OTHER, Breakdown, Group
from whipstitch.analytics.expressions.event_matcher import Match
from whipstitch.analytics.expressions.intervals import intervals
from whipstitch.analytics.expressions.time_ranges import TimeRange
from whipstitch.analytics.people import drill_down
from whipstitch.analytics.reports import funnel_query, funnels
from whipstitch.analytics.reports.funnel_query import (
    BrokenDown,
    Funnel,
    FunnelQuery,
    FunnelSelector,
    Outcome,
    StepCounts,
    TimeToConvert,
)
from whipstitch.analytics.reports.funnel_statement import people
from whipstitch.analytics.reports.funnel_steps import (
    MOST_KINDS,
    Exclusion,
    FunnelMatching,
    Order,
    Step,
)

_START, _END = HOUR_MS, 500_000_000
_RANGE = TimeRange(*(datetime.fromtimestamp((START_MS + s) / 1000, UTC) for s in (_START, _END)))
_DAYS = intervals(_RANGE, "day", ZoneInfo("Europe/Paris"))
_ORDERS: tuple[Order, ...] = get_args(Order)
_BREAKDOWNS = (Breakdown("plan", 2), Breakdown("$os", 1), Breakdown("age", 1, "person"))
_Groups = Group | tuple[Group, ...]


def _random_question(random: Random) -> dict[str, Any]:
    kinds = [_random_step(random) for _ in range(random.randint(1, MOST_KINDS))]
    order = random.choice(_ORDERS)
    # Few kinds for many steps: the same step again and again.
    steps = [dict(one) for one in random.choices(kinds, k=random.randint(1, 5))]
    if order != "unordered" and random.random() < 0.6:
        for step in steps[1:]:
            step["optional"] = random.random() < 0.4
    by = random.choice([None, None, *_BREAKDOWNS, random.sample(_BREAKDOWNS, 2)])
    return {
        "steps": steps,
        "order": order,
        "exclusions": _random_exclusions(random, steps, order),
        "window": random.choice([1, 2 * HOUR_MS, 4 * HOUR_MS, 12 * HOUR_MS, 48 * HOUR_MS]),
        "filters": [random_filter(random) for _ in range(random.choice([0, 0, 0, 1]))],
        "breakdowns": by if isinstance(by, list) else [by] if by else [],
        "days": random.random() < 0.4,
        "buckets": random.choice([0, 0, 1, 4]),
    }


def _random_step(random: Random) -> dict[str, Any]:
    return {"any_of": [_random_match(random) for _ in range(random.choice([1, 1, 1, 2]))]}


def _random_match(random: Random) -> dict[str, Any]:
    return {
        "event_name": random.choice([*reference.NAMES, *reference.NAMES, None]),
        "filters": [random_filter(random) for _ in range(random.choice([0, 0, 0, 0, 1]))],
    }


def _random_exclusions(
    random: Random, steps: Sequence[dict[str, Any]], order: Order
) -> list[dict[str, Any]]:
    ends = [at for at, step in enumerate(steps) if not step.get("optional")]
    last = len(steps) - 1
    if last == 0 or random.random() < 0.5:
        return []
    made = []
    for _ in range(random.choice([1, 1, 2])):
        span = sorted(random.sample(ends, 2)) if len(ends) > 1 else [0, last]
        if order == "unordered" or random.random() < 0.4:
            span = [0, last]
        # Most of them are rare, so that something is left.
        match = {"event_name": random.choice(reference.NAMES), "filters": [random_filter(random)]}
        made.append({**match, "first": span[0], "last": span[1]})
    return made


def _match(one: dict[str, Any]) -> Match:
    return Match(one["event_name"], filters.parse(one.get("filters", []), "filters"))


def _query(question: dict[str, Any]) -> FunnelQuery:
    steps = tuple(
        Step(tuple(map(_match, one["any_of"])), one.get("optional", False))
        for one in question["steps"]
    )
    excluded = tuple(
        Exclusion(_match(one), one["first"], one["last"]) for one in question.get("exclusions", [])
    )
    by = question.get("breakdowns", [])
    return funnel_query.checked(
        FunnelQuery(
            FunnelMatching(steps, question["window"], question["order"], excluded),
            _RANGE,
            filters.parse(question.get("filters", []), "filters"),
            by[0] if len(by) == 1 else None,
            tuple(by) if len(by) > 1 else (),
            _DAYS if question.get("days") else None,
            question.get("buckets", 0),
            _RANGE.end,
        )
    )


def _ask(worlds: Worlds, world: World, query: FunnelQuery) -> Funnel:
    return worlds.read(world.scope(), lambda reading: funnels.answer(reading, query))


def _people(worlds: Worlds, world: World, query: FunnelQuery, counted: FunnelSelector) -> set[str]:
    page = drill_down.parse(1000, None)

    async def ask(reading: Any) -> set[str]:
        rows = await reading.run(people(query, counted, page, reading.persons))
        return set(drill_down.shape(page, rows).people)

    return worlds.read(world.scope(), ask)


# The same in Python


@dataclass(frozen=True)
class _Attempt:
    """``times``: when each step was taken."""

    first: Event
    times: Mapping[int, int]
    depth: int


class _Expected:
    def __init__(self, world: World, question: dict[str, Any]) -> None:
        self.world = world
        self.question = question
        self.steps = question["steps"]
        self.required = [at for at, one in enumerate(self.steps) if not one.get("optional")]
        everybody: dict[str, list[Event]] = defaultdict(list)
        self.matching = [self._matched_by(one["any_of"]) for one in self.steps]
        self.excluding = [self._matched_by([one]) for one in question["exclusions"]]
        seen = world.matching(None, question.get("filters", []), _START, _END)
        for event in sorted(seen, key=lambda one: one.ms):  # equal ones stay as accepted
            everybody[world.person(event.sent_id)].append(event)
        self.attempts = {
            person: attempts
            for person, events in everybody.items()
            if (attempts := self._attempts(events))
        }
        self.tops = [self._tops(seen, one) for one in question["breakdowns"]]

    def best(self, day: int | None = None) -> dict[str, _Attempt]:
        """Everybody's best attempt, or the best that begins on a day."""
        until = dict(zip(_DAYS.starts, _DAYS.ends, strict=True))
        return {
            person: max(chosen, key=lambda one: one.depth)
            for person, attempts in self.attempts.items()
            if (
                chosen := [
                    one for one in attempts if day is None or day <= one.first.ms < until[day]
                ]
            )
        }

    def steps_of(self, best: Sequence[_Attempt]) -> list[StepCounts]:
        counts = self.counts(best)
        steps = []
        for step, one in enumerate(self.steps):
            before = self._previous(step)
            names = [match["event_name"] for match in one["any_of"]]
            steps.append(
                StepCounts(
                    names[0],
                    counts[step],
                    counts[step] / counts[before] if counts[before] else 0.0,
                    counts[step] / counts[0] if counts[0] else 0.0,
                    self._median(best, step) if step else None,
                    optional=one.get("optional") or UNSET,
                    any_of=names if len(names) > 1 else UNSET,
                )
            )
        return steps

    def counts(self, best: Iterable[_Attempt]) -> list[int]:
        taken = [one.times for one in best]
        return [sum(step in times for times in taken) for step in range(len(self.steps))]

    def whole_way(self, best: Iterable[_Attempt]) -> list[int]:
        """The milliseconds that the whole way took."""
        last = self.required[-1]
        return [one.times[last] - one.times[0] for one in best if last in one.times]

    def groups(self, event: Event) -> _Groups:
        each = tuple(
            value if (value := self._value(event, by)) is None or value in tops else OTHER
            for by, tops in zip(self.question["breakdowns"], self.tops, strict=True)
        )
        return each[0] if len(each) == 1 else each

    def people(self, counted: FunnelSelector) -> set[str]:
        step = counted.step - 1
        wanted = counted.groups or counted.group
        return {
            person
            for person, one in self.best(counted.interval).items()
            if (
                step in one.times
                if counted.outcome == "converted"
                else self._previous(step) in one.times and step not in one.times
            )
            and (not counted.of_group or self.groups(one.first) == wanted)
            and (
                counted.after is None
                or counted.after[0] <= one.times[step] - one.times[0] < counted.after[1]
            )
        }

    def _matched_by(self, any_of: Sequence[dict[str, Any]]) -> set[int]:
        return {
            id(event)
            for one in any_of
            for event in self.world.matching(
                one["event_name"], one.get("filters", []), _START, _END
            )
        }

    def _previous(self, step: int) -> int:
        return max((one for one in self.required if one < step), default=0)

    def _attempts(self, events: list[Event]) -> list[_Attempt]:
        attempts = []
        for index, event in enumerate(events):
            until = event.ms + self.question["window"]
            inside = [one for one in events[index:] if one.ms <= until]
            unordered = self.question["order"] == "unordered"
            times = self._in_any_order(inside) if unordered else self._in_order(inside)
            if times:
                depth = sum(step in times for step in self.required)
                attempts.append(_Attempt(event, times, depth))
        return attempts

    def _in_order(self, inside: list[Event]) -> dict[int, int]:
        """When each step is taken by an attempt that begins with the first of these events."""
        if id(inside[0]) not in self.matching[0]:
            return {}
        times, state = {0: inside[0].ms}, 0
        for event in inside[1:]:
            if self._is_excluded(event, state):
                break
            required = next((one for one in self.required if one > state), None)
            possible = range(state + 1, len(self.steps) if required is None else required)
            order = [*([] if required is None else [required]), *possible]
            step = next((one for one in order if id(event) in self.matching[one]), None)
            if step is not None:
                times[step] = event.ms
                state = step
            elif self.question["order"] == "strict":
                break
        return times

    def _is_excluded(self, event: Event, state: int) -> bool:
        return any(
            one["first"] <= state < one["last"] and id(event) in excluded
            for one, excluded in zip(self.question["exclusions"], self.excluding, strict=True)
        )

    def _in_any_order(self, inside: list[Event]) -> dict[int, int]:
        """The times at which one more step has an event of its own."""
        times: dict[int, int] = {}
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
            if self._is_excluded(event, 0):
                break
            if place(event, set()):
                times[len(times)] = event.ms
            elif event is inside[0]:
                break  # not a step: nothing begins with it
        return times

    def _median(self, best: Sequence[_Attempt], step: int) -> float | None:
        waits = [
            one.times[step] - one.times[self._previous(step)] for one in best if step in one.times
        ]
        return median(waits) / 1000 if waits else None

    def _value(self, event: Event, breakdown: Breakdown) -> str | None:
        return reference.text(self.world.value(event, breakdown.property, breakdown.on))

    def _tops(self, seen: Sequence[Event], breakdown: Breakdown) -> set[str]:
        unordered = self.question["order"] == "unordered"
        begins = set[int]().union(*(self.matching if unordered else self.matching[:1]))
        if unordered:
            begins -= set[int]().union(*self.excluding)
        people: dict[str, set[str]] = defaultdict(set)
        for event in seen:
            if id(event) in begins and (value := self._value(event, breakdown)) is not None:
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
        best = list(expected.best().values())

        funnel = _ask(worlds, world, _query(question))

        assert _plain(funnel.steps) == expected.steps_of(best)
        groups: dict[_Groups, list[_Attempt]] = defaultdict(list)
        if question["breakdowns"]:
            for one in best:
                groups[expected.groups(one.first)].append(one)
            for day in _DAYS.starts if question["days"] else ():
                for one in expected.best(day).values():
                    groups.setdefault(expected.groups(one.first), [])
            assert isinstance(funnel.breakdowns, list)
            found = {_named(one): one for one in funnel.breakdowns}
            assert {name: _plain(one.steps) for name, one in found.items()} == {
                name: expected.steps_of(theirs) for name, theirs in groups.items()
            }
            sizes = [one.steps[0].count for one in funnel.breakdowns if _stands_alone(one)]
            assert sizes == sorted(sizes, reverse=True)
        if question["days"]:
            _check_days(expected, funnel)
        if question["buckets"]:
            _check_histogram(expected, funnel, question["buckets"], groups)


def _named(one: BrokenDown) -> _Groups:
    return tuple(one.breakdowns) if isinstance(one.breakdowns, list) else one.value


def _stands_alone(one: BrokenDown) -> bool:
    return isinstance(one.breakdowns, list) or one.value not in (None, OTHER)


def _plain(steps: Sequence[StepCounts]) -> list[StepCounts]:
    """What is the same without intervals."""
    return [structs.replace(step, counts=UNSET) for step in steps]


def _check_days(expected: _Expected, funnel: Funnel) -> None:
    """Those who began on each day, with the best attempt of that day."""
    last = expected.required[-1]
    by_day = [expected.best(day) for day in _DAYS.starts]
    counts = [expected.counts(one.values()) for one in by_day]
    assert funnel.intervals == _DAYS.labels()
    assert [step.counts for step in funnel.steps] == [
        list(one) for one in zip(*counts, strict=True)
    ]
    assert funnel.conversion == [one[last] / one[0] if one[0] else None for one in counts]
    assert isinstance(funnel.open, list)
    for group in funnel.breakdowns or ():
        theirs = [
            expected.counts(one for one in best.values() if expected.groups(one.first) == name)
            for best in by_day
            for name in [_named(group)]
        ]
        assert [step.counts for step in group.steps] == [list(x) for x in zip(*theirs, strict=True)]


def _check_histogram(
    expected: _Expected,
    funnel: Funnel,
    buckets: int,
    groups: Mapping[_Groups, Sequence[_Attempt]],
) -> None:
    all_took = expected.whole_way(expected.best().values())
    asked = [(funnel.histogram, all_took)]
    asked += [
        (one.histogram, expected.whole_way(groups[_named(one)])) for one in funnel.breakdowns or ()
    ]
    for histogram, took in asked:
        assert isinstance(histogram, TimeToConvert)
        if not all_took:
            assert histogram == TimeToConvert([], None, None)
            continue
        width = max(1, -((min(all_took) - max(all_took) - 1) // buckets))
        edges = [(min(all_took) + width * at) / 1000 for at in range(buckets + 1)]
        assert [(one.from_seconds, one.to_seconds) for one in histogram.buckets] == list(
            pairwise(edges)
        )
        assert [one.count for one in histogram.buckets] == [
            sum(first <= one / 1000 < last for one in took) for first, last in pairwise(edges)
        ]
        assert sum(one.count for one in histogram.buckets) == len(took)
        assert histogram.median_seconds == (median(took) / 1000 if took else None)
        mean = fmean(took) / 1000 if took else None
        assert histogram.average_seconds == (None if mean is None else pytest.approx(mean))


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
        counted = FunnelSelector(step, outcome)
        if question["breakdowns"] and random.random() < 0.8:
            each = [random.choice([None, OTHER, *sorted(tops)]) for tops in expected.tops]
            counted = replace(counted, of_group=True)
            if len(each) == 1:
                counted = replace(counted, group=each[0])
            else:
                counted = replace(counted, groups=tuple(each))
        if question["days"]:
            counted = replace(counted, interval=random.choice(_DAYS.starts))
        if outcome == "converted" and random.random() < 0.3:
            counted = replace(counted, after=(0, random.choice([1, 3 * HOUR_MS])))

        assert _people(worlds, world, _query(question), counted) == expected.people(counted)


def _distinct(world: World) -> World:
    """The same with each event an object of its own, so that it has an identity."""
    events = [Event(*(getattr(one, name) for name in _FIELDS)) for one in world.events]
    return World(events, world.parents, world.waiting, world.updates)


_FIELDS = tuple(Event.__dataclass_fields__)


def _one(name: str | None) -> dict[str, Any]:
    return {"any_of": [{"event_name": name}]}


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
        "steps": [_one(None if step == "*" else step) for step in steps],
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


def test_events_from_before_1970_come_first(worlds: Worlds) -> None:
    world = worlds.put(World([Event("a", "ann", -START_MS - 1), Event("b", "ann", -START_MS)]))
    question = {"steps": [_one("a"), _one("b")], "order": "ordered", "window": 1000}
    range_ = TimeRange(datetime(1969, 1, 1, tzinfo=UTC), _RANGE.end)

    funnel = _ask(worlds, world, replace(_query(question), range=range_))

    assert [step.count for step in funnel.steps] == [1, 1]


def test_nobody_at_all_is_an_answer(worlds: Worlds) -> None:
    world = worlds.put(World([Event("seen", "ann", 2 * HOUR_MS)]))
    steps = [_one("never"), _one("ever")]
    question = {"steps": steps, "order": "ordered", "window": 1000}

    funnel = _ask(worlds, world, _query(question | {"breakdowns": [_BREAKDOWNS[0]]}))

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
    question = {"steps": [_one("a"), _one("b")], "order": "ordered"}

    def counts(limit: int) -> list[tuple[Group, int]]:
        asked = question | {"window": 1000, "breakdowns": [Breakdown("plan", limit)]}
        funnel = _ask(worlds, world, _query(asked))
        assert isinstance(funnel.breakdowns, list)
        return [(one.value, one.steps[0].count) for one in funnel.breakdowns]

    # Of those that weigh the same the one that sorts first stands alone.
    assert counts(3) == [("", 3), ("+", 2), (OTHER, 1), (OTHER, 2), (None, 1)]
    assert counts(1) == [("", 3), (OTHER, 5), (None, 1)]


def test_who_has_several_elements_that_do_not_stand_alone_is_one_of_the_rest(
    worlds: Worlds,
) -> None:
    lists = [["x"], ["x"], ["y", "z"], ["x", "y", "z"]]
    began = [
        Event("a", f"id{at}", 2 * HOUR_MS + at, {"tags": tags}) for at, tags in enumerate(lists)
    ]
    world = worlds.put(World(began))
    tags = Breakdown("tags", 1, elements=True)
    question = {"steps": [_one("a")], "order": "ordered", "window": 1000}

    def counts(*by: Breakdown) -> list[tuple[object, int]]:
        funnel = _ask(worlds, world, _query(question | {"breakdowns": list(by)}))
        assert isinstance(funnel.breakdowns, list)
        return [(one.value, one.steps[0].count) for one in funnel.breakdowns]

    assert counts(tags) == [("x", 3), (OTHER, 2)]
    assert counts(tags, Breakdown("plan", 1)) == [("x", 3), (OTHER, 2)]
