"""The lexicon: which events there are, which properties they have, and which traits people have.

Counts and times are of all events in the range. Properties are what the summary knows of each event
(``lexicon_summary``) and what its newest occurrences since have; where no summary can be asked,
those of the newest occurrences. Traits are named in the same way as properties
(``occurrences``)."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from whipstitch.analytics import summary
from whipstitch.analytics.events.occurrences import (
    BEGINNING,
    BYTES,
    COLUMNS,
    HEAVIEST,
    IS_VALUE,
    LONGEST_SAMPLE,
    PAIRS,
    SAMPLE,
    leaves,
)
from whipstitch.analytics.events.pages import cursor_of, rfc3339
from whipstitch.analytics.expressions.searching import containing, folded
from whipstitch.analytics.expressions.time_ranges import TimeRange
from whipstitch.analytics.people.trait_value import value_of
from whipstitch.analytics.session import QuerySession
from whipstitch.analytics.summary import SINCE, UNPATCHED, Summary
from whipstitch.warehouse.parameters import Parameters
from whipstitch.warehouse.sql import IN_SCOPE, Rows, Sql

DEFAULT_LIMIT: Final = 100
MOST: Final = 200
NEWEST: Final = 200
"""Occurrences of an event that are looked at."""
_NEWEST_SINCE: Final = 20
"""As many of those that came since the summary."""
MOST_PROPERTIES: Final = 500
"""Of an event; and traits."""
_MOST_BYTES: Final = 12 * 2**20
"""Of the properties of all events of a page that are looked at, each event has its share."""
_MOST_SAMPLES: Final = 5
_PEOPLE: Final = 2_000
"""Who have a trait and are looked at for what it holds."""
_TYPES: Final = {
    '"': "string",
    "{": "object",
    "[": "array",
    "t": "boolean",
    "f": "boolean",
}
"""By the first character of JSON text; all others begin a number."""


class LexiconPosition(msgspec.Struct, frozen=True, array_like=True):
    """A place in the lexicon: an event's name."""

    event_name: str


@dataclass(frozen=True, slots=True)
class LexiconQuery:
    """``search``: what the event's name contains, in any case of letters."""

    range: TimeRange
    limit: int = DEFAULT_LIMIT
    search: str | None = None
    after: LexiconPosition | None = None


class Property(msgspec.Struct):
    """``types`` as in JSON, ``samples`` JSON values, the most frequent first."""

    name: str
    types: list[str]
    samples: list[msgspec.Raw]


class LexiconEntry(msgspec.Struct, omit_defaults=True):
    """An event; ``properties`` by name, the most frequent ones where there are
    ``more_properties``."""

    event_name: str
    count: int
    first_seen: str
    last_seen: str
    properties: list[Property]
    more_properties: bool = False


class Lexicon(msgspec.Struct, kw_only=True):
    ok: bool = True
    events: list[LexiconEntry]
    next_cursor: str | None


class TraitsAnswer(msgspec.Struct, kw_only=True):
    """``traits`` by name."""

    ok: bool = True
    traits: list[Property]


async def page(reading: QuerySession, query: LexiconQuery, *, described: bool = True) -> Lexicon:
    """A page of events; ``described``: with their properties."""
    if (known := await summary.in_force(reading)) is not None:
        answer = await _page(reading, query, described, known)
        if await summary.held(reading, known):
            return answer
    return await _page(reading, query, described, None)


async def _page(
    reading: QuerySession, query: LexiconQuery, described: bool, known: Summary | None
) -> Lexicon:
    async def run(sql: Sql) -> Rows:
        return await reading.run(known.bind(sql) if known else sql)

    found = await run(events(query, known))
    names = [row[0] for row in found[: query.limit]] if described else []
    since: Mapping[str, int] = {}
    if names:
        since = {row[0]: row[1] for row in await run(newest(query, names, known))}
    properties_ = await run(properties(query, names, since, known)) if names else []
    return await asyncio.to_thread(shape, query, found, properties_)


def events(query: LexiconQuery, known: Summary | None) -> Sql:
    """Rows of: event, count, unix milliseconds of its first and its last occurrence; one more than
    the page holds."""
    values = Parameters()
    sources = " UNION ALL ".join(_sources(query, known, values))
    return values.sql(
        "SELECT event_name, sum(events), toUnixTimestamp64Milli(min(first)), "
        f"toUnixTimestamp64Milli(max(last)) FROM ({sources}) "
        f"GROUP BY event_name ORDER BY event_name LIMIT {values.add(query.limit + 1, 'UInt32')}"
    )


