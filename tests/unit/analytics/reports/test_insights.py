"""How rows become an answer."""

import asyncio
import math
import sys
from datetime import UTC, datetime
from typing import cast, get_args
from zoneinfo import ZoneInfo

import pytest
from msgspec import UNSET

from whipstitch.analytics.expressions.breakdowns import OTHER, Breakdown, Group
from whipstitch.analytics.expressions.event_matcher import Match
from whipstitch.analytics.expressions.intervals import Interval, intervals
from whipstitch.analytics.expressions.time_ranges import TimeRange
from whipstitch.analytics.reports import insights
from whipstitch.analytics.reports.insight_lines import lines
from whipstitch.analytics.reports.insight_query import InsightsQuery, Line, checked
from whipstitch.analytics.reports.insight_statement import build
from whipstitch.analytics.reports.measure import Math, Series
from whipstitch.analytics.session import QuerySession
from whipstitch.core.errors import InvalidQuery
from whipstitch.core.projects import Scope
from whipstitch.identity.person_map import SETTLED
from whipstitch.warehouse.sql import Rows, Sql

_DAYS = TimeRange(datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 5, 4, tzinfo=UTC))
_VIEWS = Match("page_view")


def _query(
    *series: Series,
    breakdown: Breakdown | None = None,
    range_: TimeRange = _DAYS,
    interval: Interval = "day",
) -> InsightsQuery:
    cut = intervals(range_, interval, ZoneInfo("UTC"))
    return InsightsQuery(series, range_, cut, breakdown=breakdown)


def group_in_sql(group: Group) -> str:
    return "-" if group is None else "+" if group == OTHER else f"={group}"


def test_empty_intervals_are_there_as_0() -> None:
    query = _query(Series(_VIEWS))
    first, _, third = query.intervals.starts

    answer = lines(
        query, [(0, "", third, 0, [2.0], 0), (0, "", first, 0, [3.0], 0), (0, "", 0, 1, [5.0], 0)]
    )

    assert query.intervals.labels() == [f"2026-05-0{day}T00:00:00.000Z" for day in (1, 2, 3)]
    assert answer == [Line("page_view", None, [3, 0, 2], 5)]


def test_a_series_without_events_is_there_as_0_or_as_null() -> None:
    answer = lines(_query(Series(_VIEWS), Series(Match(None), "avg", "price")), [])

    assert answer == [
        Line("page_view", None, [0, 0, 0], 0),
        Line(None, None, [None, None, None], None),
    ]


def test_an_interval_without_a_number_is_null_where_nothing_adds_up() -> None:
    maths: tuple[Math, ...] = ("sum", "avg", "min", "max", "p50", "p95")
    query = _query(*(Series(_VIEWS, math, "price") for math in maths))
    first = query.intervals.starts[0]
    none = [0.0, *[None] * 5]

    answer = lines(query, [(0, "", first, 0, none, 0), (0, "", 0, 1, none, 0)])

    assert [line.values for line in answer] == [[number] * 3 for number in none]
    assert [line.total for line in answer] == none


def test_groups_come_by_their_total_then_the_rest_then_what_has_no_value() -> None:
    query = _query(Series(_VIEWS), breakdown=Breakdown("plan"))
    totals = {"free": 3, "pro": 9, "$other": 9, None: 50}
    rows = [(0, group_in_sql(group), 0, 1, [total], 4) for group, total in totals.items()]
    rows.append((0, "=$other", 0, 1, [1], 4))  # a value of that name

    answer = lines(query, rows)

    assert [(line.breakdown, line.total, line.is_value) for line in answer] == [
        ("pro", 9, UNSET),
        ("free", 3, UNSET),
        ("$other", 1, True),
        ("$other", 9, UNSET),
        (None, 50, UNSET),
    ]


def test_a_number_larger_than_any_is_the_largest_one() -> None:
    series = Series(_VIEWS, "sum", "price"), Series(_VIEWS, "avg", "price")
    query = _query(*series)
    numbers = [math.inf, -math.inf]

    answer = lines(query, [(0, "", 0, 1, numbers, 0)])

    assert [line.total for line in answer] == [sys.float_info.max, -sys.float_info.max]


def test_series_of_the_same_events_are_counted_in_one_go() -> None:
    others = Match("search"), Match("page_view")
    query = _query(Series(_VIEWS), *(Series(one, "unique") for one in others))

    assert build(query, SETTLED).text.count("FROM events") == 2
    answer = lines(query, [(0, "", 0, 1, [5.0, 2.0], 0), (1, "", 0, 1, [1.0], 0)])

    assert [line.total for line in answer] == [5, 1, 2]


def test_a_breakdown_goes_over_the_events_once_unless_people_or_numbers_have_to_be_kept() -> None:
    def built(math: Math) -> str:
        property_ = None if math in ("total", "unique") else "price"
        query = _query(Series(_VIEWS, math, property_), breakdown=Breakdown("plan"))
        return build(query, SETTLED).text

    read = {math: built(math).count("FROM events") for math in get_args(Math)}

    kept = dict.fromkeys(("unique", "distinct", "p50", "p90", "p95", "p99"), 2)
    assert read == {**dict.fromkeys(("total", "sum", "avg", "min", "max"), 1), **kept}


def test_only_a_crowded_part_is_asked_for_again() -> None:
    searches = Series(Match("search"))
    query = _query(Series(_VIEWS), searches, breakdown=Breakdown("plan"))
    asked: list[Sql] = []

    class Crowded:
        scope = Scope("proj", "live")
        persons = SETTLED

        async def run(self, sql: Sql) -> Rows:
            asked.append(sql)
            if len(asked) == 1:
                return [(0, "=pro", 0, 1, [7.0], 3), (1, "=free", 0, 1, [1.0], 4)]
            return [(1, "=pro", 0, 1, [2.0], 0)]

    crowded = cast(QuerySession, Crowded())
    answer = asyncio.run(insights.answer(crowded, query, most_cells=3))

    assert [(line.event_name, line.breakdown, line.total) for line in answer.series] == [
        ("page_view", "pro", 7),
        ("search", "pro", 2),
    ]
    names = [{"page_view", "search"} & set(map(str, sql.values.values())) for sql in asked]
    assert names == [{"page_view", "search"}, {"search"}]


def test_too_many_numbers_are_refused() -> None:
    hours = _query(
        *(Series(_VIEWS) for _ in range(20)),
        breakdown=Breakdown("plan", 100),
        range_=TimeRange(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC)),
        interval="hour",
    )
    with pytest.raises(InvalidQuery) as refused:
        checked(hours)
    assert refused.value.field == "interval"
