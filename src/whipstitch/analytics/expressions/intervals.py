"""The hours, days, weeks and months of a range, in the project's time zone."""

import calendar
import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from whipstitch.analytics.events.pages import rfc3339
from whipstitch.analytics.expressions.time_ranges import EPOCH, TimeRange, milliseconds_of
from whipstitch.core.errors import InvalidQuery
from whipstitch.warehouse.parameters import Parameters

Interval = Literal["hour", "day", "week", "month"]
_HOUR: Final = timedelta(hours=1)
_SECOND: Final = timedelta(seconds=1)
_MOST_INTERVALS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Intervals:
    """Consecutive intervals that hold a range: ``starts`` in unix milliseconds, the first at or
    before the range's; ``end``: of the last one."""

    starts: tuple[int, ...]
    end: int = 0

    @property
    def ends(self) -> tuple[int, ...]:
        return (*self.starts[1:], self.end)

    def incomplete(self, range_: TimeRange, now: datetime) -> list[bool]:
        """Which of them ``range_`` cuts off, or are not over ``now``."""
        first = milliseconds_of(range_.start)
        last = milliseconds_of(min(range_.end, now))
        return [
            start < first or end > last for start, end in zip(self.starts, self.ends, strict=True)
        ]

    def index_of(self, moment: datetime) -> int:
        """The index of the interval that a moment lies in, which one does."""
        return bisect_right(self.starts, milliseconds_of(moment)) - 1

    def unfinished(self, range_: TimeRange, now: datetime, window: int) -> list[bool]:
        """In which of them something may begin that has so many milliseconds, and still had some
        when ``range_`` ended, or has some ``now``."""
        last = milliseconds_of(min(range_.end, now))
        return [end + window > last for end in self.ends]

    def start_of_row(self, values: Parameters) -> str:
        """The start, an Int64, of the interval that a row of ``events`` lies in."""
        starts = values.add(self.starts, "Array(Int64)")
        return f"roundDown(toUnixTimestamp64Milli(timestamp), {starts})"

    def index_of_row(self, values: Parameters) -> str:
        """The index, an Int64 from 0 on, of the interval that a row of ``events`` lies in."""
        starts = values.add(self.starts, "Array(Int64)")
        indexes = f"arrayMap(i -> toInt64(i - 1), arrayEnumerate({starts}))"
        return f"transform({self.start_of_row(values)}, {starts}, {indexes}, toInt64(-1))"

    def labels(self) -> list[str]:
        """The starts as the API writes them."""
        return [rfc3339(start) for start in self.starts]


def intervals(
    range_: TimeRange, interval: Interval, zone: ZoneInfo, field: str = "interval"
) -> Intervals:
    """The intervals of ``zone`` that ``range_`` touches.

    Raises:
        InvalidQuery: there are more than 10,000.
    """
    starts: list[int] = []
    end = 0
    for start in _starts(range_.start, interval, zone):
        end = milliseconds_of(start)
        if start >= range_.end:
            break
        if len(starts) == _MOST_INTERVALS:
            raise InvalidQuery(
                field, f"makes more than {_MOST_INTERVALS:,} intervals: take a longer one"
            )
        starts.append(end)
    return Intervals(tuple(starts), end)


def _starts(moment: datetime, interval: Interval, zone: ZoneInfo) -> Iterator[datetime]:
    """The starts of intervals, in UTC, from the one on that ``moment`` lies in."""
    if interval == "hour":
        return _hours(moment, zone)
    return _days(moment, interval, zone)


def _hours(moment: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """Every instant at which the clocks show a full hour, or are put to another one's middle: some
    are put forward or back by half an hour."""
    offset = _offset(moment, zone)
    start = moment - _past_the_hour(moment, offset)
    if _offset(start, zone) != offset:
        start = _change(start, moment, zone)
    while True:
        yield start
        offset = _offset(start, zone)
        end = start + _HOUR - _past_the_hour(start, offset)
        start = end if _offset(end - _SECOND, zone) == offset else _change(start, end, zone)


def _past_the_hour(moment: datetime, offset: timedelta) -> timedelta:
    """The time since clocks with ``offset`` showed a full hour."""
    return (moment - EPOCH + offset) % _HOUR


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()


def _change(before: datetime, behind: datetime, zone: ZoneInfo) -> datetime:
    """The instant, a whole second, at which the offset becomes another one than ``before``."""
    offset = _offset(before, zone)
    first, last = (math.floor((one - EPOCH) / _SECOND) for one in (before, behind))
    seconds = range(first + 1, last + 1)
    index = bisect_left(
        seconds, True, key=lambda second: _offset(EPOCH + second * _SECOND, zone) != offset
    )
    return EPOCH + seconds[index] * _SECOND


def _days(moment: datetime, interval: Interval, zone: ZoneInfo) -> Iterator[datetime]:
    """Every instant at which a day begins that is the first of its interval."""
    day = moment.astimezone(zone).date()
    if interval == "week":
        day -= timedelta(days=day.weekday())
    elif interval == "month":
        day = day.replace(day=1)
    last = None
    while True:
        # Where midnight is skipped this is the instant at which it would have been.
        start = datetime.combine(day, time(), zone).astimezone(UTC)
        if start != last:  # a whole day was skipped where the date line moved
            yield start
        last = start
        day += timedelta(days=_length(day, interval))


def _length(day: date, interval: Interval) -> int:
    if interval == "month":
        return calendar.monthrange(day.year, day.month)[1]
    return 7 if interval == "week" else 1
