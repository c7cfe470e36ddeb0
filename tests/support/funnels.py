"""Funnels in plain Python: made-up questions, and every attempt of everybody tried out."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from statistics import median
from typing import Any, get_args
from zoneinfo import ZoneInfo

from msgspec import UNSET
from tests.support import reference
from tests.support.reference import HOUR_MS, START_MS, Event, World, random_filter

from whipstitch.analytics.expressions import filters
from whipstitch.analytics.expressions.breakdowns import OTHER, Breakdown, Group
from whipstitch.analytics.expressions.event_matcher import Match
from whipstitch.analytics.expressions.intervals import intervals
from whipstitch.analytics.expressions.time_ranges import TimeRange
from whipstitch.analytics.reports import funnel_query
from whipstitch.analytics.reports.funnel_query import FunnelQuery, FunnelSelector, StepCounts
from whipstitch.analytics.reports.funnel_steps import (
    MOST_KINDS,
    Exclusion,
    FunnelMatching,
    Order,
    Step,
)

START, END = HOUR_MS, 500_000_000
RANGE = TimeRange(*(datetime.fromtimestamp((START_MS + s) / 1000, UTC) for s in (START, END)))
DAYS = intervals(RANGE, "day", ZoneInfo("Europe/Paris"))
_ORDERS: tuple[Order, ...] = get_args(Order)
BREAKDOWNS = (Breakdown("plan", 2), Breakdown("$os", 1), Breakdown("age", 1, "person"))
Groups = Group | tuple[Group, ...]


def random_question(random: Random) -> dict[str, Any]:
    kinds = [_random_step(random) for _ in range(random.randint(1, MOST_KINDS))]
    order = random.choice(_ORDERS)
    # Few kinds for many steps: the same step again and again.
    steps = [dict(one) for one in random.choices(kinds, k=random.randint(1, 5))]
    if order != "unordered" and random.random() < 0.6:
        for step in steps[1:]:
            step["optional"] = random.random() < 0.4
    by = random.choice([None, None, *BREAKDOWNS, random.sample(BREAKDOWNS, 2)])
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


def query_of(question: dict[str, Any]) -> FunnelQuery:
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
            RANGE,
            filters.parse(question.get("filters", []), "filters"),
            by[0] if len(by) == 1 else None,
            tuple(by) if len(by) > 1 else (),
            DAYS if question.get("days") else None,
            question.get("buckets", 0),
            RANGE.end,
        )
    )


# The same in Python


@dataclass(frozen=True)
class Attempt:
    """``times``: when each step was taken."""

    first: Event
    times: Mapping[int, int]
    depth: int


class Expected:
    def __init__(self, world: World, question: dict[str, Any]) -> None:
        self.world = world
        self.question = question
        self.steps = question["steps"]
        self.required = [at for at, one in enumerate(self.steps) if not one.get("optional")]
        self.events: dict[str, list[Event]] = defaultdict(list)
        self.matching = [self._matched_by(one["any_of"]) for one in self.steps]
        self.excluding = [self._matched_by([one]) for one in question["exclusions"]]
        seen = world.matching(None, question.get("filters", []), START, END)
        for event in sorted(seen, key=lambda one: one.ms):  # equal ones stay as accepted
            self.events[world.person(event.sent_id)].append(event)
        self.attempts = {
            person: attempts
            for person, events in self.events.items()
            if (attempts := self._attempts(events))
        }
        self.tops = [self._tops(seen, one) for one in question["breakdowns"]]

    def best(self, day: int | None = None) -> dict[str, Attempt]:
        """Everybody's best attempt, or the best that begins on a day."""
        until = dict(zip(DAYS.starts, DAYS.ends, strict=True))
        return {
            person: max(chosen, key=lambda one: one.depth)
            for person, attempts in self.attempts.items()
            if (
                chosen := [
                    one for one in attempts if day is None or day <= one.first.ms < until[day]
                ]
            )
        }

    def steps_of(self, best: Sequence[Attempt]) -> list[StepCounts]:
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

    def counts(self, best: Iterable[Attempt]) -> list[int]:
        taken = [one.times for one in best]
        return [sum(step in times for times in taken) for step in range(len(self.steps))]

    def whole_way(self, best: Iterable[Attempt]) -> list[int]:
        """The milliseconds that the whole way took."""
        last = self.required[-1]
        return [one.times[last] - one.times[0] for one in best if last in one.times]

    def groups(self, event: Event) -> Groups:
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
            for event in self.world.matching(one["event_name"], one.get("filters", []), START, END)
        }

    def _previous(self, step: int) -> int:
        return max((one for one in self.required if one < step), default=0)

    def _attempts(self, events: list[Event]) -> list[Attempt]:
        attempts = []
        for index, event in enumerate(events):
            until = event.ms + self.question["window"]
            inside = [one for one in events[index:] if one.ms <= until]
            unordered = self.question["order"] == "unordered"
            times = self._in_any_order(inside) if unordered else self._in_order(inside)
            if times:
                depth = sum(step in times for step in self.required)
                attempts.append(Attempt(event, times, depth))
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

    def _median(self, best: Sequence[Attempt], step: int) -> float | None:
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


def distinct(world: World) -> World:
    """The same with each event an object of its own, so that it has an identity."""
    events = [Event(*(getattr(one, name) for name in _FIELDS)) for one in world.events]
    return World(events, world.parents, world.waiting, world.updates)


_FIELDS = tuple(Event.__dataclass_fields__)
