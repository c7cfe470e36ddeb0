"""What goes together with converting, against counting everybody in small worlds."""

from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import reference
from tests.support.examples import examples
from tests.support.funnels import Attempt, Expected, distinct, query_of, random_question
from tests.support.reference import HOUR_MS, Event, Update, World, Worlds

from whipstitch.analytics.people import drill_down
from whipstitch.analytics.reports import funnels
from whipstitch.analytics.reports.funnel_correlation import (
    Cell,
    Correlated,
    Correlation,
    Kind,
    Mark,
    Outcome,
)
from whipstitch.analytics.reports.funnel_query import FunnelQuery, FunnelSelector

_PROPERTIES = (
    *("plan", "plan.name", "price", "version", "renewed", "tags", "a", "a.b", "a.b.c"),
    *("$os", "$country", "properties.$os", "default_properties.$os", "properties.plan"),
    "o'd\"`\\d",
)
_TRAITS = ("plan", "age", "tags", "version", "address", "address.city", "email")


def _correlate(worlds: Worlds, world: World, query: FunnelQuery) -> Correlation:
    funnel = worlds.read(world.scope(), lambda reading: funnels.answer(reading, query))
    assert isinstance(funnel.correlation, Correlation)
    return funnel.correlation


def _people(worlds: Worlds, world: World, query: FunnelQuery, cell: Cell) -> set[str]:
    page = drill_down.parse(1000, None)
    counted = FunnelSelector(1, correlated=cell)

    async def ask(reading: Any) -> set[str]:
        rows = await reading.run(funnels.people(query, counted, page, reading.persons))
        return set(drill_down.shape(page, rows).people)

    return worlds.read(world.scope(), ask)


def _mark(one: Correlated) -> Mark:
    if isinstance(one.event_name, str):
        return Mark("event", one.event_name)
    kind: Kind = "event_property" if one.on == "event" else "person_property"
    return Mark(kind, str(one.property), str(one.value))


class _Counted:
    """Who converted and who did not, and who has which marks."""

    def __init__(self, world: World, question: dict[str, Any]) -> None:
        self.expected = Expected(world, question)
        self.world, self.question = world, question
        best = self.expected.best()
        last = self.expected.required[-1]
        self.ended = {
            person: one.times[last] if last in one.times else one.first.ms + question["window"] + 1
            for person, one in best.items()
        }
        self.converted = {person for person, one in best.items() if last in one.times}
        self.dropped = best.keys() - self.converted
        self.marks = {person: set(self._marks(person, one)) for person, one in best.items()}

    def left_out(self) -> set[str]:
        steps = (self.question["steps"][index] for index in self.expected.required)
        matches = [match for step in steps for match in step["any_of"]]
        return {one["event_name"] for one in (*matches, *self.question["exclusions"])} - {None}

    def cell(self, cell: Cell) -> set[str]:
        people = self.converted if cell.outcome == "converted" else self.dropped
        return {
            person
            for person in people
            if cell.mark is None or (cell.mark in self.marks[person]) is cell.present
        }

    def candidates(self) -> set[Mark]:
        """What some have and some have not."""
        everybody = set[Mark]().union(*self.marks.values())
        return {
            mark
            for mark in everybody
            if sum(mark in one for one in self.marks.values()) < len(self.marks)
        }

    def _marks(self, person: str, attempt: Attempt) -> Iterator[Mark]:
        for event in self.expected.events[person]:
            on_the_way = attempt.first.ms < event.ms < self.ended[person]
            if on_the_way and event.name not in self.left_out():
                yield Mark("event", event.name)
        for name in _PROPERTIES:
            value = reference.text(self.world.value(attempt.first, name))
            if value is not None:
                yield Mark("event_property", name, value)
        traits = self.world.traits(person)
        for name in _TRAITS:
            if (value := reference.text(traits.get(name))) is not None:
                yield Mark("person_property", name, value)


