"""Sessions, newest first, a page at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

import msgspec

from whipstitch.analytics.events.pages import Count, Moment, cursor_of, rfc3339
from whipstitch.analytics.expressions.time_ranges import TimeRange
from whipstitch.analytics.session import QuerySession
from whipstitch.analytics.sessions.arrivals import FIELDS as ARRIVAL
from whipstitch.analytics.sessions.asking import Select, asked
from whipstitch.analytics.sessions.sessions import Sessions
from whipstitch.warehouse.parameters import Parameters
from whipstitch.warehouse.sql import Rows, Sql

MOST: Final = 1000
MOST_PAGES: Final = 100
_FIRST_SPAN: Final = timedelta(days=1)
_LONGER: Final = 4


class SessionPosition(msgspec.Struct, frozen=True, array_like=True):
    """A place in the list: unix milliseconds of its start, the person's key, the session's id."""

    start: Moment
    key: Count
    session_id: str


@dataclass(frozen=True, slots=True)
class SessionsList:
    """One page; ``after``: the last session of the one before."""

    sessions: Sessions
    limit: int
    after: SessionPosition | None = None


class SessionShown(msgspec.Struct):
    """One session. ``end``: its last event; ``seconds`` lie between. ``session_id`` is blank where
    the client sent none. ``pages``: the first 100 names of what was seen, by name. What is not
    known is null; what brought it and where it was, its first view says."""

    distinct_id: str
    session_id: str
    start: str
    end: str
    seconds: float
    events: int
    views: int
    pages: list[str]
    entry_page: str | None
    exit_page: str | None
    bounced: bool
    referrer: str | None
    channel: str
    utm_source: str | None
    utm_medium: str | None
    utm_campaign: str | None
    country: str | None
    device: str | None
    browser: str | None
    os: str | None


class SessionsPage(msgspec.Struct, kw_only=True):
    ok: bool = True
    sessions: list[SessionShown]
    next_cursor: str | None


async def answer(session: QuerySession, query: SessionsList) -> SessionsPage:
    """The page. Most are full of what is newest: so it is looked for in the last day, then in four
    days before, and so on."""
    found: list[Sequence[Any]] = []
    for span in _spans(query):
        missing = replace(query, sessions=span, limit=query.limit - len(found))
        found += await asked(session, span, partial(build, missing))
        if len(found) > query.limit:
            break
    return shape(query, found)


def build(query: SessionsList, select: Select) -> Sql:
    """Asks for one more than the page holds."""
    values = Parameters()
    after = "1"
    if query.after is not None:
        start = values.add(query.after.start, "Int64")
        key, session_id = values.add(query.after.key, "UInt64"), values.add(query.after.session_id)
        after = (
            f"(start < {start} OR start = {start} AND (key, session_id) > ({key}, {session_id}))"
        )
    fields = ", ".join(_NAMED.get(one, one) for one in _FIELDS)
    sql = values.sql(
        f"SELECT key, {fields} FROM ({select(query.sessions, values)}) "
        f"WHERE {after} ORDER BY start DESC, key, session_id "
        f"LIMIT {values.add(query.limit + 1, 'UInt32')}"
    )
    person = query.sessions.person
    return sql if person is None else Sql(sql.text, {**sql.values, "people": [person]})


def shape(query: SessionsList, rows: Rows) -> SessionsPage:
    """The page that ``rows`` make, and where the next one begins."""
    page = rows[: query.limit]
    cursor = None
    if len(rows) > query.limit:
        told = dict(zip(_FIELDS, page[-1][1:], strict=True))
        cursor = cursor_of(SessionPosition(told["start"], page[-1][0], told["session_id"]))
    return SessionsPage(sessions=[_shown(row) for row in page], next_cursor=cursor)


def _shown(row: Sequence[Any]) -> SessionShown:
    told = dict(zip(_FIELDS, row[1:], strict=True))
    for name in ("start", "end"):
        told[name] = rfc3339(told[name])
    for name in ("entry_page", "exit_page", *ARRIVAL):
        told[name] = told[name] or None
    return SessionShown(**told | {"bounced": bool(told["bounced"])})


def _spans(query: SessionsList) -> Iterator[Sessions]:
    """The range in pieces, from its end on back."""
    range_ = query.sessions.range
    end, span = range_.end, _FIRST_SPAN
    if query.after is not None:
        # What begins in the same millisecond may still be to come.
        end = min(end, _EPOCH + timedelta(milliseconds=query.after.start + 1))
    while end > range_.start:
        start = max(end - span, range_.start)
        yield replace(query.sessions, range=TimeRange(start, end), whole=range_)
        end, span = start, span * _LONGER


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_PAGES: Final = f"arraySlice(arrayFilter(one -> one != '', pages), 1, {MOST_PAGES})"
_NAMED: Final = {"distinct_id": "id", "pages": _PAGES}
_FIELDS: Final = (
    *("distinct_id", "session_id", "start", "end", "seconds", "events", "views", "pages"),
    *("entry_page", "exit_page", "bounced", *ARRIVAL),
)
