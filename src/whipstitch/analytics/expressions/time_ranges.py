"""Ranges of time, and the intervals that they are cut into.

Hours, days, weeks (from Monday) and months begin when the clocks of a time zone say so: a day on
which clocks change has 23 or 25 hours. The starts are worked out here and bound to the statement,
so that what ClickHouse knows of time zones cannot disagree. Where clocks change within an hour, an
interval of hours begins there, too."""

import calendar
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from whipstitch.core.errors import InvalidQuery
from whipstitch.warehouse.parameters import Parameters

_DEFAULT: Final = timedelta(days=30)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY: Final = timedelta(days=1)
_FIRST: Final = datetime(1900, 1, 1, tzinfo=UTC)
"""The first moment that an event can have."""
_LAST: Final = datetime(2300, 1, 1, tzinfo=UTC)
"""The first one that no event can have: where the longest range ends."""


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
        start, end = (values.add(milliseconds_of(one), "Int64") for one in (self.start, self.end))
        return start, end


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


def days_before(moment: int, days: int, zone: ZoneInfo) -> int:
    """The unix milliseconds at which the clocks of ``zone`` showed what they show at ``moment``,
    so many days before."""
    local = (EPOCH + timedelta(milliseconds=moment)).astimezone(zone)
    return max(
        milliseconds_of((local - timedelta(days=days)).astimezone(UTC)), milliseconds_of(_FIRST)
    )


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
    return TimeRange(max(first, _FIRST), max(last, _FIRST + timedelta(seconds=1)))


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
    return milliseconds_of(_parse(text, zone, field))


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


def milliseconds_of(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(milliseconds=1)
