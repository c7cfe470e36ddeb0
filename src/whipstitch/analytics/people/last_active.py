"""The list of people by their last event, the newest first; those who have none come last
(interfaces, "Query API": ``GET /api/v1/people``).

A person is whoever has events or was named by an update of traits. Few pages of this list need a
look at all events; for other orders see ``sorted_people``."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from whipstitch.analytics.events.pages import Moment, cursor_of
from whipstitch.analytics.expressions.searching import folded
from whipstitch.analytics.people import activity, traits
from whipstitch.analytics.people.activity import NO_EVENTS, Activity
from whipstitch.analytics.people.listed import PeoplePage, listed, traits_of
from whipstitch.analytics.people.people_search import contains, in_cohort, matching
from whipstitch.analytics.session import QuerySession
from whipstitch.identity.person_map import LINKED, Persons, key_of
from whipstitch.warehouse.sql import IN_SCOPE, Sql

_DAY: Final = 24 * 3_600_000
_WINDOWS: Final = (_DAY, 7 * _DAY, 30 * _DAY)
"""How far back to look for the newest people before all events are read, in milliseconds."""
_EARLIEST: Final = -2_208_988_800_000
"""The first moment that an event can have: 1900."""
_MOST_MATCHED: Final = 1000


class PeoplePosition(msgspec.Struct, frozen=True, array_like=True):
    """A place in the order of people: the unix milliseconds of their last event, None where they
    have none, and their distinct id."""

    last: Moment | None
    id: str


@dataclass(frozen=True, slots=True)
class PeopleQuery:
    """One page of people. ``now``: unix milliseconds; ``search``: what one of their ids, their name
    or their email contains, in any case; ``cohort``: the id of one that they are all in; ``after``:
    the last of the page before."""

    limit: int
    now: int
    search: str | None = None
    cohort: str | None = None
    after: PeoplePosition | None = None


async def page(reading: QuerySession, query: PeopleQuery) -> PeoplePage:
    """The people of one page, with all that is known of them."""
    found = await _find(reading, query)
    people = list(found)[: query.limit]
    did = {person: known for person in people if (known := found[person]) is not None}
    unknown = [person for person in people if person not in did]
    did |= await activity.of(reading, unknown)
    cursor = None
    if len(found) > query.limit:
        end = did.get(people[-1], NO_EVENTS)
        cursor = cursor_of(PeoplePosition(end.last, people[-1]))
    return PeoplePage(people=await listed(reading, people, did), next_cursor=cursor)


async def _find(reading: QuerySession, query: PeopleQuery) -> dict[str, Activity | None]:
    """The people of the page in their order, one more where there are more, and their activity
    where it is known by the way. Few pages need a look at all events."""
    matched = None
    if query.search:
        inside, values = in_cohort(query.cohort, key_of("who"))
        sql = matching(query.search, inside, _MOST_MATCHED)
        rows = await reading.run(Sql(sql.text, {**sql.values, **values}))
        matched = [row[0] for row in rows]
    found: dict[str, Activity | None] = {}
    if query.after is None or query.after.last is not None:
        for since in _windows(query):
            rows = await reading.run(active(query, reading.persons, since, matched))
            found = dict.fromkeys(row[0] for row in rows)
            if len(found) > query.limit:
                return found
        of_rows = active(query, reading.persons, None, matched)
        rows = await activity.counted(reading, ever_active(query, matched), of_rows)
        found = {row[0]: Activity(*row[1:]) for row in rows}
        if len(found) > query.limit:
            return found
    if matched is None:
        summed_up, of_rows = (
            inactive(query, active_keys, len(found))
            for active_keys in (
                f"SELECT {key_of('who')} FROM ({activity.by_person('1')})",
                f"SELECT {reading.persons.key} FROM events WHERE {IN_SCOPE}",
            )
        )
        rows = await activity.counted(reading, summed_up, of_rows)
        rest = [row[0] for row in rows]
    else:
        rest = await _inactive_of(reading, query, [one for one in matched if one not in found])
    return found | dict.fromkeys(rest[: query.limit + 1 - len(found)], NO_EVENTS)


async def _inactive_of(
    reading: QuerySession, query: PeopleQuery, people: Sequence[str]
) -> list[str]:
    """Those of ``people``, in their order, who have no events but traits."""
    start = query.after.id if query.after is not None and query.after.last is None else ""
    people = [person for person in people if person > start]
    if not people:
        return []
    seen, named = await asyncio.gather(activity.of(reading, people), traits_of(reading, people))
    return [person for person in people if person in named and person not in seen]


def _windows(query: PeopleQuery) -> Iterable[int]:
    """Where to begin looking before all events are, in unix milliseconds. Most searches and cohorts
    have few people, so that only all events tell that there are no more."""
    at = query.now
    if query.after is not None and query.after.last is not None:
        at = min(at, query.after.last)
    for window in _WINDOWS[:1] if query.search or query.cohort else _WINDOWS:
        yield max(at - window, _EARLIEST)


def active(
    query: PeopleQuery, persons: Persons, since: int | None, matched: Sequence[str] | None
) -> Sql:
    """People with events since then: distinct id, and their activity since. With a search: those
    who are ``matched`` or whose distinct id is found."""
    inside, values = in_cohort(query.cohort, persons.key)
    conditions = [IN_SCOPE, inside]
    values["limit"] = query.limit + 1
    if since is not None:
        conditions.append("timestamp >= fromUnixTimestamp64Milli({since:Int64})")
        values["since"] = since
    if matched is not None:
        keys = f"SELECT {key_of('arrayJoin({matched:Array(String)})')}"
        conditions.append(f"({contains(persons.id)} OR {persons.key} IN ({keys}))")
        values |= {"search": folded(query.search or ""), "matched": list(matched)}
    after = ""
    if query.after is not None:
        after = "HAVING (-last, who) > (-{last:Int64}, {after:String}) "
        values |= {"last": query.after.last, "after": query.after.id}
    return Sql(
        f"SELECT any({persons.id}) AS who, {activity.OF_ROWS} "
        f"FROM events WHERE {' AND '.join(conditions)} GROUP BY {persons.key} "
        f"{after}ORDER BY last DESC, who LIMIT {{limit:UInt32}}",
        values,
    )


def ever_active(query: PeopleQuery, matched: Sequence[str] | None) -> Sql:
    """``active`` since ever, for ``activity.counted``."""
    inside, values = in_cohort(query.cohort, key_of("who"))
    conditions, theirs, ids = [inside], LINKED, "1"
    values["limit"] = query.limit + 1
    if matched is not None:
        people = "SELECT arrayJoin({matched:Array(String)})"
        conditions.append(f"({contains('who')} OR who IN ({people}))")
        # All ids of whoever may be found, and those that may be whoever is.
        theirs += (
            f" AND ({contains('person_ids.id')} OR {contains('person')} OR person IN ({people}))"
        )
        ids = (
            f"({contains('sent_id')} OR sent_id IN ({people}) "
            f"OR sent_id IN (SELECT id FROM {theirs}))"
        )
        values |= {"search": folded(query.search or ""), "matched": list(matched)}
    if query.after is not None:
        conditions.append("(-last, who) > (-{last:Int64}, {after:String})")
        values |= {"last": query.after.last, "after": query.after.id}
    return Sql(
        f"SELECT who, last, first, events FROM ({activity.by_person(ids, theirs)}) "
        f"WHERE {' AND '.join(conditions)} ORDER BY last DESC, who LIMIT {{limit:UInt32}}",
        values,
    )


def inactive(query: PeopleQuery, active_keys: str, found: int) -> Sql:
    """People who were named by an update of traits and are not among ``active_keys``, a query of
    the keys of all who have events; as many as the page has room for beside those ``found``."""
    inside, values = in_cohort(query.cohort, key_of(traits.WHO))
    conditions = [IN_SCOPE, "property = ''", inside]
    values["limit"] = query.limit + 1 - found
    if query.after is not None and query.after.last is None:
        conditions.append(f"{traits.WHO} > {{after:String}}")
        values["after"] = query.after.id
    named = f"SELECT DISTINCT {traits.WHO} AS id FROM {traits.NAMED}"
    return Sql(
        f"SELECT id FROM ({named} WHERE {' AND '.join(conditions)}) "
        f"WHERE {key_of('id')} NOT IN ({active_keys}) "
        "ORDER BY id LIMIT {limit:UInt32}",
        values,
    )
