"""What Web answers: numbers, rows of each breakdown, and numbers over time."""

import math
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import UNSET, UnsetType

from whipstitch.analytics.expressions.intervals import Intervals
from whipstitch.analytics.reports.web_query import WebQuery

ALL: Final = ""
INTERVAL: Final = "interval"
"""Kinds of rows, beside the breakdowns."""


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
        if kind == ALL:
            whole = row
        elif kind == INTERVAL:
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
