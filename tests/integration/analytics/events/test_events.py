"""Events of people with several ids, in every state of the rewrite."""

from random import Random

import pytest
from tests.support.identity import Rows
from tests.support.reference import Worlds, random_filter, random_world

from whipstitch.analytics.events import events
from whipstitch.analytics.events.pages import rfc3339
from whipstitch.analytics.expressions import filters
from whipstitch.analytics.people.person_lookup import ids_of, person_of
from whipstitch.analytics.session import QuerySession
from whipstitch.core.projects import Scope
from whipstitch.warehouse.sql import Rows as Found

Seen = list[tuple[int, str, str]]
"""Second, person, and the id that was sent where it is another."""


def _seen(rows: Rows, distinct_id: str | None = None) -> Seen:
    """What the list of events says, oldest first."""

    async def ask(reading: QuerySession) -> events.EventsPage:
        person = None if distinct_id is None else await person_of(reading, distinct_id)
        query = events.EventsQuery(1000, person=person)
        return events.shape(query, await reading.run(events.build(query, reading.persons)))

    page = rows.read(ask)
    return [
        (int(event.timestamp[17:19]), event.distinct_id, event.anon_id)
        for event in reversed(page.events)
    ]


def _settled(rows: Rows) -> None:
    rows.event("user", 1, anon_id="anon")
    rows.event("user", 2)
    rows.link("anon", "user")


def _merged(rows: Rows) -> None:
    rows.event("anon", 1)
    rows.event("user", 2)
    rows.link("anon", "user")
    rows.move("anon", "user")


def _half_merged_into_a_longer_chain(rows: Rows) -> None:
    """anon is user's in the rows, and user became member since."""
    rows.event("user", 1, anon_id="anon")
    rows.event("user", 2)
    rows.event("member", 3)
    rows.link("anon", "user", "member")
    rows.link("user", "member")
    rows.move("anon", "member")
    rows.move("user", "member")


def _split(rows: Rows) -> None:
    """anon was user's, in some rows, until an undo."""
    rows.event("user", 1, anon_id="anon")
    rows.event("anon", 2)
    rows.event("user", 3)
    rows.move("anon", "user")
    rows.move("anon", "anon")
    rows.move("anon", "anon", stands_in="anon_id")


def _split_and_merged_into_another(rows: Rows) -> None:
    rows.event("user", 1, anon_id="anon")
    rows.event("user", 2)
    rows.event("other", 3)
    rows.link("anon", "other")
    rows.move("anon", "other")
    rows.move("anon", "other", stands_in="anon_id")


@pytest.mark.parametrize(
    ("write", "expected"),
    [
        (_settled, [(1, "user", "anon"), (2, "user", "")]),
        (_merged, [(1, "user", "anon"), (2, "user", "")]),
        (
            _half_merged_into_a_longer_chain,
            [(1, "member", "anon"), (2, "member", "user"), (3, "member", "")],
        ),
        (_split, [(1, "anon", ""), (2, "anon", ""), (3, "user", "")]),
        (
            _split_and_merged_into_another,
            [(1, "other", "anon"), (2, "user", ""), (3, "other", "")],
        ),
    ],
)
def test_each_event_is_its_persons_and_is_found_by_any_of_their_ids(
    rows: Rows, write: object, expected: Seen
) -> None:
    assert callable(write)
    write(rows)
    rows.elsewhere(Scope("proj_a", "test")).event("anon", 50)
    rows.elsewhere(Scope("proj_b", "live")).event("user", 51)
    rows.event("stranger", 52)

    assert _seen(rows) == [*expected, (52, "stranger", "")]
    for person in {"user", "anon", "member", "other"}:
        resolved = rows.read(lambda reading, id_=person: person_of(reading, id_))  # type: ignore[misc]
        assert _seen(rows, person) == [one for one in expected if one[1] == resolved]


def test_the_ids_of_a_person_begin_with_their_own(rows: Rows) -> None:
    rows.link("second", "user", second=2)
    rows.link("first", "second", "user", second=1)
    rows.elsewhere(Scope("proj_a", "test")).link("third", "user")

    assert rows.read(lambda reading: ids_of(reading, "user")) == ["user", "first", "second"]
    assert rows.read(lambda reading: ids_of(reading, "nobody")) == ["nobody"]
    assert rows.read(lambda reading: person_of(reading, "first")) == "user"
    assert rows.read(lambda reading: person_of(reading, "third")) == "third"


@pytest.mark.parametrize("seed", range(2))
def test_filters_let_through_whom_and_what_they_describe(worlds: Worlds, seed: int) -> None:
    random = Random(seed)  # noqa: S311
    world = worlds.put(random_world(random))
    for _ in range(5):
        wanted = [random_filter(random) for _ in range(random.randint(1, 2))]
        query = events.EventsQuery(1000, filters=filters.parse(wanted, "filters"))

        async def ask(reading: QuerySession, query: events.EventsQuery = query) -> Found:
            return await reading.run(events.build(query, reading.persons))

        found = events.shape(query, worlds.read(world.scope(), ask)).events
        expected = world.matching(None, wanted, -(10**12), 10**12)
        order = [rfc3339(one.ms) for one in sorted(expected, key=lambda one: -one.at)]
        assert [one.timestamp for one in found] == order, wanted
        people = sorted(world.person(one.sent_id) for one in expected)
        assert sorted(one.distinct_id for one in found) == people
