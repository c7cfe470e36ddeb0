"""The values of a property, for fields that suggest them, each with how many events or how many
people have it.

Where more events would have to be looked at than a field that is typed into can wait for, the
newest are: about ``MOST_EVENTS`` of them. The answer then says so."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from whipstitch.analytics import summary
from whipstitch.analytics.events.lexicon_events import events_by_day
from whipstitch.analytics.events.pages import rfc3339
from whipstitch.analytics.expressions import properties
from whipstitch.analytics.expressions.event_matcher import Match, is_called, sent_names
from whipstitch.analytics.expressions.filters import On
from whipstitch.analytics.expressions.searching import containing, folded
from whipstitch.analytics.expressions.syntax import Node
from whipstitch.analytics.people import person_properties
from whipstitch.analytics.session import QuerySession
from whipstitch.identity.person_map import Persons
from whipstitch.warehouse.parameters import Parameters
from whipstitch.warehouse.sql import IN_SCOPE, Sql

DEFAULT_LIMIT: Final = 25
MOST: Final = 1_000
MOST_EVENTS: Final = 300_000
_LONGEST: Final = 1_000
"""Bytes of a value: longer ones are not suggested."""
_AHEAD: Final = timedelta(days=1)
"""Events that are later than that, by a client's clock, are no newest ones."""


@dataclass(frozen=True, slots=True)
class ValuesQuery:
    """``event_name``: only of such events. ``search``: what the value contains, in any case of
    letters. ``computed`` and ``merged``: as ``PropertyFilter`` and ``Match`` have them."""

    property: str
    on: On = "event"
    event_name: str | None = None
    search: str | None = None
    limit: int = DEFAULT_LIMIT
    computed: Node | None = None
    merged: tuple[Match, ...] = ()


class PropertyValue(msgspec.Struct):
    """``value`` as filters take it."""

    value: str
    count: int


class ValuesAnswer(msgspec.Struct, kw_only=True, omit_defaults=True):
    """``values``: the most frequent first. ``approximate``: only events from ``since`` on were
    looked at."""

    ok: bool
    values: list[PropertyValue]
    approximate: bool
    since: str | None = None


async def of(reading: QuerySession, query: ValuesQuery, now: datetime) -> ValuesAnswer:
    """What is known of the property."""
    if query.on == "person":
        return _answer(await reading.run(of_people(query)), None)
    since, names = None, sent_names(query.event_name, query.merged)
    if (known := await summary.in_force(reading)) is not None:
        days = await reading.run(known.bind(events_by_day(names, known)))
        if not await summary.held(reading, known):
            known = None
    if known is None:
        days = await reading.run(events_by_day(names, None))
    since = newest_of(days, now)
    return _answer(await reading.run(of_events(query, since, reading.persons)), since)


def newest_of(days: Sequence[Sequence[Any]], now: datetime) -> int | None:
    """Since when, in unix milliseconds, there were about ``MOST_EVENTS``; None: there are not more.
    ``days`` are rows of ``events_by_day``."""
    if sum(row[1] for row in days) <= MOST_EVENTS:
        return None
    latest = (now + _AHEAD - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    left = MOST_EVENTS
    for _, events, first, last in [row for row in days if row[2] <= latest] or days:
        if events >= left:
            # As if they were spread evenly over the day.
            return int(last - (last - first) * left // events)
        left -= events
    return None


def of_events(query: ValuesQuery, since: int | None, persons: Persons) -> Sql:
    """Rows of: value, count."""
    values = Parameters()
    where = [IN_SCOPE]
    if query.event_name is not None:
        where.append(is_called(query.event_name, query.merged, values, persons))
    if since is not None:
        where.append(f"timestamp >= fromUnixTimestamp64Milli({values.add(since, 'Int64')})")
    text = properties.of_event(query.property, persons, values, query.computed).text
    found = f"SELECT {text} AS value FROM events WHERE {' AND '.join(where)}"
    return _counted(query, found, values)


def of_people(query: ValuesQuery) -> Sql:
    """The same."""
    values = Parameters()
    people = person_properties.of_people(query.property, values)
    found = f"SELECT {person_properties.VALUE.text} AS value FROM ({people})"
    return _counted(query, found, values)


def _counted(query: ValuesQuery, found: str, values: Parameters) -> Sql:
    wanted = "1"
    if query.search:
        wanted = containing("text", values.add(folded(query.search)))
    return values.sql(
        f"SELECT assumeNotNull(value) AS text, count() AS events FROM ({found}) "
        f"WHERE isNotNull(value) AND length(text) <= {_LONGEST} GROUP BY text HAVING {wanted} "
        f"ORDER BY events DESC, text LIMIT {values.add(query.limit, 'UInt32')}"
    )


def _answer(rows: Sequence[Sequence[Any]], since: int | None) -> ValuesAnswer:
    return ValuesAnswer(
        ok=True,
        values=[PropertyValue(value, count) for value, count in rows],
        approximate=since is not None,
        since=None if since is None else rfc3339(since),
    )
