"""A question for insights, and for the people behind one of its numbers."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, ClassVar
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from whipstitch.analytics.expressions import groupings
from whipstitch.analytics.expressions.breakdowns import ALL
from whipstitch.analytics.expressions.intervals import Interval, Intervals, intervals
from whipstitch.analytics.expressions.time_ranges import TimeRange
from whipstitch.analytics.reports import insights, windows
from whipstitch.analytics.reports.insight_query import InsightSelector, InsightsQuery, checked
from whipstitch.analytics.reports.measure import Series
from whipstitch.analytics.reports.report import Report
from whipstitch.analytics.session import QuerySession
from whipstitch.core.errors import InvalidQuery
from whipstitch.web.api.bodies import BreakdownBody, GroupingBody
from whipstitch.web.api.insight_parts import ADD_UP, CompareBody, FormulaBody, InsightEvent
from whipstitch.web.api.reports import Breakdown, IsValue, PeopleOf, ReportBody, interval_start


class PeopleOfInsight(PeopleOf, kw_only=True):
    """The people whose events make one number."""

    series: Annotated[int, Meta(ge=0, description="Which of `events`")]
    compared: Annotated[
        bool, Meta(description="The number is of the range that is compared with.")
    ] = False
    interval: Annotated[
        str | None, Meta(description="An interval's start; left out: the whole range")
    ] = None
    breakdown: Breakdown = msgspec.UNSET
    is_value: IsValue = None
    breakdowns: Annotated[
        list[str | None] | None, Meta(description="With `breakdowns`: a group of each.")
    ] = None
    are_values: Annotated[
        list[bool] | None, Meta(description="As `is_value`, of each of `breakdowns`.")
    ] = None

    async def selector(
        self, session: QuerySession, query: InsightsQuery, zone: ZoneInfo
    ) -> InsightSelector:
        if self.series >= len(query.series):
            raise InvalidQuery("people_of.series", f"must be less than {len(query.series)}")
        groups = None if self.breakdowns is None else tuple(self.breakdowns)
        if groups is not None and len(groups) != len(query.groupings):
            raise InvalidQuery("people_of.breakdowns", "must have one of each of `breakdowns`")
        are_values = None if self.are_values is None else tuple(self.are_values)
        if are_values is not None and len(are_values) != len(groups or ()):
            raise InvalidQuery("people_of.are_values", "must say it of each of `breakdowns`")
        if self.breakdown is not msgspec.UNSET and query.breakdown is None:
            raise InvalidQuery("people_of.breakdown", "needs a breakdown in the request")
        if self.compared and query.compared is None:
            raise InvalidQuery("people_of.compared", "needs compare in the request")
        cut = query.compared.intervals if self.compared and query.compared else query.intervals
        start = None if self.interval is None else interval_start(self.interval, cut, zone)
        of_all = self.breakdown == ALL and query.with_total and not self.is_value
        is_total = query.with_total and set(groups or ()) == {ALL} and not any(are_values or ())
        if groups is not None and not is_total:
            return InsightSelector(
                self.series,
                start,
                of_group=True,
                compared=self.compared,
                groups=groups,
                are_values=are_values,
            )
        if self.breakdown is msgspec.UNSET or of_all:
            return InsightSelector(self.series, start, compared=self.compared)
        return InsightSelector(
            self.series,
            start,
            of_group=True,
            group=self.breakdown,
            is_value=self.is_value,
            compared=self.compared,
        )


class InsightsBody(ReportBody, kw_only=True):
    """Numbers of events, of people or of a property."""

    report: ClassVar[Report[Any, Any]] = insights.REPORT
    events: Annotated[list[InsightEvent], Meta(min_length=1, max_length=20)]
    interval: Interval = "day"
    breakdown: BreakdownBody | None = None
    breakdowns: Annotated[
        list[GroupingBody], Meta(max_length=groupings.MOST, description="Instead of `breakdown`.")
    ] = msgspec.field(default_factory=list)
    with_total: Annotated[
        bool, Meta(description="With a breakdown: also a line for all, `$all`.")
    ] = False
    formulas: Annotated[list[FormulaBody], Meta(max_length=20)] = msgspec.field(
        default_factory=list
    )
    cumulative: Annotated[
        bool, Meta(description="Each number is of everything up to the end of its interval.")
    ] = False
    moving_average: Annotated[
        int, Meta(ge=1, le=366, description="Each number is the mean of so many, up to its own.")
    ] = 1
    compare: CompareBody | None = None
    people_of: PeopleOfInsight | None = None

    def parsed(self, zone: ZoneInfo, now: datetime) -> InsightsQuery:
        """Raises InvalidQuery."""
        range_ = self.range(zone, now)
        series = tuple(one.parsed(f"events[{index}]") for index, one in enumerate(self.events))
        query = self._about(range_, series, zone, now)
        if self.compare is None:
            return query
        other = self._about(self.compare.parsed(range_, zone), series, zone, now)
        other = replace(other, groups_of=range_)
        return replace(query, compared=other)

    def _about(
        self, range_: TimeRange, series: tuple[Series, ...], zone: ZoneInfo, now: datetime
    ) -> InsightsQuery:
        if self.breakdown is not None and self.breakdowns:
            raise InvalidQuery("breakdowns", "stand instead of breakdown: leave one out")
        cut = intervals(range_, self.interval, zone)
        return checked(
            InsightsQuery(
                series,
                range_,
                cut,
                self.parsed_filters(),
                None if self.breakdown is None else self.breakdown.parsed(),
                tuple(
                    one.parsed(f"formulas[{index}]", len(series))
                    for index, one in enumerate(self.formulas)
                ),
                tuple(
                    self._windows(one, index, cut, range_, zone) for index, one in enumerate(series)
                ),
                self.cumulative,
                self.moving_average,
                self.with_total,
                groupings=groupings.checked(
                    [one.parsed(f"breakdowns[{at}]") for at, one in enumerate(self.breakdowns)],
                    "breakdowns",
                ),
                now=now,
            )
        )

    def _windows(
        self, series: Series, index: int, cut: Intervals, range_: TimeRange, zone: ZoneInfo
    ) -> windows.Windows | None:
        if not self.cumulative:
            days = series.rolling_days
            return None if days is None else windows.rolling(cut, days, range_, zone)
        if series.math not in ADD_UP or series.per_person or series.rolling_days:
            raise InvalidQuery(
                "cumulative", f"adds up {', '.join(ADD_UP)}: events[{index}] is something else"
            )
        return windows.growing(cut, range_) if series.math == "unique" else None
