"""Some people in any order, against plain Python on small random worlds."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from contextlib import aclosing
from functools import partial
from random import Random
from typing import Any

import pytest
from tests.support.definitions import NOW, meets, random_condition
from tests.support.identity import Rows
from tests.support.reference import (
    Event,
    Update,
    World,
    Worlds,
    folded,
    number_in,
    random_world,
    text,
)

from whipstitch.analytics.cohorts import definitions, members
from whipstitch.analytics.events.pages import position_of, rfc3339
from whipstitch.analytics.people import people_csv, sorted_people
from whipstitch.analytics.people.columns import parse_column, parse_columns
from whipstitch.analytics.people.listed import Listed
from whipstitch.analytics.people.people_csv import PeopleFile
from whipstitch.analytics.people.selection import Selection
from whipstitch.analytics.people.sorted_people import SortedPeople
from whipstitch.analytics.people.sorting import Sort, SortedPosition
from whipstitch.analytics.session import QuerySession
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.connection import STITCHING, Address

_COHORT = "coh_static"
_NAMES = ("distinct_id", "ids", "event_count", "first_seen", "last_seen")
_TRAITS = ("plan", "age", "tags", "address.city", "email", "gone")
_COLUMNS = (*_NAMES, *(f"properties.{name}" for name in _TRAITS))
Read = Callable[[Callable[[QuerySession], Any]], Any]


@pytest.fixture(scope="module")
def client(worlds_address: Address) -> Iterator[Client]:
    opened = worlds_address.connect(STITCHING, seconds=60)
    yield opened
    opened.close()


def _pages(read: Read, selection: Selection, sort: Sort, limit: int) -> list[Listed]:
    """The people of all pages."""
    found: list[Listed] = []
    after = None
    while True:
        query = SortedPeople(selection, limit, sort, after)
        page = read(partial(sorted_people.page, query=query))
        assert len(page.people) <= limit
        found += page.people
        if page.next_cursor is None:
            return found
        after = position_of(page.next_cursor, SortedPosition)


def _file(read: Read, query: PeopleFile) -> list[list[str]]:
    async def poured(reading: QuerySession) -> bytes:
        sql = people_csv.build(query, reading.persons)
        async with aclosing(reading.pour(sql, "CSV")) as chunks:
            return b"".join([chunk async for chunk in chunks])

    return list(csv.reader(io.StringIO(people_csv.head(query) + read(poured).decode(), newline="")))


class _Expected:
    """What is known of people, in plain Python."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.times: dict[str, list[int]] = {}
        for event in world.events:
            if event.environment == "live":
                self.times.setdefault(world.person(event.sent_id), []).append(event.ms)
        self.ids: dict[str, set[str]] = {}
        for id_ in world.parents:
            self.ids.setdefault(world.person(id_), set()).add(id_)

    def everybody(self) -> set[str]:
        return set(self.times) | {self.world.person(update.id) for update in self.world.updates}

    def value(self, who: str, column: str) -> Any:
        times = self.times.get(who)
        if column.startswith("properties."):
            return self.world.value(Event("", who, 0), column.removeprefix("properties."), "person")
        return {
            "distinct_id": who,
            "ids": 1 + len(self.ids.get(who, ())),
            "event_count": len(times or ()),
            "first_seen": min(times) if times else None,
            "last_seen": max(times) if times else None,
        }[column]

    def in_order(self, people: set[str], column: str, descending: bool) -> list[str]:
        def place(who: str) -> tuple[int, Any]:
            found = text(self.value(who, column))
            if found is None:
                return 2, 0
            number = None if column == "distinct_id" else number_in(found)
            if number is not None:
                return 0, float(number)
            return 1, (folded(found), found)

        ordered = []
        for rank in range(3):
            some = sorted(who for who in people if place(who)[0] == rank)
            # Of equals the distinct id that is less comes first, in either direction.
            ordered += sorted(some, key=lambda who: place(who)[1], reverse=descending)
        return ordered

    def finds(self, who: str, search: str) -> bool:
        traits = self.world.traits(who)
        texts = [who, *self.ids.get(who, ()), traits.get("name"), traits.get("email")]
        return any(folded(search) in folded(one) for one in texts if isinstance(one, str))

    def cell(self, who: str, column: str) -> str:
        value = self.value(who, column)
        if value is None:
            return ""
        if column in ("first_seen", "last_seen"):
            return rfc3339(value)
        if isinstance(value, str):
            return f"'{value}" if re.match(r"[=+\-@\t\r\n]", value) else value
        return text(value) or json.dumps(value, separators=(",", ":"))


