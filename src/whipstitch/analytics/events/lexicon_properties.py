"""The properties of events, of their newest occurrences: what the summary knows of each event, and
what it was seen with since."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from whipstitch.analytics.events.lexicon_events import since, unpatched
from whipstitch.analytics.events.lexicon_query import LexiconQuery
from whipstitch.analytics.events.occurrences import (
    BEGINNING,
    BYTES,
    COLUMNS,
    HEAVIEST,
    PAIRS,
    SAMPLE,
)
from whipstitch.analytics.events.pages import rfc3339
from whipstitch.analytics.summary import Summary
from whipstitch.warehouse.parameters import Parameters
from whipstitch.warehouse.sql import IN_SCOPE, Sql

NEWEST: Final = 200
"""Occurrences of an event that are looked at."""
_NEWEST_SINCE: Final = 20
"""As many of those that came since the summary."""
MOST_PROPERTIES: Final = 500
"""Of an event; and traits."""
MOST_SAMPLES: Final = 5
_MOST_BYTES: Final = 12 * 2**20
"""Of the properties of all events of a page that are looked at, each event has its share."""
_TYPES: Final = {
    '"': "string",
    "{": "object",
    "[": "array",
    "t": "boolean",
    "f": "boolean",
}
"""By the first character of JSON text; all others begin a number."""


class Property(msgspec.Struct, omit_defaults=True):
    """``types`` as in JSON, ``samples`` JSON values, the most frequent first. ``last_seen``: of the
    occurrences that were looked at; not of traits."""

    name: str
    types: list[str]
    samples: list[msgspec.Raw]
    last_seen: str | None = None


def newest(query: LexiconQuery, names: Sequence[str], known: Summary | None) -> Sql:
    """Rows of: event, unix milliseconds since when it occurred ``NEWEST`` times, or ever, in the
    range; or a few times since the summary. ``names`` are the events of the page, at least one."""
    values = Parameters()
    newest = f"groupArraySorted({_occurrences(known)})(-toUnixTimestamp64Milli(timestamp))"
    return values.sql(
        f"SELECT event_name, -arrayMax({newest}) FROM events "
        f"WHERE {IN_SCOPE} AND {query.range.condition(values)} "
        f"AND event_name IN {values.add(tuple(names), 'Array(String)')} {since(known)} "
        f"GROUP BY event_name {unpatched(known)}"
    )


def properties(
    query: LexiconQuery, names: Sequence[str], times: Mapping[str, int], known: Summary | None
) -> Sql:
    """Rows of: event, property, first characters of its values, its most frequent values as JSON
    text, unix milliseconds of the newest. ``times``: what ``newest`` found of each event."""
    values = Parameters()
    sources = []
    if times:
        sources.append(
            f"SELECT event_name, pair.1 AS name, {BEGINNING} AS beginning, {SAMPLE} AS value, "
            "count() AS times, max(timestamp) AS last "
            f"FROM ({_newest(query, times, known, values)}) "
            f"ARRAY JOIN {PAIRS} AS pair GROUP BY event_name, name, beginning, value"
        )
    if known:
        start, end = query.range.bounds(values)
        sources.append(
            "SELECT event_name, name, beginning, value, times, last FROM lexicon_values "
            f"WHERE summary = {{summary:UInt64}} AND {IN_SCOPE} "
            f"AND event_name IN {values.add(tuple(names), 'Array(String)')} "
            f"AND last >= {start} AND first < {end}"
        )
    counted = (
        "SELECT event_name, name, beginning, value, sum(times) AS times, max(last) AS last "
        f"FROM ({' UNION ALL '.join(sources)}) GROUP BY event_name, name, beginning, value"
    )
    samples = "arraySort(groupArrayIf((-toInt64(times), value), value != ''))"
    return values.sql(
        "SELECT event_name, name, groupUniqArray(beginning), "
        f"arrayMap(one -> one.2, arraySlice({samples}, 1, {MOST_SAMPLES})), "
        f"toUnixTimestamp64Milli(max(last)) FROM ({counted}) "
        "GROUP BY event_name, name ORDER BY event_name, sum(times) DESC, name "
        f"LIMIT {MOST_PROPERTIES + 1} BY event_name"
    )


def property_of(row: Sequence[Any]) -> Property:
    """``row``: its name, first characters of its values, samples, perhaps when it was seen last."""
    name, beginnings, samples, *last = row
    types = sorted({_TYPES.get(one, "number") for one in beginnings})
    return Property(
        name, types, [msgspec.Raw(one.encode()) for one in samples], *map(rfc3339, last)
    )


def _newest(
    query: LexiconQuery, times: Mapping[str, int], known: Summary | None, values: Parameters
) -> str:
    """A query of the newest occurrences of some events, as many of each as its share of the bytes
    allows. All are read at once: events of similar names lie in the same blocks. Times lead past
    the blocks that have only older ones."""
    events = " OR ".join(
        f"event_name = {values.add(name)} "
        f"AND timestamp >= fromUnixTimestamp64Milli({values.add(moment, 'Int64')})"
        for name, moment in times.items()
    )
    share = values.add(max(HEAVIEST, _MOST_BYTES // len(times)), "UInt32")
    rows = (
        f"SELECT event_name, {COLUMNS}, timestamp, {BYTES} AS bytes FROM events "
        f"WHERE {IN_SCOPE} AND {query.range.condition(values)} AND ({events}) "
        f"AND bytes <= {HEAVIEST} {since(known)} "
        f"ORDER BY event_name, timestamp DESC LIMIT {_occurrences(known)} BY event_name "
        f"{unpatched(known)}"
    )
    return (
        f"SELECT *, sum(bytes) OVER (PARTITION BY event_name ORDER BY timestamp DESC "
        f"ROWS UNBOUNDED PRECEDING) AS so_far FROM ({rows}) QUALIFY so_far <= {share}"
    )


def _occurrences(known: Summary | None) -> int:
    return _NEWEST_SINCE if known else NEWEST
