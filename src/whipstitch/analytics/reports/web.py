"""Web: visitors, sessions and views of a range, and what tells them apart.

Sessions with a view count, where they begin (``sessions/sessions.py``). What is asked of a group is
what would be answered if the sessions were filtered by it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Literal

import msgspec
from msgspec import UNSET, UnsetType

from whipstitch.analytics.expressions.intervals import Intervals
from whipstitch.analytics.people import drill_down
from whipstitch.analytics.reports.report import Report
from whipstitch.analytics.session import QuerySession
from whipstitch.analytics.sessions import arrivals
from whipstitch.analytics.sessions.asking import Select, asked
from whipstitch.analytics.sessions.session_filters import PAGE
from whipstitch.analytics.sessions.sessions import Sessions, select
from whipstitch.identity.person_map import Persons
from whipstitch.warehouse.parameters import Parameters
from whipstitch.warehouse.sql import Sql

Dimension = Literal[
    "page",
    "entry_page",
    "exit_page",
    "referrer",
    "channel",
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "country",
    "device",
    "browser",
    "os",
]
DEFAULT_LIMIT: Final = 25
MOST: Final = 1000
_ALL: Final = ""
_INTERVAL: Final = "interval"


@dataclass(frozen=True, slots=True)
class WebQuery:
    """``breakdowns``: what the numbers are told apart by, each by itself, ``limit`` values of each;
    ``alone``: the one of them whose rows stand in the answer itself."""

    sessions: Sessions
    breakdowns: tuple[Dimension, ...] = ()
    limit: int = DEFAULT_LIMIT
    alone: Dimension | None = None
    intervals: Intervals | None = None
    incomplete: tuple[bool, ...] = ()


@dataclass(frozen=True, slots=True)
class WebSelector:
    """The visitors of a value of ``breakdown``, of sessions that ``bounced`` or not, or that begin
    in the interval from ``start`` on; None: of all."""

    breakdown: Dimension | None = None
    value: str | None = None
    bounced: bool | None = None
    start: int | None = None


class WebNumbers(msgspec.Struct, kw_only=True):
    """``bounce_rate`` is a share from 0 to 1; it and the median are null where there is no
    session."""

    visitors: int
    sessions: int
    views: int
    bounce_rate: float | None
    median_seconds: float | None


class WebRow(WebNumbers, kw_only=True):
    """Null: what has no value."""

    value: str | None


class WebIntervals(msgspec.Struct, kw_only=True):
    """A number for each interval; sessions are in the one that they begin in."""

    intervals: list[str]
    visitors: list[int]
    sessions: list[int]
    views: list[int]
    incomplete: list[bool]


class Web(WebNumbers, kw_only=True):
    """Rows: those with the most visitors first, what has no value last, beside the limit."""

    ok: bool = True
    rows: list[WebRow] | UnsetType = UNSET
    breakdowns: dict[str, list[WebRow]] | UnsetType = UNSET
    over_time: WebIntervals | UnsetType = UNSET


def build(query: WebQuery, select: Select) -> Sql:
    """Rows of: kind (blank: all, ``interval``, or a breakdown), value (of an interval its start),
    visitors, sessions, views, how many bounced, the median of seconds (NaN: none)."""
    values = Parameters()
    cells = [f"('{_ALL}', CAST(NULL, 'Nullable(String)'), views)"]
    if query.intervals is not None:
        start = _interval(query.intervals, values)
        cells.append(f"('{_INTERVAL}', toNullable(toString({start})), views)")
    several = []
    for one in query.breakdowns:
        if one == PAGE:
            several.append(
                f"arrayMap((page, times) -> ('{one}', nullIf(page, ''), times), pages, page_views)"
            )
        else:
            cells.append(f"('{one}', nullIf({one}, ''), views)")
    arrays = ", ".join([f"[{', '.join(cells)}]", *several])
    counted = (
        "SELECT cell.1 AS kind, cell.2 AS value, uniqExact(key) AS visitors, count() AS sessions, "
        "sum(cell.3) AS all_views, countIf(bounced) AS bounces, "
        "quantileExactInclusive(0.5)(end - start) / 1000 AS median "
        f"FROM (SELECT key, bounced, start, end, arrayJoin(arrayConcat({arrays})) AS cell "
        f"FROM ({select(query.sessions, values)})) GROUP BY kind, value"
    )
    ranked = (
        "SELECT *, row_number() OVER (PARTITION BY kind, isNull(value) "
        f"ORDER BY visitors DESC, value) AS place FROM ({counted})"
    )
    return values.sql(
        "SELECT kind, value, visitors, sessions, all_views, bounces, median "
        f"FROM ({ranked}) WHERE place <= {values.add(query.limit, 'UInt32')} "
        f"OR kind = '{_INTERVAL}' ORDER BY kind, isNull(value), place {arrivals.IN_STEPS}"
    )


def people(
    query: WebQuery, counted: WebSelector, page: drill_down.SelectedPage, persons: Persons
) -> Sql:
    """The visitors behind one number."""
    values = Parameters()
    conditions = ["1"]
    if counted.breakdown == PAGE:
        conditions.append(f"has(pages, {values.add(counted.value or '')})")
    elif counted.breakdown is not None:
        conditions.append(f"{counted.breakdown} = {values.add(counted.value or '')}")
    if counted.bounced is not None:
        conditions.append("bounced" if counted.bounced else "NOT bounced")
    if counted.start is not None and query.intervals is not None:
        start = _interval(query.intervals, values)
        conditions.append(f"{start} = {values.add(counted.start, 'Int64')}")
    sessions = select(query.sessions, values, persons)
    selected = f"SELECT key, id FROM ({sessions}) WHERE {' AND '.join(conditions)}"
    return drill_down.build(selected, page, values)


def shape(query: WebQuery, rows: Sequence[Sequence[Any]]) -> Web:
    """The answer that ``rows`` make."""
    found: dict[str, list[WebRow]] = {one: [] for one in query.breakdowns}
    intervals: dict[int, WebRow] = {}
    whole = WebRow(
        value=None, visitors=0, sessions=0, views=0, bounce_rate=None, median_seconds=None
    )
    for kind, value, visitors, sessions, views, bounces, median in rows:
        row = WebRow(
            value=value,
            visitors=visitors,
            sessions=sessions,
            views=views,
            bounce_rate=bounces / sessions,
            median_seconds=None if math.isnan(median) else median,
        )
        if kind == _ALL:
            whole = row
        elif kind == _INTERVAL:
            intervals[int(value)] = row
        else:
            found[kind].append(row)
    several = {one: rows for one, rows in found.items() if one != query.alone}
    return Web(
        visitors=whole.visitors,
        sessions=whole.sessions,
        views=whole.views,
        bounce_rate=whole.bounce_rate,
        median_seconds=whole.median_seconds,
        rows=UNSET if query.alone is None else found[query.alone],
        breakdowns=several or UNSET,
        over_time=UNSET
        if query.intervals is None
        else _over_time(query.intervals, query.incomplete, intervals),
    )


def _over_time(
    cut: Intervals, incomplete: Sequence[bool], found: dict[int, WebRow]
) -> WebIntervals:
    rows = [found.get(start) for start in cut.starts]
    return WebIntervals(
        intervals=cut.labels(),
        visitors=[row.visitors if row else 0 for row in rows],
        sessions=[row.sessions if row else 0 for row in rows],
        views=[row.views if row else 0 for row in rows],
        incomplete=list(incomplete),
    )


def _interval(intervals: Intervals, values: Parameters) -> str:
    """The start of the interval that a session begins in."""
    return f"roundDown(start, {values.add(intervals.starts, 'Array(Int64)')})"


async def answer(session: QuerySession, query: WebQuery) -> Web:
    """What the sessions are, told apart."""
    return shape(query, await asked(session, query.sessions, partial(build, query)))


REPORT: Final = Report(answer, people)
