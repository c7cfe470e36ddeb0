"""Web: visitors, sessions and views of a range, and what tells them apart.

Sessions with a view count, where they begin (``sessions/sessions.py``). What is asked of a group is
what would be answered if the sessions were filtered by it."""

from functools import partial
from typing import Final

from whipstitch.analytics.expressions.intervals import Intervals
from whipstitch.analytics.people import drill_down
from whipstitch.analytics.reports.report import Report
from whipstitch.analytics.reports.web_answer import ALL, INTERVAL, Web, shape
from whipstitch.analytics.reports.web_query import WebQuery, WebSelector
from whipstitch.analytics.session import QuerySession
from whipstitch.analytics.sessions import arrivals
from whipstitch.analytics.sessions.asking import Select, asked, of_events
from whipstitch.analytics.sessions.session_filters import PAGE
from whipstitch.identity.person_map import Persons
from whipstitch.warehouse.parameters import Parameters
from whipstitch.warehouse.sql import Rows, Sql


def build(query: WebQuery, select: Select) -> Sql:
    """Rows of: kind (blank: all, ``interval``, or a breakdown), value (of an interval its start),
    visitors, sessions, views, how many bounced, the median of seconds (NaN: none)."""
    values = Parameters()
    cells = [f"('{ALL}', CAST(NULL, 'Nullable(String)'), views)"]
    if query.intervals is not None:
        start = _interval(query.intervals, values)
        cells.append(f"('{INTERVAL}', toNullable(toString({start})), views)")
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
        f"OR kind = '{INTERVAL}' ORDER BY kind, isNull(value), place {arrivals.IN_STEPS}"
    )


def people(
    query: WebQuery, counted: WebSelector, page: drill_down.SelectedPage, persons: Persons
) -> Sql:
    """The visitors behind one number."""
    return _people(query, counted, page, of_events(persons))


def _people(
    query: WebQuery, counted: WebSelector, page: drill_down.SelectedPage, select: Select
) -> Sql:
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
    found = select(query.sessions, values)
    selected = f"SELECT key, id FROM ({found}) WHERE {' AND '.join(conditions)}"
    return drill_down.build(selected, page, values)


def _interval(intervals: Intervals, values: Parameters) -> str:
    """The start of the interval that a session begins in."""
    return f"roundDown(start, {values.add(intervals.starts, 'Array(Int64)')})"


async def answer(session: QuerySession, query: WebQuery) -> Web:
    """What the sessions are, told apart."""
    return shape(query, await asked(session, query.sessions, partial(build, query)))


async def _found(
    session: QuerySession, query: WebQuery, counted: WebSelector, page: drill_down.SelectedPage
) -> Rows:
    return await asked(session, query.sessions, partial(_people, query, counted, page))


REPORT: Final = Report(answer, people, _found)
