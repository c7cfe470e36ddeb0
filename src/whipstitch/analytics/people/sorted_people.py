"""Some people in any order, page by page, and how many they are."""

from dataclasses import dataclass
from typing import Final

from whipstitch.analytics.events.pages import cursor_of
from whipstitch.analytics.people import activity, columns
from whipstitch.analytics.people.activity import Activity
from whipstitch.analytics.people.listed import PeoplePage, listed
from whipstitch.analytics.people.selection import Selection, found
from whipstitch.analytics.people.sorting import LATEST, Sort, SortedPosition, placed
from whipstitch.analytics.session import QuerySession
from whipstitch.identity.person_map import Persons
from whipstitch.warehouse.parameters import Parameters
from whipstitch.warehouse.sql import Sql

_SEEN: Final = (
    "people.who AS who, people.last AS last, people.first AS first, people.events AS events"
)


@dataclass(frozen=True, slots=True)
class SortedPeople:
    """One page of some people; ``after``: the last of the page before."""

    selection: Selection
    limit: int
    sort: Sort = LATEST
    after: SortedPosition | None = None


async def page(reading: QuerySession, query: SortedPeople) -> PeoplePage:
    """The people of one page, with all that is known of them."""
    summed_up, of_rows = (
        build(query, did, reading.persons) for did in activity.of_everybody(reading.persons)
    )
    rows = await activity.counted(reading, summed_up, of_rows)
    people = [row[0] for row in rows[: query.limit]]
    did = {row[0]: Activity(*row[1:4]) for row in rows if row[3]}
    cursor = None
    if len(rows) > query.limit:
        who, _, _, _, rank, bits, text = rows[query.limit - 1]
        cursor = cursor_of(SortedPosition(rank, bits, text, who))
    return PeoplePage(people=await listed(reading, people, did), next_cursor=cursor)


async def count(reading: QuerySession, selection: Selection) -> int:
    """How many people there are."""
    statements = []
    for did in activity.of_everybody(reading.persons):
        values = Parameters("p")
        people = found(selection, did, reading.persons, values)
        statements.append(values.sql(f"SELECT count() FROM ({people})"))
    ((number,),) = await activity.counted(reading, *statements)
    return int(number)


def build(query: SortedPeople, did: str, persons: Persons) -> Sql:
    """Asks for one more than the page holds: ``who`` they are, their ``Activity``, and the place of
    each in the order."""
    values = Parameters("p")
    people = found(query.selection, did, persons, values)
    joins, (sorted_by,) = columns.joined([query.sort.column], values)
    listed_people = f"SELECT {_SEEN}, {sorted_by} AS sorted_by FROM ({people}) AS people{joins}"
    after = "1" if query.after is None else query.sort.after(query.after, values)
    return values.sql(
        "SELECT who, last, first, events, rank, reinterpretAsUInt64(number), text "
        f"FROM ({placed(listed_people, query.sort.column)}) "
        f"WHERE {after} ORDER BY {query.sort.order()} "
        f"LIMIT {values.add(query.limit + 1, 'UInt32')}"
    )