@pytest.mark.parametrize("seed", range(4))
def test_pages_hold_whom_is_asked_for_in_the_order_of_a_column(
    worlds: Worlds, client: Client, seed: int
) -> None:
    random = Random(seed)  # noqa: S311
    world = random_world(random, 30)
    named = [Update(update.id, "", None) for update in world.updates]
    world = worlds.put(World(world.events, world.parents, world.waiting, [*world.updates, *named]))
    expected = _Expected(world)
    inside = set(random.sample(sorted(expected.everybody()), k=1))
    members.replace_by_ids(client, world.scope(), _COHORT, 1, sorted(inside))

    def read(work: Callable[[QuerySession], Any]) -> Any:
        return worlds.read(world.scope(), work)

    for column in random.sample(_COLUMNS, 4):
        people = expected.everybody()
        these = search = cohort = None
        if random.random() < 0.5:
            every = random.choice([True, False])
            conditions = [random_condition(random, _COHORT) for _ in range(random.randint(1, 2))]
            definition = definitions.parse({"all" if every else "any": conditions})
            these = definitions.selecting(definition, NOW)
            joined = all if every else any
            people = {
                who
                for who in people
                if joined(meets(world, who, one, inside) for one in conditions)
            }
        if random.random() < 0.3:
            search = random.choice(["ANN", "o", "exa", "3"])
            people = {who for who in people if expected.finds(who, search)}
        if random.random() < 0.2:
            cohort = _COHORT
            people &= inside
        selection = Selection(these, search, cohort)
        descending = random.choice([True, False])
        sort = Sort(parse_column(column, "sort"), descending)
        ordered = expected.in_order(people, column, descending)

        listed = _pages(read, selection, sort, random.choice([2, 3, 50]))

        assert [one.distinct_id for one in listed] == ordered, (column, descending, selection)
        assert [one.event_count for one in listed] == [
            expected.value(who, "event_count") for who in ordered
        ]
        assert read(partial(sorted_people.count, selection=selection)) == len(people)
        chosen = random.sample(_COLUMNS, 5)
        query = PeopleFile(selection, parse_columns(chosen, "columns"), sort)
        head, *lines = _file(read, query)
        assert head == [name.removeprefix("properties.") for name in chosen]
        assert lines == [[expected.cell(who, name) for name in chosen] for who in ordered]


@pytest.mark.parametrize("summed_up", [False, True])
def test_people_without_events_and_of_a_summary_are_counted_and_come_last(
    rows: Rows, *, summed_up: bool
) -> None:
    rows.summed_up = summed_up
    rows.event("bob", 20)
    rows.event("phone", 10)
    rows.event("ann", 30)
    rows.link("phone", "ann")
    rows.move("phone", "ann")
    rows.traits("named", 1, plan='"Pro"')
    rows.traits("phone", 1, plan='"free"')
    rows.traits("bob", 1, plan="12")

    def ordered(column: str, *, descending: bool = False) -> list[str]:
        sort = Sort(parse_column(column, "sort"), descending)
        return [one.distinct_id for one in _pages(rows.read, Selection(), sort, 2)]

    assert ordered("first_seen") == ["ann", "bob", "named"]
    assert ordered("last_seen") == ["bob", "ann", "named"]
    assert ordered("event_count", descending=True) == ["ann", "bob", "named"]
    assert ordered("properties.plan") == ["bob", "ann", "named"]
    assert ordered("properties.plan", descending=True) == ["bob", "named", "ann"]
    assert rows.read(partial(sorted_people.count, selection=Selection())) == 3
