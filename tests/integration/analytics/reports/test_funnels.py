"""Funnels against trying out every attempt of everybody in small worlds."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from random import Random
from statistics import fmean, median
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET, structs
from tests.support import reference
from tests.support.examples import examples
from tests.support.funnels import (
    BREAKDOWNS,
    DAYS,
    RANGE,
    Attempt,
    Expected,
    Groups,
    distinct,
    query_of,
    random_question,
)
from tests.support.reference import HOUR_MS, START_MS, Event, World, Worlds

from whipstitch.analytics.expressions.breakdowns import OTHER, Breakdown, Group
from whipstitch.analytics.expressions.time_ranges import TimeRange
from whipstitch.analytics.people import drill_down
from whipstitch.analytics.reports import funnels
from whipstitch.analytics.reports.funnel_correlation import Outcome
from whipstitch.analytics.reports.funnel_query import (
    BrokenDown,
    Funnel,
    FunnelQuery,
    FunnelSelector,
    StepCounts,
    TimeToConvert,
)
from whipstitch.analytics.reports.funnel_steps import Order


def _ask(worlds: Worlds, world: World, query: FunnelQuery) -> Funnel:
    return worlds.read(world.scope(), lambda reading: funnels.answer(reading, query))


def _people(worlds: Worlds, world: World, query: FunnelQuery, counted: FunnelSelector) -> set[str]:
    page = drill_down.parse(1000, None)

    async def ask(reading: Any) -> set[str]:
        rows = await reading.run(funnels.people(query, counted, page, reading.persons))
        return set(drill_down.shape(page, rows).people)

    return worlds.read(world.scope(), ask)


@settings(max_examples=examples(3), deadline=None)
@given(seed=st.integers(0, 2**32))
def test_every_number_is_what_trying_out_all_attempts_gives(worlds: Worlds, seed: int) -> None:
    random = Random(seed)  # noqa: S311
    world = worlds.put(distinct(reference.random_world(random)))
    for _ in range(8):
        question = random_question(random)
        expected = Expected(world, question)
        best = list(expected.best().values())

        funnel = _ask(worlds, world, query_of(question))

        assert _plain(funnel.steps) == expected.steps_of(best)
        groups: dict[Groups, list[Attempt]] = defaultdict(list)
        if question["breakdowns"]:
            for one in best:
                groups[expected.groups(one.first)].append(one)
            for day in DAYS.starts if question["days"] else ():
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


def _named(one: BrokenDown) -> Groups:
    return tuple(one.breakdowns) if isinstance(one.breakdowns, list) else one.value


def _stands_alone(one: BrokenDown) -> bool:
    return isinstance(one.breakdowns, list) or one.value not in (None, OTHER)


def _plain(steps: Sequence[StepCounts]) -> list[StepCounts]:
    """What is the same without intervals."""
    return [structs.replace(step, counts=UNSET) for step in steps]


def _check_days(expected: Expected, funnel: Funnel) -> None:
    """Those who began on each day, with the best attempt of that day."""
    last = expected.required[-1]
    by_day = [expected.best(day) for day in DAYS.starts]
    counts = [expected.counts(one.values()) for one in by_day]
    assert funnel.intervals == DAYS.labels()
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
    expected: Expected,
    funnel: Funnel,
    buckets: int,
    groups: Mapping[Groups, Sequence[Attempt]],
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
    world = worlds.put(distinct(reference.random_world(random)))
    for _ in range(6):
        question = random_question(random)
        expected = Expected(world, question)
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
            counted = replace(counted, interval=random.choice(DAYS.starts))
        if outcome == "converted" and random.random() < 0.3:
            counted = replace(counted, after=(0, random.choice([1, 3 * HOUR_MS])))

        assert _people(worlds, world, query_of(question), counted) == expected.people(counted)


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
    return [step.count for step in _ask(worlds, world, query_of(question)).steps]


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
    range_ = TimeRange(datetime(1969, 1, 1, tzinfo=UTC), RANGE.end)

    funnel = _ask(worlds, world, replace(query_of(question), range=range_))

    assert [step.count for step in funnel.steps] == [1, 1]


def test_nobody_at_all_is_an_answer(worlds: Worlds) -> None:
    world = worlds.put(World([Event("seen", "ann", 2 * HOUR_MS)]))
    steps = [_one("never"), _one("ever")]
    question = {"steps": steps, "order": "ordered", "window": 1000}

    funnel = _ask(worlds, world, query_of(question | {"breakdowns": [BREAKDOWNS[0]]}))

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
        funnel = _ask(worlds, world, query_of(asked))
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
        funnel = _ask(worlds, world, query_of(question | {"breakdowns": list(by)}))
        assert isinstance(funnel.breakdowns, list)
        return [(one.value, one.steps[0].count) for one in funnel.breakdowns]

    assert counts(tags) == [("x", 3), (OTHER, 2)]
    assert counts(tags, Breakdown("plan", 1)) == [("x", 3), (OTHER, 2)]
