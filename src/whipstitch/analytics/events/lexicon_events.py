"""How often events occurred, and when, by name and by day: from the summary, where it has whole
days in UTC, and from the rows."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from whipstitch.analytics.events.lexicon_query import LexiconQuery, Sort
from whipstitch.analytics.expressions.searching import containing, folded
from whipstitch.analytics.expressions.time_ranges import TimeRange
from whipstitch.analytics.summary import SINCE, UNPATCHED, Summary
from whipstitch.warehouse.parameters import Parameters
from whipstitch.warehouse.sql import IN_SCOPE, Sql

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ORDERS: Final[Mapping[Sort, tuple[str, str] | None]] = {
    "name": None,
    "count": ("times", "<"),
    "last_seen": ("newest", ">"),
}
"""A column before the name, and how what comes behind a value stands to it."""


def events(query: LexiconQuery, known: Summary | None) -> Sql:
    """Rows of: event, count, unix milliseconds of its first and its last occurrence; one more than
    the page holds."""
    values = Parameters()
    sources = " UNION ALL ".join(_sources(query, known, values))
    having = []
    if query.unused_since is not None:
        moment = (query.unused_since - _EPOCH) // timedelta(milliseconds=1)
        having.append(f"newest < {values.add(moment, 'Int64')}")
    order = _ORDERS[query.sort]
    if query.after is not None and order:
        column, behind = order
        value = values.add(query.after.value, "Int64")
        name = values.add(query.after.event_name)
        having.append(f"({column} {behind} {value} OR {column} = {value} AND event_name > {name})")
    direction = f"{order[0]} {'DESC' if order[1] == '<' else 'ASC'}, " if order else ""
    return values.sql(
        "SELECT event_name, toInt64(sum(events)) AS times, "
        "toUnixTimestamp64Milli(min(first)) AS oldest, "
        f"toUnixTimestamp64Milli(max(last)) AS newest FROM ({sources}) "
        f"GROUP BY event_name HAVING {' AND '.join(having) or '1'} "
        f"ORDER BY {direction}event_name LIMIT {values.add(query.limit + 1, 'UInt32')}"
    )


def _sources(query: LexiconQuery, known: Summary | None, values: Parameters) -> list[str]:
    """Queries of events, how often and when they occurred, which add up. The summary has whole
    days, in UTC."""
    where = IN_SCOPE
    if query.search:
        where += f" AND {containing('event_name', values.add(folded(query.search)))}"
    if query.after is not None and query.sort == "name":
        where += f" AND event_name > {values.add(query.after.event_name)}"
    if query.only is not None:
        where += f" AND event_name IN {values.add(query.only, 'Array(String)')}"
    if query.without:
        where += f" AND event_name NOT IN {values.add(query.without, 'Array(String)')}"

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


def events_by_day(names: Sequence[str], known: Summary | None) -> Sql:
    """Rows of: day, events of these names (none: of any), unix milliseconds of the first and the
    last of them; the newest day first."""
    values = Parameters()
    where = IN_SCOPE
    if names:
        where += f" AND event_name IN {values.add(tuple(names), 'Array(String)')}"
    of_rows = (
        "SELECT toDate32(timestamp) AS day, count() AS events, min(timestamp) AS first, "
        f"max(timestamp) AS last FROM events WHERE {where} {since(known)} GROUP BY day "
        f"{unpatched(known)}"
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


def since(known: Summary | None) -> str:
    """What rows must meet that the summary does not count, joined to other conditions."""
    return f"AND {SINCE}" if known else ""


def unpatched(known: Summary | None) -> str:
    return UNPATCHED if known else ""
