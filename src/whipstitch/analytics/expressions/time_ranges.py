"""Ranges of time, and the intervals that they are cut into.

Hours, days, weeks (from Monday) and months begin when the clocks of a time zone say so: a day on
which clocks change has 23 or 25 hours. The starts are worked out here and bound to the statement,
so that what ClickHouse knows of time zones cannot disagree. Where clocks change within an hour, an
interval of hours begins there, too."""

import calendar
import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from whipstitch.analytics.events.pages import rfc3339
from whipstitch.core.errors import InvalidQuery
from whipstitch.warehouse.parameters import Parameters

Interval = Literal["hour", "day", "week", "month"]

_DEFAULT: Final = timedelta(days=30)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR: Final = timedelta(hours=1)
_SECOND: Final = timedelta(seconds=1)
_DAY: Final = timedelta(days=1)
_FIRST: Final = datetime(1900, 1, 1, tzinfo=UTC)
"""The first moment that an event can have."""
_LAST: Final = datetime(2300, 1, 1, tzinfo=UTC)
"""The first one that no event can have: where the longest range ends."""
_MOST_INTERVALS: Final = 10_000


@dataclass(frozen=True, slots=True)
class TimeRange:
    """From ``start``, inclusive, to ``end``, exclusive; both aware."""

    start: datetime
    end: datetime

    def condition(self, values: Parameters) -> str:
        """What a row of ``events`` must meet to lie in it."""
        start, end = self.bounds(values)
        return f"timestamp >= {start} AND timestamp < {end}"

    def bounds(self, values: Parameters) -> tuple[str, str]:
        """Its start and its end in SQL, DateTime64."""
        start, end = self.milliseconds(values)
        return f"fromUnixTimestamp64Milli({start})", f"fromUnixTimestamp64Milli({end})"

    def milliseconds(self, values: Parameters) -> tuple[str, str]:
        """The same as unix milliseconds, Int64."""
        start, end = (values.add(_milliseconds(one), "Int64") for one in (self.start, self.end))
        return start, end


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
        first = _milliseconds(range_.start)
        last = _milliseconds(min(range_.end, now))
        return [
            start < first or end > last for start, end in zip(self.starts, self.ends, strict=True)
        ]

    def index_of(self, moment: datetime) -> int:
        """The index of the interval that a moment lies in, which one does."""
        return bisect_right(self.starts, _milliseconds(moment)) - 1

    def unfinished(self, range_: TimeRange, now: datetime, window: int) -> list[bool]:
        """In which of them something may begin that has so many milliseconds, and still had some
        when ``range_`` ended, or has some ``now``."""
        last = _milliseconds(min(range_.end, now))
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


def parse_zone(name: str | None, default: ZoneInfo, field: str = "timezone") -> ZoneInfo:
    """The time zone that a request names, else ``default``, the project's.

    Raises:
        InvalidQuery: nobody knows it.
    """
    if name is None:
        return default
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # OSError: it names a directory
        raise InvalidQuery(field, "must be an IANA time zone, such as Europe/Paris") from None


def parse_range(
    start: str | None, end: str | None, zone: ZoneInfo, now: datetime, *, prefix: str = ""
) -> TimeRange:
    """The range that ``from`` and ``to`` of a request give: RFC 3339; where a time has no offset,
    or only a day is named, as the clocks of ``zone`` show it. By default the 30 days up to ``end``,
    and up to ``now``. ``prefix`` is the path of the object that has the fields.

    Raises:
        InvalidQuery
    """
    last = now if end is None else _parse(end, zone, f"{prefix}to")
    first = max(last - _DEFAULT, _FIRST) if start is None else _parse(start, zone, f"{prefix}from")
    if first >= last:
        raise InvalidQuery(f"{prefix}from", "must be before `to`")
    return TimeRange(first, last)


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
        end = _milliseconds(start)
        if start >= range_.end:
            break
        if len(starts) == _MOST_INTERVALS:
            raise InvalidQuery(
                field, f"makes more than {_MOST_INTERVALS:,} intervals: take a longer one"
            )
        starts.append(end)
    return Intervals(tuple(starts), end)


def days_before(moment: int, days: int, zone: ZoneInfo) -> int:
    """The unix milliseconds at which the clocks of ``zone`` showed what they show at ``moment``,
    so many days before."""
    local = (_EPOCH + timedelta(milliseconds=moment)).astimezone(zone)
    return max(_milliseconds((local - timedelta(days=days)).astimezone(UTC)), _milliseconds(_FIRST))


def earlier(range_: TimeRange, zone: ZoneInfo, by: int | Literal["previous", "year"]) -> TimeRange:
    """The range so many days, or one range's length or a year, before ``range_``, by the clocks of
    ``zone``. The range before whole months is as many months."""
    start, end = (one.astimezone(zone).replace(tzinfo=None) for one in (range_.start, range_.end))
    if isinstance(by, int):
        moved = [one - timedelta(days=by) for one in (start, end)]
    elif by == "year":
        moved = [_months_before(one, 12) for one in (start, end)]
    elif _begins_month(start) and _begins_month(end):
        months = (end.year - start.year) * 12 + end.month - start.month
        moved = [_months_before(start, months), start]
    else:
        moved = [start - (end - start), start]
    first, last = (one.replace(tzinfo=zone).astimezone(UTC) for one in moved)
    return TimeRange(max(first, _FIRST), max(last, _FIRST + _SECOND))


def _begins_month(local: datetime) -> bool:
    return local.day == 1 and local.time() == time()


def _months_before(local: datetime, months: int) -> datetime:
    year, month = divmod(local.year * 12 + local.month - 1 - months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return local.replace(year=year, month=month + 1, day=min(local.day, last))


def parse_moment(text: str, zone: ZoneInfo, field: str) -> int:
    """One time of a request, in unix milliseconds; read as ``parse_range`` does.

    Raises:
        InvalidQuery
    """
    return _milliseconds(_parse(text, zone, field))


def _parse(text: str, zone: ZoneInfo, field: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        aware = moment if moment.tzinfo else moment.replace(tzinfo=zone)
        moment = aware.astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidQuery(field, "must be a time such as 2026-05-09T14:32:01Z") from None
    if not _FIRST - _DAY <= moment <= _LAST + _DAY:
        raise InvalidQuery(field, f"must lie between {_FIRST:%Y} and {_LAST:%Y}")
    # These years begin up to a day earlier or later by the clocks of a zone.
    return min(max(moment, _FIRST), _LAST)


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
    return (moment - _EPOCH + offset) % _HOUR


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()


def _change(before: datetime, behind: datetime, zone: ZoneInfo) -> datetime:
    """The instant, a whole second, at which the offset becomes another one than ``before``."""
    offset = _offset(before, zone)
    first, last = (math.floor((one - _EPOCH) / _SECOND) for one in (before, behind))
    seconds = range(first + 1, last + 1)
    index = bisect_left(
        seconds, True, key=lambda second: _offset(_EPOCH + second * _SECOND, zone) != offset
    )
    return _EPOCH + seconds[index] * _SECOND


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


def _milliseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)
