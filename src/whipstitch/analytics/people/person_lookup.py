"""The ids of people: who somebody is, and where their events are found.

``person_ids`` has each id that has a parent; every other id is its own person. ``person_moves``
says which rows of events do not bear their person's id yet."""

from collections.abc import Sequence
from typing import Final

from whipstitch.analytics.session import QuerySession
from whipstitch.identity.person_map import LINKED, SENT, SETTLED, Persons, key_of
from whipstitch.warehouse.sql import IN_SCOPE, Sql

PEOPLE: Final = "SELECT arrayJoin({people:Array(String)}) AS id"
"""The people that a statement with ``people`` bound is about."""
ALONE: Final = "{people:Array(String)}[1]"
"""The one, where there is one. A person of many ids has much to be joined with them: a statement
about one alone need not tell people apart."""
ALL_OF_ONE: Final = f"SELECT {ALONE} AS id UNION ALL SELECT id FROM {LINKED} AND person = {ALONE}"
"""All ids of that one."""


async def person_of(reading: QuerySession, id_: str) -> str:
    """The distinct id of the person who has ``id_`` among their ids; any text may be asked for."""
    rows = await reading.run(
        Sql(
            f"SELECT person FROM {LINKED} AND id = {{id:String}}",
            {"id": id_},
        )
    )
    person: str = rows[0][0] if rows else id_
    return person


def persons_of(ids: Sequence[str]) -> Sql:
    """The distinct ids of the people who have ``ids`` among theirs, one for each; any text may be
    asked for."""
    return Sql(
        "SELECT if(known.person = '', asked.id, known.person) "
        "FROM (SELECT arrayJoin({ids:Array(String)}) AS id) AS asked "
        f"LEFT JOIN (SELECT id, person FROM {LINKED} AND id IN {{ids:Array(String)}}) AS known "
        "ON known.id = asked.id",
        {"ids": list(ids)},
    )


async def ids_of(reading: QuerySession, person: str) -> list[str]:
    """All ids of a person, their distinct id first."""
    rows = await reading.run(
        Sql(
            f"SELECT id FROM {LINKED} AND person = {{person:String}} ORDER BY since, id",
            {"person": person},
        )
    )
    return [person, *(row[0] for row in rows)]


def rows_of(persons: Persons, people: str = PEOPLE) -> str:
    """The condition on events that lets through the rows of people; ``people`` is a statement that
    selects their distinct ids as ``id``.

    The index on the ids that were sent narrows what is read: no rewrite puts it out of use, as it
    does the ones on what it changes. What it finds may be theirs. Which rows are, the row says, or
    where rows wait the reading's own map; so ids that were linked otherwise since the reading
    began may be among them."""
    ids = (
        f"{people} UNION ALL SELECT id FROM person_ids WHERE {IN_SCOPE} AND person IN ({people}) "
        f"UNION ALL SELECT id FROM person_ids WHERE {IN_SCOPE} "
        "AND version > {generation:UInt64}"
    )
    if persons.key == SETTLED.key:
        theirs = f"distinct_id IN ({people})"
    else:
        theirs = f"{persons.key} IN (SELECT {key_of('id')} FROM ({people}))"
    return f"{SENT} IN ({ids}) AND {theirs}"
