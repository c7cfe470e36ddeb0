"""When people were seen, and how often: of all their events the first, the last, and how many.

The summary has these numbers for each id as it was sent, which no rewrite changes. Where it cannot
be asked, all rows are counted."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from whipstitch.analytics import summary
from whipstitch.analytics.people.person_lookup import ALL_OF_ONE, ALONE, PEOPLE, rows_of
from whipstitch.analytics.session import QuerySession
from whipstitch.analytics.summary import SINCE, UNPATCHED
from whipstitch.identity.person_map import LINKED, SENT, Persons
from whipstitch.warehouse.sql import IN_SCOPE, Rows, Sql

SENT_SINCE: Final = (
    f"{SENT}, min(timestamp) AS first, max(timestamp) AS last, count() AS events "
    f"FROM events WHERE {SINCE}"
)
"""What ids did that a summary does not have."""
OF_ROWS: Final = (
    "toUnixTimestamp64Milli(max(timestamp)) AS last, "
    "toUnixTimestamp64Milli(min(timestamp)) AS first, count() AS events"
)
"""An ``Activity``, of rows of ``events``."""
_OF_SENT: Final = (
    "toUnixTimestamp64Milli(max(sent.last)) AS last, "
    "toUnixTimestamp64Milli(min(sent.first)) AS first, sum(sent.events) AS events"
)
"""The same, of what some ids did."""


class Activity(NamedTuple):
    """Of all events of a person; times in unix milliseconds, None where there is no event."""

    last: int | None
    first: int | None
    events: int


NO_EVENTS: Final = Activity(None, None, 0)


async def of(reading: QuerySession, people: Sequence[str]) -> dict[str, Activity]:
    """Of each of ``people`` who has events."""
    if not people:
        return {}
    rows = await counted(reading, _summed_up(people), _of_rows(people, reading.persons))
    return {row[0]: Activity(*row[1:]) for row in rows}


async def counted(reading: QuerySession, summed_up: Sql, of_rows: Sql) -> Rows:
    """The rows of ``summed_up``, which asks ``by_person``, or where that cannot be asked now, those
    of ``of_rows``, which says the same of the rows of ``events``."""
    if (known := await summary.in_force(reading)) is not None:
        rows = await reading.run(known.bind(summed_up))
        if await summary.held_with_links(reading, known):
            return rows
    return await reading.run(of_rows)


def by_person(condition: str, links: str = LINKED) -> str:
    """A query of people who have events, their distinct id ``who`` and their ``Activity``, for
    ``counted``. ``condition`` is on ``sent_id``; ``links`` are those that such ids may have."""
    return (
        f"SELECT if(known.person = '', sent_id, known.person) AS who, {_OF_SENT} "
        f"FROM ({_sent(condition)}) AS sent "
        f"LEFT JOIN (SELECT id, person FROM {links}) AS known ON known.id = sent_id GROUP BY who"
    )


def of_everybody(persons: Persons) -> tuple[str, str]:
    """Queries of ``who`` has events and of their ``Activity``: of a summary, and of the rows."""
    of_rows = (
        f"SELECT any({persons.id}) AS who, {OF_ROWS} FROM events "
        f"WHERE {IN_SCOPE} GROUP BY {persons.key}"
    )
    return by_person("1"), of_rows


def _sent(condition: str) -> str:
    return (
        "SELECT sent_id, first, last, events FROM activity "
        f"WHERE summary = {{summary:UInt64}} AND {IN_SCOPE} AND {condition} UNION ALL "
        f"SELECT {SENT_SINCE} AND {IN_SCOPE} AND {condition} GROUP BY sent_id {UNPATCHED}"
    )


def _summed_up(people: Sequence[str]) -> Sql:
    if len(people) == 1:
        return Sql(
            f"SELECT {ALONE} AS who, {_OF_SENT} FROM ({_sent(f'sent_id IN ({ALL_OF_ONE})')}) "
            "AS sent HAVING events > 0",
            {"people": list(people)},
        )
    links = f"{LINKED} AND person IN ({PEOPLE})"
    ids = f"{PEOPLE} UNION ALL SELECT id FROM {links}"
    return Sql(by_person(f"sent_id IN ({ids})", links), {"people": list(people)})


def _of_rows(people: Sequence[str], persons: Persons) -> Sql:
    return Sql(
        f"SELECT any({persons.id}), {OF_ROWS} FROM events "
        f"WHERE {IN_SCOPE} AND {rows_of(persons)} GROUP BY {persons.key}",
        {"people": list(people)},
    )
