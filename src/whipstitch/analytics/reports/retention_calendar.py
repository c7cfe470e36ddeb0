"""The calendar of retention: when people may start, the periods after it, and what of them can be
known yet."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final, Literal, Self
from zoneinfo import ZoneInfo

from whipstitch.analytics.expressions.intervals import Intervals, intervals
from whipstitch.analytics.expressions.time_ranges import TimeRange
from whipstitch.core.errors import InvalidQuery

Interval = Literal["day", "week", "month"]

MOST_PERIODS: Final = 366
_MOST_NUMBERS: Final = 100_000
_LONGEST: Final = {"day": timedelta(2), "week": timedelta(8), "month": timedelta(32)}
_ROLLING: Final = {"day": timedelta(1), "week": timedelta(7), "month": timedelta(30)}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def single(periods: int) -> tuple[int, ...]:
    """The ends of periods of one interval each: the starting one and ``periods`` after it."""
    return tuple(range(1, periods + 2))


def checked_brackets(edges: Sequence[int], field: str = "brackets") -> tuple[int, ...]:
    """``edges`` as the ends of periods.

    Raises:
        InvalidQuery
    """
    rising = all(before < after for before, after in pairwise((0, *edges)))
    if not (edges and rising and edges[-1] <= MOST_PERIODS):
        raise InvalidQuery(
            field, f"must be whole numbers that rise, the first 1 or more, up to {MOST_PERIODS}"
        )
    return tuple(edges)


@dataclass(frozen=True, slots=True)
class Calendar:
    """``started``: when people may start. ``seen``: when they may come back, which is longer: up to
    the last period's end, as far as the periods have begun. ``intervals`` hold all of it, and the
    first ``cohorts`` of them have one each.

    A period goes from the end of the one before, the first one from 0, to its own of ``ends``: in
    intervals, the starting one being 0, or, with a ``length`` (milliseconds), in such lengths from
    each person's start.

    ``incomplete`` has for each cohort and period: whether the period still goes on, for some of the
    cohort at least; None: it has not begun, and nobody can know what happens in it."""

    started: TimeRange
    seen: TimeRange
    intervals: Intervals
    cohorts: int
    ends: tuple[int, ...]
    length: int
    begun: tuple[int, ...]
    """How many periods of each cohort have begun, or begin before the range's end."""
    incomplete: tuple[tuple[bool | None, ...], ...]

    @classmethod
    def of(
        cls,
        range_: TimeRange,
        interval: Interval,
        ends: Sequence[int],
        zone: ZoneInfo,
        now: datetime,
        *,
        rolling: bool = False,
        lines: int = 1,
    ) -> Self:
        """Of cohorts that start within ``range_``; ``lines``: how many there may be of each.

        Raises:
            InvalidQuery: it makes more numbers than anybody can look at.
        """
        cohorts = len(intervals(range_, interval, zone).starts)
        numbers = cohorts * len(ends) * lines
        if numbers > _MOST_NUMBERS:
            fewer = "fewer periods" if lines == 1 else "fewer periods or a lower limit of values"
            raise InvalidQuery(
                "interval",
                f"makes {numbers:,} numbers, and {_MOST_NUMBERS:,} are the most: take a longer "
                f"interval, a shorter range or {fewer}",
            )
        far = range_.end + ends[-1] * _LONGEST[interval]
        bounds = intervals(TimeRange(range_.start, far), interval, zone).starts
        bounds = bounds[: cohorts + ends[-1]]
        looked = max(now, range_.end)
        if rolling:
            length = _ROLLING[interval] // timedelta(milliseconds=1)
            end = min(looked, range_.end + ends[-1] * _ROLLING[interval])
            starts = bounds[:cohorts]
        else:
            length = 0
            end = min(looked, _EPOCH + timedelta(milliseconds=bounds[-1]))
            starts = tuple(start for start in bounds[:-1] if start * 1000 < _microseconds(end))
        spans = [list(_spans(range_, bounds, ends, one, length)) for one in range(cohorts)]
        known, reached = _microseconds(now), _microseconds(looked)
        return cls(
            range_,
            TimeRange(range_.start, end),
            Intervals(starts),
            cohorts,
            tuple(ends),
            length,
            tuple(sum(begin < reached for begin, _ in periods) for periods in spans),
            tuple(
                tuple(None if begin >= known else over > known for begin, over in periods)
                for periods in spans
            ),
        )


def _spans(
    range_: TimeRange, bounds: Sequence[int], ends: Sequence[int], cohort: int, length: int
) -> Iterator[tuple[int, int]]:
    """When each period of a cohort begins for the first of its people and is over for the last, in
    unix microseconds."""
    first = max(bounds[cohort] * 1000, _microseconds(range_.start))
    last = min(bounds[cohort + 1] * 1000, _microseconds(range_.end))
    for begin, end in pairwise((0, *ends)):
        if length:
            yield first + begin * length * 1000, last + end * length * 1000
        else:
            yield bounds[cohort + begin] * 1000, bounds[cohort + end] * 1000


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)