def _sources(query: LexiconQuery, known: Summary | None, values: Parameters) -> list[str]:
    """Queries of events, how often and when they occurred, which add up. The summary has whole
    days, in UTC."""
    where = IN_SCOPE
    if query.search:
        where += f" AND {containing('event_name', values.add(folded(query.search)))}"
    if query.after is not None:
        where += f" AND event_name > {values.add(query.after.event_name)}"

    def of_rows(range_: TimeRange) -> str:
        return (
            "SELECT event_name, count() AS events, min(timestamp) AS first, "
            f"max(timestamp) AS last FROM events WHERE {where} AND {range_.condition(values)}"
        )

    days = _whole_days(query.range)
    if known is None or days is None:
        return [f"{of_rows(query.range)} GROUP BY event_name"]
    first, last = (
        values.add(day.date().isoformat(), "Date32")
        for day in (days.start, days.end - timedelta(days=1))
    )
    edges = [TimeRange(query.range.start, days.start), TimeRange(days.end, query.range.end)]
    return [
        "SELECT event_name, events, first, last FROM lexicon_days "
        f"WHERE summary = {{summary:UInt64}} AND {where} AND day BETWEEN {first} AND {last}",
        f"{of_rows(days)} AND {SINCE} GROUP BY event_name {UNPATCHED}",
        *(f"{of_rows(edge)} GROUP BY event_name" for edge in edges if edge.start < edge.end),
    ]


def events_by_day(event_name: str | None, known: Summary | None) -> Sql:
    """Rows of: day, events of that name or of any, unix milliseconds of the first and the last of
    them; the newest day first."""
    values = Parameters()
    where = IN_SCOPE
    if event_name is not None:
        where += f" AND event_name = {values.add(event_name)}"
    of_rows = (
        "SELECT toDate32(timestamp) AS day, count() AS events, min(timestamp) AS first, "
        f"max(timestamp) AS last FROM events WHERE {where} {_since(known)} GROUP BY day "
        f"{_unpatched(known)}"
    )
    of_summary = (
        "SELECT day, events, first, last FROM lexicon_days "
        f"WHERE summary = {{summary:UInt64}} AND {where}"
    )
    sources = f"{of_rows} UNION ALL {of_summary}" if known else of_rows
    return values.sql(
        "SELECT day, sum(events), toUnixTimestamp64Milli(min(first)), "
        f"toUnixTimestamp64Milli(max(last)) FROM ({sources}) GROUP BY day ORDER BY day DESC"
    )


def _whole_days(range_: TimeRange) -> TimeRange | None:
    def midnight(moment: datetime) -> datetime:
        return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)

    first = midnight(range_.start)
    if first < range_.start:
        first += timedelta(days=1)
    last = midnight(range_.end)
    return TimeRange(first, last) if first < last else None


def newest(query: LexiconQuery, names: Sequence[str], known: Summary | None) -> Sql:
    """Rows of: event, unix milliseconds since when it occurred ``NEWEST`` times, or ever, in the
    range; or a few times since the summary. ``names`` are the events of the page, at least one."""
    values = Parameters()
    newest = f"groupArraySorted({_occurrences(known)})(-toUnixTimestamp64Milli(timestamp))"
    return values.sql(
        f"SELECT event_name, -arrayMax({newest}) FROM events "
        f"WHERE {IN_SCOPE} AND {query.range.condition(values)} "
        f"AND event_name IN {values.add(tuple(names), 'Array(String)')} {_since(known)} "
        f"GROUP BY event_name {_unpatched(known)}"
    )


def properties(
    query: LexiconQuery, names: Sequence[str], since: Mapping[str, int], known: Summary | None
) -> Sql:
    """Rows of: event, property, first characters of its values, its most frequent values as JSON
    text. ``since``: what ``newest`` found of each event."""
    values = Parameters()
    sources = []
    if since:
        sources.append(
            f"SELECT event_name, pair.1 AS name, {BEGINNING} AS beginning, {SAMPLE} AS value, "
            f"count() AS times FROM ({_newest(query, since, known, values)}) "
            f"ARRAY JOIN {PAIRS} AS pair GROUP BY event_name, name, beginning, value"
        )
    if known:
        start, end = query.range.bounds(values)
        sources.append(
            "SELECT event_name, name, beginning, value, times FROM lexicon_values "
            f"WHERE summary = {{summary:UInt64}} AND {IN_SCOPE} "
            f"AND event_name IN {values.add(tuple(names), 'Array(String)')} "
            f"AND last >= {start} AND first < {end}"
        )
    counted = (
        "SELECT event_name, name, beginning, value, sum(times) AS times "
        f"FROM ({' UNION ALL '.join(sources)}) GROUP BY event_name, name, beginning, value"
    )
    samples = "arraySort(groupArrayIf((-toInt64(times), value), value != ''))"
    return values.sql(
        "SELECT event_name, name, groupUniqArray(beginning), "
        f"arrayMap(one -> one.2, arraySlice({samples}, 1, {_MOST_SAMPLES})) "
        f"FROM ({counted}) GROUP BY event_name, name ORDER BY event_name, sum(times) DESC, name "
        f"LIMIT {MOST_PROPERTIES + 1} BY event_name"
    )


