"""How rows become an answer."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from whipstitch.errors import InvalidQuery
from whipstitch.queries import insights
from whipstitch.queries.breakdowns import Breakdown, write_group
from whipstitch.queries.insights import InsightsQuery, Line, Series
from whipstitch.queries.matches import Match
from whipstitch.queries.persons import SETTLED
from whipstitch.queries.time_ranges import Interval, TimeRange, intervals

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


def test_empty_intervals_are_there_as_0() -> None:
    query = _query(Series(_VIEWS))
    first, _, third = query.intervals.starts

    answer = insights.shape(
        query, [(0, "", third, 0, [2.0]), (0, "", first, 0, [3.0]), (0, "", 0, 1, [5.0])]
    )

    assert answer.intervals == [f"2026-05-0{day}T00:00:00.000Z" for day in (1, 2, 3)]
    assert answer.series == [Line("page_view", None, [3, 0, 2], 5)]


def test_a_series_without_events_is_there_as_0() -> None:
    answer = insights.shape(_query(Series(_VIEWS), Series(Match(None), "avg", "price")), [])

    assert answer.series == [
        Line("page_view", None, [0, 0, 0], 0),
        Line(None, None, [0, 0, 0], 0),
    ]


def test_groups_come_by_their_total_then_the_rest_then_what_has_no_value() -> None:
    query = _query(Series(_VIEWS), breakdown=Breakdown("plan"))
    totals = {"free": 3, "pro": 9, "$other": 9, None: 50}
    rows = [(0, write_group(group), 0, 1, [total]) for group, total in totals.items()]
    rows.append((0, "=$other", 0, 1, [1]))  # a value of that name

    answer = insights.shape(query, rows)

    assert [(line.breakdown, line.total) for line in answer.series] == [
        ("pro", 9),
        ("free", 3),
        ("$other", 1),
        ("$other", 9),
        (None, 50),
    ]


def test_series_of_the_same_events_are_counted_in_one_go() -> None:
    others = Match("search"), Match("page_view")
    query = _query(Series(_VIEWS), *(Series(one, "unique") for one in others))

    assert insights.build(query, SETTLED).text.count("FROM events") == 2
    answer = insights.shape(query, [(0, "", 0, 1, [5.0, 2.0]), (1, "", 0, 1, [1.0])])

    assert [line.total for line in answer.series] == [5, 1, 2]


def test_too_many_numbers_are_refused() -> None:
    hours = _query(
        *(Series(_VIEWS) for _ in range(20)),
        breakdown=Breakdown("plan", 100),
        range_=TimeRange(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC)),
        interval="hour",
    )
    with pytest.raises(InvalidQuery) as refused:
        insights.checked(hours)
    assert refused.value.field == "interval"
