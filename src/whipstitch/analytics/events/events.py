"""Events, newest first, a page at a time (interfaces, "Query API": ``GET /api/v1/events``)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from whipstitch.analytics.events.pages import Count, Moment, cursor_of, rfc3339
from whipstitch.analytics.expressions.conditions import all_met
from whipstitch.analytics.expressions.event_matcher import Match, is_called
from whipstitch.analytics.expressions.filters import Filter
from whipstitch.analytics.people.person_lookup import rows_of
from whipstitch.core.event_columns import ADDED
from whipstitch.identity.person_map import Persons
from whipstitch.warehouse.parameters import Parameters
from whipstitch.warehouse.sql import IN_SCOPE, Sql

_COLUMNS: Final = {
    "id": "id",
    "event_name": "event_name",
    "session_id": "session_id",
    "timestamp": "toUnixTimestamp64Milli(timestamp)",
    "received_at": "toUnixTimestamp64Milli(received_at)",
    "environment": "environment",
    "properties": "properties_sent",
    "default_properties": "default_properties_sent",
    **{name: name for name in ADDED},
    "accepted": "accepted",
}
_FIELDS: Final = ("distinct_id", "anon_id", *_COLUMNS)


class EventPosition(msgspec.Struct, frozen=True, array_like=True):
    """A place in the order of events: unix milliseconds, acceptance number, event id."""

    timestamp: Moment
    accepted: Count
    id: str


@dataclass(frozen=True, slots=True)
class EventsQuery:
    """One page of events. ``person``: whose events (their distinct id, see ``person_of``);
    ``after``: the last event of the page before; ``start`` is inclusive, ``end`` exclusive; a
    filter that is None lets everything through. ``merged``: as ``Match`` has it."""

    limit: int
    event_name: str | None = None
    person: str | None = None
    session_id: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    filters: tuple[Filter, ...] = ()
    after: EventPosition | None = None
    merged: tuple[Match, ...] = ()


class Event(msgspec.Struct):
    """One event as the API gives it; ``properties`` are the client's own text."""

    id: str
    event_name: str
    distinct_id: str
    anon_id: str
    session_id: str
    timestamp: str
    received_at: str
    environment: str
    properties: msgspec.Raw
    default_properties: msgspec.Raw
    os: str
    browser: str
    device_model: str
    bot: bool
    city: str
    region: str
    country: str
    timezone: str
    lib_version: str


class EventsPage(msgspec.Struct, kw_only=True):
    ok: bool = True
    events: list[Event]
    next_cursor: str | None


def build(query: EventsQuery, persons: Persons) -> Sql:
    """Asks for one row more than the page holds, to know whether there is another page."""
    named = Parameters()
    conditions = [IN_SCOPE, all_met(query.filters, named, persons)]
    if query.event_name is not None:
        conditions.append(is_called(query.event_name, query.merged, named, persons))
    values: dict[str, Any] = {"limit": query.limit + 1, **named.sql("").values}
    if query.session_id is not None:
        conditions.append("session_id = {session_id:String}")
        values["session_id"] = query.session_id
    if query.person is not None:
        conditions.append(rows_of(persons))
        values["people"] = [query.person]
    for name, comparison, moment in (("start", ">=", query.start), ("end", "<", query.end)):
        if moment is not None:
            conditions.append(f"timestamp {comparison} fromUnixTimestamp64Milli({{{name}:Int64}})")
            values[name] = _milliseconds(moment)
    if query.after is not None:
        conditions.append(
            "timestamp <= fromUnixTimestamp64Milli({at:Int64}) AND "
            "(timestamp, accepted, id) < "
            "(fromUnixTimestamp64Milli({at:Int64}), {accepted:UInt64}, {last:String})"
        )
        values |= {
            "at": query.after.timestamp,
            "accepted": query.after.accepted,
            "last": query.after.id,
        }
    return Sql(  # of fixed pieces: every value is bound
        f"SELECT {columns(persons)} FROM events WHERE {' AND '.join(conditions)} "
        "ORDER BY timestamp DESC, accepted DESC, id DESC LIMIT {limit:UInt32}",
        values,
    )


def shape(query: EventsQuery, rows: Sequence[Sequence[Any]]) -> EventsPage:
    """The page that ``rows`` make, and where the next one begins."""
    page = rows[: query.limit]
    cursor = None
    if len(rows) > query.limit:
        last = page[-1]
        cursor = cursor_of(
            EventPosition(*(last[_FIELDS.index(name)] for name in ("timestamp", "accepted", "id")))
        )
    return EventsPage(events=[event(row) for row in page], next_cursor=cursor)


def columns(persons: Persons) -> str:
    """What is selected of a row, as ``event`` reads it."""
    return ", ".join((persons.id, persons.anon_id, *_COLUMNS.values()))


def event(row: Sequence[Any]) -> Event:
    """The event of a row of ``columns``."""
    told = dict(zip(_FIELDS, row, strict=True))
    del told["accepted"]
    for name in ("timestamp", "received_at"):
        told[name] = rfc3339(told[name])
    for name in ("properties", "default_properties"):
        told[name] = msgspec.Raw(told[name].encode())
    return Event(**told | {"bot": bool(told["bot"])})


def _milliseconds(moment: datetime) -> int:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1000)
