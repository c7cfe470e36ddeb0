"""Ranges of time."""

from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import pytest

from whipstitch.analytics.expressions.time_ranges import (
    TimeRange,
    earlier,
    parse_moment,
    parse_range,
    parse_zone,
)
from whipstitch.core.errors import InvalidQuery

_UTC = ZoneInfo("UTC")
_BERLIN = ZoneInfo("Europe/Berlin")
_NOW = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)


def test_by_default_it_is_the_last_30_days() -> None:
    assert parse_range(None, None, _UTC, _NOW) == TimeRange(_NOW - timedelta(days=30), _NOW)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-05-09T14:32:01.482Z", "2026-05-09T14:32:01.482+00:00"),
        ("2026-05-09T14:32:01+05:30", "2026-05-09T09:02:01+00:00"),
        ("2026-05-09T14:32:01", "2026-05-09T12:32:01+00:00"),
        ("2026-05-09", "2026-05-08T22:00:00+00:00"),
    ],
)
def test_a_time_without_an_offset_is_what_the_clocks_show(text: str, expected: str) -> None:
    assert parse_range(text, None, _BERLIN, _NOW).start == datetime.fromisoformat(expected)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "1779-01-01", "9999-12-31", "12"])
@pytest.mark.parametrize("field", ["from", "to"])
def test_what_is_no_time_is_refused_by_its_field(text: str, field: str) -> None:
    start, end = (text, None) if field == "from" else (None, text)
    with pytest.raises(InvalidQuery) as refused:
        parse_range(start, end, _UTC, _NOW)
    assert refused.value.field == field


def test_a_range_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(InvalidQuery, match="from"):
        parse_range("2026-05-09", "2026-05-09", _UTC, _NOW)


@pytest.mark.parametrize("name", ["", "Mars/Base", "../../etc/passwd", "/etc", "Europe", "\0", "é"])
def test_a_zone_that_nobody_knows_is_refused(name: str) -> None:
    with pytest.raises(InvalidQuery) as refused:
        parse_zone(name, _UTC)
    assert refused.value.field == "timezone"


def test_without_a_zone_it_is_the_projects() -> None:
    assert parse_zone(None, _BERLIN) is _BERLIN
    assert parse_zone("Asia/Tokyo", _BERLIN) == ZoneInfo("Asia/Tokyo")


def test_a_range_reaches_all_times_that_an_event_can_have() -> None:
    for zone in (_UTC, _BERLIN, ZoneInfo("Pacific/Kiritimati"), ZoneInfo("America/Anchorage")):
        range_ = parse_range("1900-01-01", "2300-01-01", zone, _NOW)
        assert range_.start >= datetime(1900, 1, 1, tzinfo=UTC)
        assert range_.end <= datetime(2300, 1, 1, tzinfo=UTC)
        assert range_.end - range_.start > timedelta(days=146_095)
    with pytest.raises(InvalidQuery, match="between 1900 and 2300"):
        parse_range("1899-12-30", None, _UTC, _NOW)


def test_one_moment_is_read_like_those_of_a_range() -> None:
    assert parse_moment("2026-05-09", _BERLIN, "at") == 1_778_277_600_000


@pytest.mark.parametrize(
    ("start", "end", "by", "expected"),
    [
        ("2026-05-03", "2026-05-05", "previous", ("2026-05-01", "2026-05-03")),
        ("2026-03-30", "2026-03-31", 2, ("2026-03-28", "2026-03-29")),
        ("2026-03-01", "2026-05-01", "previous", ("2026-01-01", "2026-03-01")),
        ("2024-02-29", "2024-03-01", "year", ("2023-02-28", "2023-03-01")),
        ("2026-03-29T12:00", "2026-03-30T12:00", 1, ("2026-03-28T12:00", "2026-03-29T12:00")),
    ],
)
def test_an_earlier_range_is_so_by_the_clocks_of_the_zone(
    start: str, end: str, by: int | Literal["previous", "year"], expected: tuple[str, str]
) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    range_ = parse_range(start, end, berlin, _NOW)

    assert earlier(range_, berlin, by) == parse_range(*expected, berlin, _NOW)
