"""Experiments against looking at everybody in small worlds."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from random import Random
from statistics import fmean, variance
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import reference
from tests.support.examples import examples
from tests.support.funnels import (
    DAYS,
    END,
    RANGE,
    START,
    Expected,
    distinct,
    query_of,
    random_question,
)
from tests.support.reference import HOUR_MS, Event, World, Worlds, random_filter

from whipstitch.analytics.expressions import filters
from whipstitch.analytics.expressions.breakdowns import Breakdown
from whipstitch.analytics.expressions.event_matcher import Match
from whipstitch.analytics.people import drill_down
from whipstitch.analytics.reports import experiments
from whipstitch.analytics.reports.experiment_query import (
    EventGoal,
    Experiment,
    ExperimentQuery,
    ExperimentSelector,
    Goal,
    Outcome,
)

_SHOWN = (Breakdown("plan"), Breakdown("$os"), Breakdown("plan", on="person"))


def _random_experiment(random: Random) -> dict[str, Any]:
    shown = random.choice(_SHOWN)
    names = ["ios", "web"] if shown.property == "$os" else ["pro", "free", "10", "true"]
    math = random.choice(["unique", "total", "sum", "avg", "way", "way"])
    return {
        "exposure": random.choice([*reference.NAMES, None]),
        "shown": shown,
        "variants": random.sample(names, 2),
        "goal": random.choice([*reference.NAMES, None]),
        "math": math,
        "way": {**random_question(random), "breakdowns": [], "days": False},
        "filters": [random_filter(random) for _ in range(random.choice([0, 0, 0, 1]))],
        "within": random.choice([None, None, 12 * HOUR_MS]),
    }


def _query(asked: Mapping[str, Any]) -> ExperimentQuery:
    goal: Goal
    if asked["math"] == "way":
        goal = query_of(asked["way"]).attempts
    else:
        of_numbers = asked["math"] in ("sum", "avg")
        goal = EventGoal(Match(asked["goal"]), asked["math"], "price" if of_numbers else None)
    return ExperimentQuery(
        Match(asked["exposure"]),
        asked["shown"],
        tuple(asked["variants"]),
        goal,
        RANGE,
        DAYS,
        filters.parse(asked["filters"], "filters"),
        asked["within"],
        now=RANGE.end,
    )


def _ask(worlds: Worlds, world: World, query: ExperimentQuery) -> Experiment:
    return worlds.read(world.scope(), lambda reading: experiments.answer(reading, query))


def _people(
    worlds: Worlds, world: World, query: ExperimentQuery, counted: ExperimentSelector
) -> set[str]:
    page = drill_down.parse(1000, None)

    async def ask(reading: Any) -> set[str]:
        rows = await reading.run(experiments.REPORT.people(query, counted, page, reading.persons))
        return set(drill_down.shape(page, rows).people)

    return worlds.read(world.scope(), ask)


class _Expected:
    """``exposed``: the first exposure of each person, and its place among the events; ``variant``:
    None of several; ``reached``: what those who have something of the goal have."""

    def __init__(self, world: World, asked: Mapping[str, Any]) -> None:
        self.world, self.asked = world, asked
        self.place = {id(event): at for at, event in enumerate(world.events)}
        shown: dict[str, list[Event]] = defaultdict(list)
        for event in self._matching(asked["exposure"]):
            if self._shown(event) in asked["variants"]:
                shown[world.person(event.sent_id)].append(event)
        self.exposed = {person: min(them, key=self._order) for person, them in shown.items()}
        self.variant = {
            person: self._shown(them[0]) if len(set(map(self._shown, them))) == 1 else None
            for person, them in shown.items()
        }
        self.reached = self._way() if asked["math"] == "way" else self._events()

    def people(self, counted: ExperimentSelector) -> set[str]:
        variants = self.asked["variants"]
        wanted = None if counted.variant is None else variants[counted.variant]
        met = {"converted": True, "not_converted": False}.get(counted.outcome)
        return {
            person
            for person, variant in self.variant.items()
            if variant == wanted
            and met in (None, person in self.reached)
            and counted.interval in (None, self._day(self.exposed[person]))
        }

    def values(self, people: set[str]) -> list[float]:
        if self.asked["math"] == "avg":
            people = people & self.reached.keys()
        return [self.reached.get(person, 0) for person in sorted(people)]

    def _day(self, event: Event) -> int:
        return max(start for start in DAYS.starts if start <= event.ms)

    def _order(self, event: Event) -> tuple[int, int]:
        return event.ms, self.place[id(event)]

    def _matching(self, name: str | None) -> list[Event]:
        return self.world.matching(name, self.asked["filters"], START, END)

    def _shown(self, event: Event) -> str | None:
        shown: Breakdown = self.asked["shown"]
        return reference.text(self.world.value(event, shown.property, shown.on))

    def _is_behind(self, event: Event) -> bool:
        first = self.exposed.get(self.world.person(event.sent_id))
        if first is None or self._order(event) <= self._order(first):
            return False
        return self.asked["within"] is None or event.ms <= first.ms + self.asked["within"]

    def _way(self) -> dict[str, float]:
        """Of a world of nothing but what lies behind exposures."""
        world = self.world
        behind = [event for event in world.events if self._is_behind(event)]
        left = World(behind, world.parents, world.waiting, world.updates)
        expected = Expected(left, {**self.asked["way"], "filters": self.asked["filters"]})
        last = expected.required[-1]
        return {person: 1 for person, one in expected.best().items() if last in one.times}

    def _events(self) -> dict[str, float]:
        found: dict[str, list[float]] = defaultdict(list)
        for event in self._matching(self.asked["goal"]):
            number = reference.number_in(reference.text(self.world.value(event, "price")))
            counts = self.asked["math"] in ("unique", "total") or number is not None
            if counts and self._is_behind(event):
                found[self.world.person(event.sent_id)].append(float(number or 0))
        made: dict[str, Callable[[list[float]], float]]
        made = {"unique": lambda _: 1.0, "total": len, "sum": sum, "avg": fmean}
        return {person: made[self.asked["math"]](them) for person, them in found.items()}


@settings(max_examples=examples(2), deadline=None)
@given(seed=st.integers(0, 2**32))
def test_every_number_is_what_looking_at_everybody_gives(worlds: Worlds, seed: int) -> None:
    random = Random(seed)  # noqa: S311
    world = worlds.put(distinct(reference.random_world(random)))
    for _ in range(6):
        asked = _random_experiment(random)
        expected, query = _Expected(world, asked), _query(asked)

        answer = _ask(worlds, world, query)

        assert answer.several == len(expected.people(ExperimentSelector("several")))
        for index, found in enumerate(answer.variants):
            everybody = expected.people(ExperimentSelector("exposed", index))
            values = expected.values(everybody)
            assert found.people == len(everybody)
            assert found.converted == len(everybody & expected.reached.keys())
            assert found.value == (pytest.approx(fmean(values)) if values else None)
            by_day = [ExperimentSelector("exposed", index, start) for start in DAYS.starts]
            each = [expected.values(expected.people(one)) for one in by_day]
            assert found.people_by == [len(one) for one in each]
            assert found.values_by == [pytest.approx(fmean(one)) if one else None for one in each]
            if not query.is_share and len(set(values)) > 1:
                error = (variance(values) / len(values)) ** 0.5
                assert found.interval == pytest.approx(
                    (fmean(values) - 1.959964 * error, fmean(values) + 1.959964 * error), rel=1e-5
                )
        outcomes: Sequence[Outcome] = ("exposed", "converted", "not_converted", "several")
        outcome = random.choice(outcomes)
        counted = ExperimentSelector(
            outcome,
            None if outcome == "several" else random.randrange(2),
            random.choice([None, *DAYS.starts]),
        )
        assert _people(worlds, world, query, counted) == expected.people(counted)


def test_what_happened_before_the_exposure_and_who_saw_both_do_not_count(worlds: Worlds) -> None:
    def shown(who: str, at: int, variant: str) -> Event:
        return Event("shown", who, 2 * HOUR_MS + at, {"v": variant})

    def bought(who: str, at: int) -> Event:
        return Event("bought", who, 2 * HOUR_MS + at)

    events = [
        *(bought("early", 0), shown("early", 1, "a")),
        *(shown("late", 0, "a"), bought("late", 0)),  # of one moment, accepted afterwards
        *(shown("both", 0, "a"), shown("both", 1, "b"), bought("both", 2)),
        *(shown("again", 0, "b"), shown("again", 5, "b"), bought("again", 3)),
        *(shown("other", 0, "c"), bought("other", 1)),
    ]
    world = worlds.put(World(events))
    query = ExperimentQuery(
        Match("shown"), Breakdown("v"), ("a", "b"), EventGoal(Match("bought")), RANGE, DAYS
    )

    answer = _ask(worlds, world, query)

    assert [(one.people, one.converted) for one in answer.variants] == [(2, 1), (1, 1)]
    assert answer.several == 1
    assert _people(worlds, world, query, ExperimentSelector("several")) == {"both"}
