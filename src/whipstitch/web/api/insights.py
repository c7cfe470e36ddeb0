"""``POST /api/v1/insights``."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Final
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from whipstitch.analytics.expressions import filters
from whipstitch.analytics.expressions.event_matcher import Match, checked_event_name
from whipstitch.analytics.expressions.properties import checked_name
from whipstitch.analytics.expressions.time_ranges import (
    Interval,
    Intervals,
    intervals,
    parse_moment,
)
from whipstitch.analytics.people.drill_down import SelectedPeople
from whipstitch.analytics.reports import insights
from whipstitch.analytics.reports.insights import InsightSelector, InsightsQuery
from whipstitch.analytics.reports.measure import Math, Series
from whipstitch.analytics.reports.report import Report
from whipstitch.analytics.session import QuerySession
from whipstitch.core.errors import InvalidQuery
from whipstitch.web.api.asking import Asking
from whipstitch.web.api.bodies import BreakdownBody, EventName, Filters, StrictBody
from whipstitch.web.api.endpoints import InEnvironment, Routes
from whipstitch.web.api.reports import REFUSALS, Breakdown, IsValue, PeopleOf, ReportBody, ask

routes = Routes("/api/v1", "insights", cancellable=True)

_OF_A_PROPERTY: Final = ("sum", "avg", "min", "max", "p50", "p95")


class InsightEvent(StrictBody, kw_only=True):
    """One series."""

    event_name: EventName
    math: Math = "total"
    property: Annotated[
        str | None, Meta(description="What `sum`, `avg`, `min`, `max`, `p50`, `p95` are of.")
    ] = None
    filters: Filters = msgspec.field(default_factory=list)

    def parsed(self, field: str) -> Series:
        """Raises InvalidQuery."""
        if self.math in _OF_A_PROPERTY:
            checked_name(self.property, f"{field}.property")
        elif self.property is not None:
            raise InvalidQuery(f"{field}.property", f"is not used by {self.math}: leave it out")
        name = checked_event_name(self.event_name, f"{field}.event_name")
        passed = filters.parse(self.filters, f"{field}.filters")
        return Series(Match(name, passed), self.math, self.property)


class PeopleOfInsight(PeopleOf, kw_only=True):
    """The people whose events make one number."""

    series: Annotated[int, Meta(ge=0, description="Which of `events`")]
    interval: Annotated[
        str | None, Meta(description="An interval's start; left out: the whole range")
    ] = None
    breakdown: Breakdown = msgspec.UNSET
    is_value: IsValue = None

    async def selector(
        self, session: QuerySession, query: InsightsQuery, zone: ZoneInfo
    ) -> InsightSelector:
        if self.series >= len(query.series):
            raise InvalidQuery("people_of.series", f"must be less than {len(query.series)}")
        if self.breakdown is not msgspec.UNSET and query.breakdown is None:
            raise InvalidQuery("people_of.breakdown", "needs a breakdown in the request")
        start = None if self.interval is None else _start(self.interval, query.intervals, zone)
        if self.breakdown is msgspec.UNSET:
            return InsightSelector(self.series, start)
        return InsightSelector(
            self.series, start, of_group=True, group=self.breakdown, is_value=self.is_value
        )


class InsightsBody(ReportBody, kw_only=True):
    """Numbers of events, of people or of a property."""

    report: ClassVar[Report[Any, Any]] = insights.REPORT
    events: Annotated[list[InsightEvent], Meta(min_length=1, max_length=20)]
    interval: Interval = "day"
    breakdown: BreakdownBody | None = None
    people_of: PeopleOfInsight | None = None

    def parsed(self, zone: ZoneInfo, now: datetime) -> InsightsQuery:
        """Raises InvalidQuery."""
        range_ = self.range(zone, now)
        return insights.checked(
            InsightsQuery(
                tuple(one.parsed(f"events[{index}]") for index, one in enumerate(self.events)),
                range_,
                intervals(range_, self.interval, zone),
                self.parsed_filters(),
                None if self.breakdown is None else self.breakdown.parsed(),
            )
        )


def _start(text: str, cut: Intervals, zone: ZoneInfo) -> int:
    start = parse_moment(text, zone, "people_of.interval")
    if start not in cut.starts:
        raise InvalidQuery("people_of.interval", "must be one of the answer's `intervals`")
    return start


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
) -> insights.Insights | SelectedPeople:
    """`total` of a series is over the whole range: of `unique`, the people of all intervals, each
    once. With `people_of`, the people behind one of the numbers."""
    answer: insights.Insights | SelectedPeople = await ask(asking, body)
    return answer
