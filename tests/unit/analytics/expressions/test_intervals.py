"""The hours, days, weeks and months of a range, by the clocks of a zone."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whipstitch.analytics.expressions.intervals import Interval, intervals
from whipstitch.analytics.expressions.time_ranges import TimeRange, parse_range
from whipstitch.core.errors import InvalidQuery

_UTC = ZoneInfo("UTC")
_BERLIN = ZoneInfo("Europe/Berlin")
_QUARTER = timedelta(minutes=15)
_NOW = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
_ZONES = (
    *("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Asia/Kathmandu"),
    # Midnight is skipped, clocks change by half an hour, a whole day was left out.
    *("America/Santiago", "America/Havana", "Africa/Cairo", "Australia/Lord_Howe", "Pacific/Apia"),
)


def _labels(start: str, end: str, interval: Interval, zone: ZoneInfo = _UTC) -> list[str]:
    return intervals(parse_range(start, end, zone, _NOW), interval, zone).labels()


def test_days_begin_at_midnight_of_the_zone_also_when_clocks_change() -> None:
    assert _labels("2026-03-28T12:00:00", "2026-03-30T12:00:00", "day", _BERLIN) == [
        "2026-03-27T23:00:00.000Z",
        "2026-03-28T23:00:00.000Z",  # 23 hours long
        "2026-03-29T22:00:00.000Z",
    ]


def test_an_hour_that_clocks_show_twice_is_two_intervals() -> None:
    starts = _labels("2026-10-25T00:30:00Z", "2026-10-25T02:30:00Z", "hour", _BERLIN)

    assert starts == [f"2026-10-25T0{hour}:00:00.000Z" for hour in range(3)]


def test_hours_of_a_zone_with_half_an_hour_begin_at_half_past() -> None:
    starts = _labels(
        "2026-05-01T00:00:00Z", "2026-05-01T02:00:00Z", "hour", ZoneInfo("Asia/Kolkata")
    )

    assert starts == [f"2026-{day}:30:00.000Z" for day in ("04-30T23", "05-01T00", "05-01T01")]


@pytest.mark.parametrize(
    ("start", "end", "starts"),
    [
        # At 2 o'clock they are put forward to half past, at 2 o'clock back to half past one.
        ("2026-10-03T14:00Z", "2026-10-03T16:30Z", ["13:30", "14:30", "15:30", "16:00"]),
        ("2026-04-04T14:00Z", "2026-04-04T16:45Z", ["14:00", "15:00", "15:30", "16:30"]),
    ],
)
def test_clocks_that_change_by_half_an_hour_begin_an_interval(
    start: str, end: str, starts: list[str]
) -> None:
    lord_howe = ZoneInfo("Australia/Lord_Howe")
    assert [one[11:16] for one in _labels(start, end, "hour", lord_howe)] == starts
    inside = start.replace("14:00Z", "15:40:00.001Z")
    assert next(one[11:16] for one in _labels(inside, end, "hour", lord_howe)) == "15:30"


@given(
    start=st.datetimes(datetime(1900, 1, 2), datetime(2299, 1, 1)),
    length=st.timedeltas(timedelta(milliseconds=1), timedelta(days=40)),
    zone=st.sampled_from([*_ZONES, "Africa/Monrovia", "Europe/Amsterdam", "Asia/Singapore"]).map(
        ZoneInfo
    ),
)
def test_an_hour_of_any_year_is_one_by_the_clocks(
    start: datetime, length: timedelta, zone: ZoneInfo
) -> None:
    first = start.replace(tzinfo=UTC)
    starts = intervals(TimeRange(first, first + length), "hour", zone).starts

    def shown(milliseconds: int) -> tuple[datetime, timedelta | None]:
        local = datetime.fromtimestamp(milliseconds / 1000, zone)
        return local.replace(minute=0, second=0, microsecond=0), local.utcoffset()

    assert starts[0] <= first.timestamp() * 1000
    for one, other in pairwise(starts):
        assert shown(one) == shown(other - 1) != shown(other)


def test_weeks_begin_on_monday_and_months_on_the_first() -> None:
    assert _labels("2026-05-03", "2026-05-05", "week") == [
        "2026-04-27T00:00:00.000Z",
        "2026-05-04T00:00:00.000Z",
    ]
    assert _labels("2026-01-31", "2026-03-01T00:00:01Z", "month") == [
        "2026-01-01T00:00:00.000Z",
        "2026-02-01T00:00:00.000Z",
        "2026-03-01T00:00:00.000Z",
    ]


def test_a_day_that_a_place_left_out_is_no_interval() -> None:
    starts = _labels("2011-12-29", "2012-01-01", "day", ZoneInfo("Pacific/Apia"))

    assert starts == ["2011-12-29T10:00:00.000Z", "2011-12-30T10:00:00.000Z"]


def test_more_intervals_than_anybody_can_look_at_are_refused() -> None:
    with pytest.raises(InvalidQuery) as refused:
        _labels("2020-01-01", "2026-01-01", "hour")
    assert refused.value.field == "interval"


@given(
    start=st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)),
    length=st.timedeltas(timedelta(milliseconds=1), timedelta(days=400)),
    interval=st.sampled_from(["hour", "day", "week", "month"]),
    zone=st.sampled_from(_ZONES).map(ZoneInfo),
)
def test_intervals_follow_one_another_and_hold_the_range(
    start: datetime, length: timedelta, interval: Interval, zone: ZoneInfo
) -> None:
    if interval == "hour":
        length /= 10
    range_ = TimeRange(start.replace(tzinfo=UTC), start.replace(tzinfo=UTC) + length)
    cut = intervals(range_, interval, zone).starts
    starts = [datetime.fromtimestamp(one / 1000, UTC) for one in cut]

    assert starts[0] <= range_.start
    assert starts[-1] < range_.end
    # A quarter of an hour begins an interval if, and only if, it is one of the starts.
    quarters = (starts[0] + number * _QUARTER for number in range(1, 300))
    looked_at = [one for one in quarters if one < range_.end]
    assert [one for one in looked_at if _begins(one, interval, zone)] == [
        one for one in starts[1:] if one <= starts[0] + 299 * _QUARTER
    ]
    assert all(_begins(one, interval, zone) for one in starts)
    assert all(one < other for one, other in pairwise(starts))


def _begins(moment: datetime, interval: Interval, zone: ZoneInfo) -> bool:
    local = moment.astimezone(zone)
    if interval == "hour":
        changed = (moment - timedelta(seconds=1)).astimezone(zone).utcoffset()
        return local.minute == 0 or local.utcoffset() != changed
    before = (moment - _QUARTER).astimezone(zone)
    if interval == "week":
        return local.isocalendar()[:2] != before.isocalendar()[:2]
    if interval == "month":
        return local.month != before.month
    return local.date() != before.date()


def test_intervals_are_incomplete_where_the_range_cuts_them_off_or_they_are_not_over() -> None:
    utc = ZoneInfo("UTC")
    range_ = parse_range("2026-05-01T12:00", "2026-05-05", utc, _NOW)
    cut = intervals(range_, "day", utc)

    assert cut.incomplete(range_, datetime(2026, 5, 3, 9, tzinfo=UTC)) == [True, False, True, True]
    assert cut.incomplete(range_, datetime(2026, 5, 9, tzinfo=UTC)) == [True, False, False, False]
