"""What an insight asks for, and what its answer looks like."""

import math
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import msgspec

from whipstitch.analytics.expressions.breakdowns import Breakdown, Group
from whipstitch.analytics.expressions.filters import Filter
from whipstitch.analytics.expressions.formulas import Formula
from whipstitch.analytics.expressions.groupings import Grouping
from whipstitch.analytics.expressions.intervals import Intervals
from whipstitch.analytics.expressions.time_ranges import TimeRange
from whipstitch.analytics.reports.measure import Series
from whipstitch.analytics.reports.windows import Windows
from whipstitch.core.errors import InvalidQuery

_MOST_NUMBERS: Final = 500_000


@dataclass(frozen=True, slots=True)
class InsightsQuery:
    """``filters`` are for all series. It is broken down by one ``breakdown``, or by ``groupings``.

    ``windows``: of each series, the spans whose people are counted, where these are not the
    intervals. ``cumulative``: each number is of everything up to its interval's end.
    ``moving_average``: each number is the mean of so many, up to its own. ``with_total``: beside
    the groups of a breakdown, a line for all of them. ``compared``: the same question about another
    range. ``groups_of``: the range whose values stand alone in a breakdown, where it is another."""

    series: tuple[Series, ...]
    range: TimeRange
    intervals: Intervals
    filters: tuple[Filter, ...] = ()
    breakdown: Breakdown | None = None
    formulas: tuple[Formula, ...] = ()
    windows: tuple[Windows | None, ...] = ()
    cumulative: bool = False
    moving_average: int = 1
    with_total: bool = False
    compared: "InsightsQuery | None" = None
    groups_of: TimeRange | None = None
    groupings: tuple[Grouping, ...] = ()
    now: datetime | None = None

    @property
    def is_broken_down(self) -> bool:
        return self.breakdown is not None or bool(self.groupings)

    def overall(self) -> "InsightsQuery":
        """The same, not broken down."""
        return replace(self, breakdown=None, groupings=())

    def windows_of(self, index: int) -> Windows | None:
        return self.windows[index] if self.windows else None

    def leading(self, series: Series) -> Series:
        """The series whose weights tell which values stand alone: each one's own, unless they are
        put together by formulas, which need the same groups of all."""
        return self.series[self.formulas[0].series[0]] if self.formulas else series


@dataclass(frozen=True, slots=True)
class InsightSelector:
    """One number of an answer: a series, an interval's start in unix milliseconds (None: all), and
    a group if ``of_group`` (``is_value``: see ``breakdowns.is_in``). ``compared``: the number is of
    the range that the answer is compared with."""

    series: int
    interval: int | None = None
    of_group: bool = False
    group: Group = None
    is_value: bool | None = None
    compared: bool = False
    groups: tuple[Group, ...] | None = None
    """With groupings: one of each, instead of ``group``."""
    are_values: tuple[bool, ...] | None = None
    """As ``is_value``, of each of ``groups``."""


class Line(msgspec.Struct):
    """A series or a formula, or one group of it: a value for each interval, and one for the whole
    range; None where there is no number that a value could be of (``Series.of_none``)."""

    event_name: str | None
    breakdown: Group
    values: list[int | float | None]
    total: int | float | None
    is_value: bool | msgspec.UnsetType = msgspec.UNSET
    """Set where ``breakdown`` is a value that is called as OTHER or ALL."""
    breakdowns: list[Group] | msgspec.UnsetType = msgspec.UNSET
    """With several breakdowns, the group of each, of which ``breakdown`` is the first."""
    are_values: list[bool] | msgspec.UnsetType = msgspec.UNSET
    """As ``is_value``, of each of ``breakdowns``; set where one of them is such a value."""
    name: str | msgspec.UnsetType = msgspec.UNSET
    unit: str | msgspec.UnsetType = msgspec.UNSET
    formula: str | msgspec.UnsetType = msgspec.UNSET


class Compared(msgspec.Struct, kw_only=True):
    """The numbers of the range that an answer is compared with."""

    intervals: list[str]
    series: list[Line]


class Insights(msgspec.Struct, kw_only=True):
    """``incomplete``: which intervals the range cuts off, or are not over yet."""

    ok: bool = True
    intervals: list[str]
    series: list[Line]
    incomplete: list[bool] | msgspec.UnsetType = msgspec.UNSET
    compared: Compared | msgspec.UnsetType = msgspec.UNSET


def checked(query: InsightsQuery) -> InsightsQuery:
    """``query``, if it asks for no more numbers than anybody can look at.

    Raises:
        InvalidQuery
    """
    limits = [one.limit for one in (query.breakdown, *query.groupings) if one is not None]
    groups = math.prod(limit + 2 for limit in limits)
    lines = len(query.series) + len(query.formulas)
    numbers = lines * groups * len(query.intervals.starts)
    if numbers > _MOST_NUMBERS:
        raise InvalidQuery(
            "interval",
            f"makes up to {numbers:,} numbers, and {_MOST_NUMBERS:,} are the most: take a longer "
            "interval, a shorter range or a smaller breakdown.limit",
        )
    return query
