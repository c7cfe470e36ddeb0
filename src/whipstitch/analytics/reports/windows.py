"""People of spans that overlap: those of the trailing days of each interval, or of everything up to
its end.

Each person is counted where their spans begin and taken off where they end, so that the work grows
with the days on which people came, and not with the length of the spans."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Final
from zoneinfo import ZoneInfo

from whipstitch.analytics.expressions.intervals import Intervals
from whipstitch.analytics.expressions.time_ranges import TimeRange, days_before
from whipstitch.warehouse.parameters import Parameters

WHOLE: Final = -1
"""The place of the number of the whole range."""


@dataclass(frozen=True, slots=True)
class Windows:
    """For each interval, a span from ``starts``, inclusive, to ``ends``, exclusive, in unix
    milliseconds. Neither ever falls."""

    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def range(self) -> tuple[int, int]:
        """What all of them lie in."""
        return self.starts[0], self.ends[-1]

    def condition(self, values: Parameters) -> str:
        """What a row of ``events`` must meet to lie in one of them or between them."""
        start, end = (f"fromUnixTimestamp64Milli({values.add(t, 'Int64')})" for t in self.range())
        return f"timestamp >= {start} AND timestamp < {end}"

    def of(self, start: int, intervals: Intervals) -> tuple[int, int]:
        """The span of the interval that begins at ``start``."""
        place = intervals.starts.index(start)
        return self.starts[place], self.ends[place]


def rolling(intervals: Intervals, days: int, range_: TimeRange, zone: ZoneInfo) -> Windows:
    """The ``days`` days up to the end of each interval, by the clocks of ``zone``, as far as the
    range goes."""
    last = int(range_.end.timestamp() * 1000)
    return Windows(
        tuple(days_before(end, days, zone) for end in intervals.ends),
        tuple(min(end, last) for end in intervals.ends),
    )


def growing(intervals: Intervals, range_: TimeRange) -> Windows:
    """From the beginning of the range up to the end of each interval."""
    first, last = (int(one.timestamp() * 1000) for one in (range_.start, range_.end))
    return Windows(
        (first,) * len(intervals.starts), tuple(min(end, last) for end in intervals.ends)
    )


def build(windows: Windows, rows: str, within: str, values: Parameters) -> str:
    """A query of ``breakdown``, ``place`` (of a window) and ``change``: by how many more people the
    window has than the one before. WHOLE: the people who meet ``within``, a condition.

    ``rows`` is what follows ``SELECT …`` of the rows that lie in ``windows.range``, with columns
    ``breakdown``, ``key`` (a person's) and ``timestamp``."""
    edges = sorted({*windows.starts, *windows.ends})
    # The windows that rows between two edges lie in: from one that ends later to one that began.
    first = [bisect_right(windows.ends, edge) for edge in edges]
    last = [bisect_right(windows.starts, edge) - 1 for edge in edges]
    bucket = Intervals(tuple(edges)).index_of_row(values)
    a, b = (values.add(places, "Array(Int64)") for places in (first, last))
    inside = f"{a}[bucket + 1] <= {b}[bucket + 1]"
    people = (
        "SELECT breakdown, key, max(within) AS is_within, "
        "arraySort(groupUniqArrayIf(bucket + 1, inside)) AS buckets FROM ("
        f"SELECT breakdown, key, {within} AS within, {bucket} AS bucket, {inside} AS inside "
        f"FROM ({rows})) GROUP BY breakdown, key"
    )
    count = "length(buckets)"
    begins = (
        f"arrayMap(i -> ({a}[buckets[i]], 1), arrayFilter(i -> i = 1 OR "
        f"{a}[buckets[i]] > {b}[buckets[i - 1]] + 1, arrayEnumerate(buckets)))"
    )
    ends = (
        f"arrayMap(i -> ({b}[buckets[i]] + 1, -1), arrayFilter(i -> i = {count} OR "
        f"{a}[buckets[i + 1]] > {b}[buckets[i]] + 1, arrayEnumerate(buckets)))"
    )
    steps = (
        f"arrayConcat([(toInt64({WHOLE}), toInt64(is_within))], "
        f"CAST({begins}, 'Array(Tuple(Int64, Int64))'), CAST({ends}, 'Array(Tuple(Int64, Int64))'))"
    )
    return (
        f"SELECT breakdown, step.1 AS place, sum(step.2) AS change FROM "
        f"(SELECT breakdown, arrayJoin({steps}) AS step FROM ({people})) "
        "GROUP BY breakdown, place"
    )


def counts(changes: Mapping[int, float], windows: int) -> Iterable[float]:
    """How many people each of so many windows has."""
    return accumulate(changes.get(place, 0) for place in range(windows))
