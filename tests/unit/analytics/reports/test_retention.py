"""Retention: the calendar of cohorts and of those who come back."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from whipstitch.analytics.expressions.time_ranges import TimeRange
from whipstitch.analytics.reports.retention_calendar import (
    Calendar,
    Interval,
    checked_brackets,
    single,
)
from whipstitch.core.errors import InvalidQuery

_UTC = ZoneInfo("UTC")


def _day(month: int, day: int) -> datetime:
    return datetime(2026, month, day, tzinfo=UTC)


def _calendar(
    start: datetime, end: datetime, interval: Interval, periods: int, now: datetime
) -> Calendar:
    return Calendar.of(TimeRange(start, end), interval, single(periods), _UTC, now)


def test_people_may_come_back_for_all_periods_of_the_last_cohort() -> None:
    calendar = _calendar(_day(5, 4), _day(5, 18), "week", 3, _day(12, 1))

    assert calendar.cohorts == 2
    assert len(calendar.intervals.starts) == 5
    assert calendar.seen == TimeRange(_day(5, 4), _day(6, 8))
    assert calendar.begun == (4, 4)


def test_what_has_not_begun_is_not_waited_for() -> None:
    calendar = _calendar(_day(5, 4), _day(5, 18), "week", 3, _day(5, 20))

    assert calendar.seen.end == _day(5, 20)
    assert calendar.begun == (3, 2)


def test_an_interval_has_begun_at_its_start_and_not_before() -> None:
    start = _day(5, 18)
    before, at, behind = (
        _calendar(_day(5, 4), _day(5, 11), "week", 9, start + timedelta(microseconds=one))
        for one in (-1, 0, 1)
    )

    assert [one.begun[0] for one in (before, at, behind)] == [2, 2, 3]
    assert [one.incomplete[0][1:3] for one in (before, at, behind)] == [
        (True, None),
        (False, None),
        (False, True),
    ]


def test_a_range_that_ends_in_the_future_is_seen_to_its_end() -> None:
    calendar = _calendar(_day(5, 1), _day(5, 9), "day", 1, _day(5, 3))

    assert calendar.cohorts == 8
    assert calendar.seen.end == _day(5, 9)
    assert calendar.begun[7] == 1
    assert calendar.incomplete[1:3] == ((False, None), (None, None))


@pytest.mark.parametrize("interval", ["day", "week", "month"])
def test_the_longest_periods_end_where_they_should(interval: Interval) -> None:
    calendar = _calendar(_day(5, 1), _day(5, 2), interval, 366, datetime(2190, 1, 1, tzinfo=UTC))

    assert calendar.cohorts == 1
    assert calendar.begun[0] == len(calendar.intervals.starts) == 367


def test_more_numbers_than_anybody_can_look_at_are_refused() -> None:
    with pytest.raises(InvalidQuery, match="interval: makes 134,688 numbers") as error:
        _calendar(_day(1, 1), _day(1, 1) + timedelta(days=368), "day", 365, _day(12, 1))
    assert error.value.field == "interval"


def test_several_intervals_are_one_period_and_it_goes_on_to_its_last() -> None:
    range_ = TimeRange(_day(5, 4), _day(5, 6))
    brackets = checked_brackets([1, 3, 7])

    calendar = Calendar.of(range_, "day", brackets, _UTC, _day(5, 7))

    assert calendar.begun == (2, 2)
    assert calendar.incomplete == ((False, False, None), (False, True, None))
    assert calendar.seen.end == _day(5, 7)


def test_a_rolling_period_begins_with_the_first_start_and_is_over_with_the_last() -> None:
    range_ = TimeRange(_day(5, 4) + timedelta(hours=6), _day(5, 6) - timedelta(hours=6))
    now = _day(5, 6) + timedelta(hours=18)

    calendar = Calendar.of(range_, "day", single(2), _UTC, now, rolling=True)

    # The first cohort starts on the 4th from 6 to 24 o'clock, the second on the 5th until 18.
    assert calendar.incomplete == ((False, True, True), (False, True, None))
    assert calendar.begun == (3, 2)


@pytest.mark.parametrize("edges", [[], [0, 1], [3, 3], [2, 1], [1, 367]])
def test_brackets_that_do_not_rise_are_refused(edges: list[int]) -> None:
    with pytest.raises(InvalidQuery, match="brackets: must be whole numbers that rise"):
        checked_brackets(edges)
