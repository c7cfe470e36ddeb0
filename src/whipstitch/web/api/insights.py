"""``POST /api/v1/insights``."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, ClassVar, Final, Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from whipstitch.analytics.expressions import filters, formulas, groupings
from whipstitch.analytics.expressions.breakdowns import ALL
from whipstitch.analytics.expressions.event_matcher import Match, checked_event_name
from whipstitch.analytics.expressions.intervals import Interval, Intervals, intervals
from whipstitch.analytics.expressions.properties import checked_name
from whipstitch.analytics.expressions.time_ranges import TimeRange, earlier
from whipstitch.analytics.people.drill_down import SelectedPeople
from whipstitch.analytics.reports import insights, windows
from whipstitch.analytics.reports.insight_query import (
    Insights,
    InsightSelector,
    InsightsQuery,
    checked,
)
from whipstitch.analytics.reports.measure import OF_PROPERTY, Math, PerPerson, Series
from whipstitch.analytics.reports.report import Report
from whipstitch.analytics.session import QuerySession
from whipstitch.core.errors import InvalidQuery
from whipstitch.web.api.asking import Asking
from whipstitch.web.api.bodies import (
    BreakdownBody,
    EventName,
    Filters,
    GroupingBody,
    StrictBody,
)
from whipstitch.web.api.endpoints import InEnvironment, Routes
from whipstitch.web.api.reports import (
    REFUSALS,
    Breakdown,
    IsValue,
    PeopleOf,
    ReportBody,
    ask,
    interval_start,
)

routes = Routes("/api/v1", "insights", cancellable=True)

_ADD_UP: Final = ("total", "sum", "unique")
_MOST_DAYS: Final = 3660
_Name = Annotated[str, Meta(max_length=200, description="What the answer calls it.")] | None
_Unit = Annotated[str, Meta(max_length=20, examples=["€", "%"])] | None


class InsightEvent(StrictBody, kw_only=True):
    """One series."""

    event_name: EventName
    math: Math = "total"
    property: Annotated[
        str | None, Meta(description="What all maths but `total` and `unique` are of.")
    ] = None
    per_person: Annotated[
        PerPerson | None,
        Meta(description="The math for each person of an interval, and this over the people."),
    ] = None
    rolling_days: (
        Annotated[
            int,
            Meta(
                ge=1,
                le=366,
                description="With `unique`: the people of so many days up to each interval's end.",
            ),
        ]
        | None
    ) = None
    name: _Name = None
    unit: _Unit = None
    filters: Filters = msgspec.field(default_factory=list)

    def parsed(self, field: str) -> Series:
        """Raises InvalidQuery."""
        if self.math in OF_PROPERTY:
            checked_name(self.property, f"{field}.property")
        elif self.property is not None:
            raise InvalidQuery(f"{field}.property", f"is not used by {self.math}: leave it out")
        if self.per_person is not None and self.math == "unique":
            raise InvalidQuery(f"{field}.per_person", "each person is one: take another math")
        if self.rolling_days is not None and self.math != "unique":
            raise InvalidQuery(f"{field}.rolling_days", "is of people: the math must be unique")
        name = checked_event_name(self.event_name, f"{field}.event_name")
        passed = filters.parse(self.filters, f"{field}.filters")
        return Series(
            Match(name, passed),
            self.math,
            self.property,
            self.per_person,
            self.rolling_days,
            self.name,
            self.unit,
        )


class FormulaBody(StrictBody, kw_only=True):
    """A line that is worked out from the series: A is the first one."""

    expression: Annotated[str, Meta(examples=["B / A * 100"])]
    name: _Name = None
    unit: _Unit = None

    def parsed(self, field: str, series: int) -> formulas.Formula:
        """Raises InvalidQuery."""
        return formulas.parse(self.expression, series, f"{field}.expression", self.name, self.unit)


class CompareBody(StrictBody, kw_only=True):
    """With which range: so many days before, the range before it, or the same a year before."""

    days: Annotated[int, Meta(ge=1, le=_MOST_DAYS)] | None = None
    period: Literal["previous", "year"] | None = None

    def parsed(self, range_: TimeRange, zone: ZoneInfo) -> TimeRange:
        """Raises InvalidQuery."""
        by = self.days or self.period
        if by is None or (self.days is not None and self.period is not None):
            raise InvalidQuery("compare", "must have either days or period")
        return earlier(range_, zone, by)


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
        if series.math not in _ADD_UP or series.per_person or series.rolling_days:
            raise InvalidQuery(
                "cumulative", f"adds up {', '.join(_ADD_UP)}: events[{index}] is something else"
            )
        return windows.growing(cut, range_) if series.math == "unique" else None


_RANGE: Final = {"from": "2026-05-01T00:00:00Z", "to": "2026-05-04T00:00:00Z"}
_EXAMPLES: Final = {
    "total and unique": {
        "summary": "Page views and visitors, by day",
        "value": {
            "events": [
                {"event_name": "page_view"},
                {"event_name": "page_view", "math": "unique"},
            ],
            **_RANGE,
            "interval": "day",
            "timezone": "Europe/Paris",
        },
    },
    "breakdown": {
        "summary": "Revenue by plan, in France",
        "value": {
            "events": [
                {"event_name": "checkout_completed", "math": "sum", "property": "cart_value"}
            ],
            **_RANGE,
            "breakdown": {"property": "plan", "limit": 3},
            "filters": [{"property": "$country", "operator": "is", "value": "FR"}],
        },
    },
    "formula": {
        "summary": "The share of visitors who buy, beside the week before",
        "value": {
            "events": [
                {"event_name": "page_view", "math": "unique"},
                {"event_name": "checkout_completed", "math": "unique"},
            ],
            "formulas": [{"expression": "B / A * 100", "name": "Conversion", "unit": "%"}],
            **_RANGE,
            "compare": {"days": 7},
        },
    },
    "people": {
        "summary": "Who they are",
        "value": {
            "events": [{"event_name": "page_view", "math": "unique"}],
            **_RANGE,
            "people_of": {"series": 0, "interval": "2026-05-02T00:00:00Z"},
        },
    },
}
_ANSWERS: Final = {
    "numbers": {
        "ok": True,
        "intervals": [
            "2026-05-01T00:00:00.000Z",
            "2026-05-02T00:00:00.000Z",
            "2026-05-03T00:00:00.000Z",
        ],
        "series": [
            {
                "event_name": "page_view",
                "breakdown": "pro",
                "values": [120, 0, 98],
                "total": 218,
            }
        ],
        "incomplete": [False, False, False],
    },
    "people": {"ok": True, "people": ["user_123"], "next_cursor": "WzQ4MTZd"},
}


@routes.add(
    "POST",
    "/insights",
    "Numbers by interval and breakdown",
    examples=_EXAMPLES,
    shown=_ANSWERS,
    refusals=REFUSALS,
)
async def ask_insights(
    asking: Asking, sent: InEnvironment, body: InsightsBody
) -> Insights | SelectedPeople:
    """`total` of a series is over the whole range: of `unique`, the people of all intervals, each
    once. With `people_of`, the people behind one of the numbers."""
    answer: Insights | SelectedPeople = await ask(asking, body)
    return answer
