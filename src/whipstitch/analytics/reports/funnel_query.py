"""What a funnel asks for, and what its answer looks like."""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from whipstitch.analytics.expressions import groupings
from whipstitch.analytics.expressions.breakdowns import Breakdown, Group
from whipstitch.analytics.expressions.filters import Filter
from whipstitch.analytics.expressions.groupings import Grouping
from whipstitch.analytics.expressions.intervals import Intervals
from whipstitch.analytics.expressions.time_ranges import TimeRange
from whipstitch.analytics.reports import funnel_steps
from whipstitch.analytics.reports.funnel_correlation import Cell, Correlation, Outcome
from whipstitch.analytics.reports.funnel_steps import FunnelMatching
from whipstitch.core.errors import InvalidQuery

LONGEST_WINDOW: Final = 10 * 366 * 86_400
"""Seconds."""
MOST_BUCKETS: Final = 100
_MOST_NUMBERS: Final = 500_000


@dataclass(frozen=True, slots=True)
class FunnelQuery:
    """It is broken down by one ``breakdown``, or by ``groupings``: by the value at the event that
    the attempt begins with. With ``intervals`` also the attempts that begin in each are counted,
    with ``buckets`` how long it takes people, in so many spans of time, with ``correlations`` what
    goes together with converting, so many events and values of each kind."""

    attempts: FunnelMatching
    range: TimeRange
    filters: tuple[Filter, ...] = ()
    breakdown: Breakdown | None = None
    groupings: tuple[Grouping, ...] = ()
    intervals: Intervals | None = None
    buckets: int = 0
    now: datetime | None = None
    correlations: int = 0

    @property
    def is_broken_down(self) -> bool:
        return self.breakdown is not None or bool(self.groupings)

    @property
    def in_several(self) -> bool:
        """Whether a person may be in several groups."""
        if self.breakdown is not None:
            return self.breakdown.elements
        return groupings.are_several(self.groupings)


@dataclass(frozen=True, slots=True)
class FunnelSelector:
    """People of one number of an answer: of ``correlated``, if that is given; else who took
    ``step``, the first is 1, or took the one before it but not this; of a group if ``of_group``
    (``is_value``: see ``breakdowns.is_in``; with groupings ``groups``, one of each), of the
    attempts that begin in an interval (its start), and who took the step so many milliseconds
    after the first (from, inclusive, and to)."""

    step: int
    outcome: Outcome = "converted"
    of_group: bool = False
    group: Group = None
    is_value: bool | None = None
    groups: tuple[Group, ...] | None = None
    are_values: tuple[bool, ...] | None = None
    """As ``is_value``, of each of ``groups``."""
    interval: int | None = None
    after: tuple[int, int] | None = None
    correlated: Cell | None = None


class StepCounts(msgspec.Struct):
    """``conversion_…`` are shares from 0 to 1, and 0 where nobody was there to convert; the median
    is None where nobody came from the step before. "Previous" is the last step before this one that
    is not optional. ``counts``: by interval."""

    event_name: str | None
    count: int
    conversion_from_previous: float
    conversion_from_first: float
    median_seconds_from_previous: float | None
    optional: bool | UnsetType = UNSET
    any_of: list[str | None] | UnsetType = UNSET
    """The names of its events, where it has several."""
    counts: list[int] | UnsetType = UNSET


class TimeBucket(msgspec.Struct):
    """People who took from ``from_seconds``, inclusive, to ``to_seconds`` for the whole way."""

    from_seconds: float
    to_seconds: float
    count: int


class TimeToConvert(msgspec.Struct):
    """How long the whole way takes those who go it; None where nobody does."""

    buckets: list[TimeBucket]
    median_seconds: float | None
    average_seconds: float | None


class BrokenDown(msgspec.Struct):
    """The steps of the people of one group."""

    value: Group
    steps: list[StepCounts]
    is_value: bool | UnsetType = UNSET
    """Set where ``value`` is one that is called as OTHER."""
    breakdowns: list[Group] | UnsetType = UNSET
    """With several breakdowns, the group of each, of which ``value`` is the first."""
    are_values: list[bool] | UnsetType = UNSET
    """As ``is_value``, of each of ``breakdowns``; set where one of them is such a value."""
    conversion: list[float | None] | UnsetType = UNSET
    histogram: TimeToConvert | UnsetType = UNSET


class Funnel(msgspec.Struct, kw_only=True):
    """With intervals: ``conversion`` from the first to the last step that is not optional, of those
    who began in each (None: nobody did); which of them are ``incomplete``, as in insights; and in
    which some people still had time to go on when the range ended (``open``)."""

    ok: bool = True
    steps: list[StepCounts]
    breakdowns: list[BrokenDown] | UnsetType = UNSET
    intervals: list[str] | UnsetType = UNSET
    incomplete: list[bool] | UnsetType = UNSET
    open: list[bool] | UnsetType = UNSET
    conversion: list[float | None] | UnsetType = UNSET
    histogram: TimeToConvert | UnsetType = UNSET
    correlation: Correlation | UnsetType = UNSET


def checked(query: FunnelQuery) -> FunnelQuery:
    """``query``, if it asks for no more than can be worked out and looked at.

    Raises:
        InvalidQuery
    """
    funnel_steps.checked(query.attempts)
    if query.correlations and len(query.attempts.required) < 2:
        raise InvalidQuery("correlations", "need two steps that are not optional")
    limits = [one.limit for one in (query.breakdown, *query.groupings) if one is not None]
    groups = math.prod(limit + 2 for limit in limits)
    places = 1 + (0 if query.intervals is None else len(query.intervals.starts))
    numbers = groups * places * len(query.attempts.steps)
    if numbers > _MOST_NUMBERS:
        raise InvalidQuery(
            "breakdowns" if query.intervals is None else "interval",
            f"makes up to {numbers:,} numbers, and {_MOST_NUMBERS:,} are the most: take a longer "
            "interval, a shorter range or a smaller limit of the breakdown",
        )
    return query