@settings(max_examples=examples(2), deadline=None)
@given(seed=st.integers(0, 2**32))
def test_every_cell_has_the_people_that_counting_everybody_gives(worlds: Worlds, seed: int) -> None:
    random = Random(seed)  # noqa: S311
    world = worlds.put(distinct(reference.random_world(random)))
    questions = iter(lambda: random_question(random), None)
    asked = (one for one in questions if sum(not s.get("optional") for s in one["steps"]) > 1)
    for _, question in zip(range(3), asked, strict=False):
        counted = _Counted(world, question)
        query = replace(query_of(question), correlations=200, buckets=0)

        found = _correlate(worlds, world, query)

        assert (found.converted, found.dropped) == (len(counted.converted), len(counted.dropped))
        assert set(found.left_out) == counted.left_out()
        tables = {
            _mark(one): (
                *(one.converted_with, one.converted_without),
                *(one.dropped_with, one.dropped_without),
            )
            for one in found.correlations
        }
        cells: list[tuple[Outcome, bool]] = [
            ("converted", True),
            ("converted", False),
            ("dropped", True),
            ("dropped", False),
        ]
        assert tables == {
            mark: tuple(len(counted.cell(Cell(of, mark, present))) for of, present in cells)
            for mark in counted.candidates()
        }
        mark = random.choice([None, *sorted(tables, key=repr)])
        outcome: Outcome = random.choice(["converted", "dropped"])
        cell = Cell(outcome, mark, random.random() < 0.5)
        assert _people(worlds, world, query, cell) == counted.cell(cell)


def test_what_many_people_did_is_told_from_chance_and_from_what_too_few_did(
    worlds: Worlds,
) -> None:
    def on_the_way(number: int) -> Iterator[str]:
        yield "seen"
        if (number < 100 and number % 10 < 8) or (number >= 100 and number % 10 < 2):
            yield "helped"
        if number % 2:
            yield "read"
        if number % 40 == 0:
            yield "rare"
        if number < 100:
            yield "bought"

    sent = [
        Event(name, f"p{number}", 2 * HOUR_MS + at, {"plan": "pro" if number % 3 else "free"})
        for number in range(200)
        for at, name in enumerate(on_the_way(number))
    ]
    traits = [Update(f"p{number}", "email", f"p{number}@example.com") for number in range(200)]
    world = worlds.put(World(sent, updates=traits))
    way = {
        "steps": [{"any_of": [{"event_name": name}]} for name in ("seen", "bought")],
        "order": "ordered",
        "window": 1000,
        "exclusions": [],
    }

    found = _correlate(worlds, world, replace(query_of(way), correlations=5))

    assert (found.converted, found.dropped, found.undecided) == (100, 100, 0)
    strongest, *others = found.correlations
    assert (strongest.event_name, strongest.goes_with) == ("helped", "converting")
    assert (strongest.converted_with, strongest.dropped_with) == (80, 20)
    assert strongest.odds_ratio == 16
    emails = (
        Mark("person_property", "email", f"p{at}@example.com") for at in (0, 100, 101, 102, 103)
    )
    assert {_mark(one): one.goes_with for one in others} == {
        Mark("event", "read"): "unclear",
        Mark("event", "rare"): "too_few",
        Mark("event_property", "plan", "pro"): "unclear",
        Mark("event_property", "plan", "free"): "unclear",
        **dict.fromkeys(emails, "too_few"),
    }
    assert found.candidates.person_properties == 200


def test_who_has_time_left_is_counted_as_undecided(worlds: Worlds) -> None:
    late = 499_999_000  # a second before the range ends
    sent = [Event("seen", "ann", late), Event("seen", "bob", 2 * HOUR_MS)]
    world = worlds.put(World(sent))
    way = {
        "steps": [{"any_of": [{"event_name": name}]} for name in ("seen", "bought")],
        "order": "ordered",
        "window": 1000,
        "exclusions": [],
    }

    found = _correlate(worlds, world, replace(query_of(way), correlations=5))

    assert (found.converted, found.dropped, found.undecided) == (0, 2, 1)