def shape(
    query: LexiconQuery, found: Sequence[Sequence[Any]], described: Sequence[Sequence[Any]]
) -> Lexicon:
    """The page that the rows of ``events`` and ``properties`` make."""
    entries = {
        name: LexiconEntry(name, count, rfc3339(first), rfc3339(last), [])
        for name, count, first, last in found[: query.limit]
    }
    for event, *rest in described:  # the most frequent first
        entry = entries[event]
        entry.more_properties = len(entry.properties) == MOST_PROPERTIES
        if not entry.more_properties:
            entry.properties.append(_property(rest))
    for entry in entries.values():
        entry.properties.sort(key=lambda one: one.name)
    more = len(found) > query.limit
    return Lexicon(
        events=list(entries.values()),
        next_cursor=cursor_of(LexiconPosition(found[query.limit - 1][0])) if more else None,
    )


def traits() -> Sql:
    """Rows of: trait, first characters of its values, its most frequent values as JSON text; of
    some of the people who have it."""
    ours = f"{IN_SCOPE} AND property != ''"
    common = (
        f"SELECT property FROM person_traits WHERE {ours} "
        f"GROUP BY property ORDER BY count() DESC, property LIMIT {MOST_PROPERTIES}"
    )
    rows = (
        f"SELECT * FROM person_traits FINAL WHERE {ours} "
        f"AND property IN ({common}) AND NOT deleted LIMIT {_PEOPLE} BY property"
    )
    value = value_of("rows", "rows.version", "rows.distinct_id")
    some = f"SELECT property, {value} AS value FROM ({rows}) AS rows GROUP BY property, distinct_id"
    # A name and its values are walked through together, as if they were an object's.
    return Sql(
        f"SELECT pair.1 AS name, groupUniqArray({BEGINNING}), "
        f"topKIf({_MOST_SAMPLES})(pair.2, length(pair.2) <= {LONGEST_SAMPLE}) "
        f"FROM ({some}) ARRAY JOIN {leaves('[(property, value)]')} AS pair WHERE {IS_VALUE} "
        f"GROUP BY name ORDER BY count() DESC, name LIMIT {MOST_PROPERTIES}",
        {},
    )


def shape_traits(rows: Sequence[Sequence[Any]]) -> TraitsAnswer:
    """The answer that the rows of ``traits`` make."""
    return TraitsAnswer(
        traits=[_property(row) for row in sorted(rows, key=lambda row: str(row[0]))]
    )


def _property(row: Sequence[Any]) -> Property:
    name, beginnings, samples = row
    types = sorted({_TYPES.get(one, "number") for one in beginnings})
    return Property(name, types, [msgspec.Raw(one.encode()) for one in samples])


def _newest(
    query: LexiconQuery, since: Mapping[str, int], known: Summary | None, values: Parameters
) -> str:
    """A query of the newest occurrences of some events, as many of each as its share of the bytes
    allows. All are read at once: events of similar names lie in the same blocks. Times lead past
    the blocks that have only older ones."""
    events = " OR ".join(
        f"event_name = {values.add(name)} "
        f"AND timestamp >= fromUnixTimestamp64Milli({values.add(moment, 'Int64')})"
        for name, moment in since.items()
    )
    share = values.add(max(HEAVIEST, _MOST_BYTES // len(since)), "UInt32")
    rows = (
        f"SELECT event_name, {COLUMNS}, timestamp, {BYTES} AS bytes FROM events "
        f"WHERE {IN_SCOPE} AND {query.range.condition(values)} AND ({events}) "
        f"AND bytes <= {HEAVIEST} {_since(known)} "
        f"ORDER BY event_name, timestamp DESC LIMIT {_occurrences(known)} BY event_name "
        f"{_unpatched(known)}"
    )
    return (
        f"SELECT *, sum(bytes) OVER (PARTITION BY event_name ORDER BY timestamp DESC "
        f"ROWS UNBOUNDED PRECEDING) AS so_far FROM ({rows}) QUALIFY so_far <= {share}"
    )


def _occurrences(known: Summary | None) -> int:
    return _NEWEST_SINCE if known else NEWEST


def _since(known: Summary | None) -> str:
    return f"AND {SINCE}" if known else ""


def _unpatched(known: Summary | None) -> str:
    return UNPATCHED if known else ""
