"""Values that are times, compared with a time or with one that is so long ago (``-7d``)."""

import re
from datetime import UTC, datetime
from typing import Final

from whipstitch.warehouse.parameters import Parameters

_AGO: Final = re.compile(r"-([0-9]{1,6})([mhdw])")
_SECONDS: Final = {"m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_FIRST, _LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2300, 1, 1, tzinfo=UTC)
"""What ClickHouse can tell of times."""


def is_moment(text: str) -> bool:
    """Whether it is RFC 3339, without an offset (then UTC), a day, or how long ago: a number of
    minutes, hours, days or weeks (``-30m``, ``-12h``, ``-7d``, ``-2w``)."""
    return _AGO.fullmatch(text) is not None or _read(text) is not None


def compared(text: str, number: str, comparison: str, wanted: str, values: Parameters) -> str:
    """Whether a value, a Nullable(String) and what it reads as, is a time that stands so to
    ``wanted``, which ``is_moment``; NULL where it is none.

    Times are what ``is_moment`` takes for one, and unix times as the ingestion API reads them:
    below 10^11 seconds, below 10^14 milliseconds, else microseconds."""
    milliseconds = (
        f"multiIf({number} < 1e11, {number} * 1000, {number} < 1e14, {number}, {number} / 1000)"
    )
    written = (
        f"if(match({text}, '^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}([T ]|$)'), "
        f"parseDateTime64BestEffortOrNull({text}, 3, 'UTC'), NULL)"
    )
    found = f"ifNull(toFloat64(toUnixTimestamp64Milli({written})), {milliseconds})"
    return f"{found} {comparison} {_asked(wanted, values)}"


def _asked(wanted: str, values: Parameters) -> str:
    ago = _AGO.fullmatch(wanted)
    if ago is not None:
        seconds = values.add(int(ago[1]) * _SECONDS[ago[2]], "Int64")
        return f"toFloat64(toUnixTimestamp64Milli(now64(3)) - {seconds} * 1000)"
    moment = _read(wanted)
    if moment is None:
        raise ValueError(wanted)
    return values.add(moment.timestamp() * 1000, "Float64")


def _read(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return moment if _FIRST <= moment <= _LAST else None
