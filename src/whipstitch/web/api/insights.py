"""``POST /api/v1/insights``."""

from datetime import UTC, datetime
from typing import Annotated, Final
from zoneinfo import ZoneInfo

import msgspec
from fastapi import APIRouter, Body, Response
from pydantic import Field

from whipstitch.analytics.expressions import filters
from whipstitch.analytics.expressions.event_matcher import Match, checked_event_name
from whipstitch.analytics.expressions.properties import checked_name
from whipstitch.analytics.expressions.time_ranges import (
    Interval,
    Intervals,
    intervals,
    parse_moment,
    parse_range,
    parse_zone,
)
from whipstitch.analytics.people import drill_down
from whipstitch.analytics.reports import insights
from whipstitch.analytics.reports.insights import InsightSelector, InsightsQuery
from whipstitch.analytics.reports.measure import Math, Series
from whipstitch.core.errors import InvalidQuery
from whipstitch.web.api import bodies
from whipstitch.web.api.asking import CancellableRoute, answers
from whipstitch.web.api.bodies import NO_FILTERS, EventName, Filters, Moment, Zone, plain
from whipstitch.web.api.cohort_validation import COHORTS_EXIST
from whipstitch.web.api.reading import CurrentReading, CurrentZone

router = APIRouter(
    prefix="/api/v1", tags=["insights"], route_class=CancellableRoute, dependencies=[COHORTS_EXIST]
)

_OF_A_PROPERTY: Final = ("sum", "avg", "min", "max", "p50", "p95")


class InsightEvent(bodies.StrictBody):
    """One series."""

    event_name: EventName
    math: Math = "total"
    property: Annotated[
        str | None, Field(description="What `sum`, `avg`, `min`, `max`, `p50`, `p95` are of.")
    ] = None
    filters: Filters = NO_FILTERS

    def parsed(self, field: str) -> Series:
        if self.math in _OF_A_PROPERTY:
            checked_name(self.property, f"{field}.property")
        elif self.property is not None:
            raise InvalidQuery(f"{field}.property", f"is not used by {self.math}: leave it out")
        name = checked_event_name(self.event_name, f"{field}.event_name")
        return Series(
            Match(name, filters.parse(plain(self.filters), f"{field}.filters")),
            self.math,
            self.property,
        )


class PeopleOfInsight(bodies.PeopleOf):
    """The people whose events make one number."""

    series: Annotated[int, Field(ge=0, description="Which of `events`")]
    interval: Annotated[
        str | None, Field(description="An interval's start; left out: the whole range")
    ] = None
    breakdown: Annotated[
        str | None, Field(description="A value, `$other` or null; left out: all of them")
    ] = None
    is_value: bodies.IsValue = None

    def counted(self, query: InsightsQuery, zone: ZoneInfo) -> InsightSelector:
        if self.series >= len(query.series):
            raise InvalidQuery("people_of.series", f"must be less than {len(query.series)}")
        of_group = "breakdown" in self.model_fields_set
        if of_group and query.breakdown is None:
            raise InvalidQuery("people_of.breakdown", "needs a breakdown in the request")
        start = None if self.interval is None else _start(self.interval, query.intervals, zone)
        return InsightSelector(self.series, start, of_group, self.breakdown, self.is_value)


class InsightsBody(bodies.StrictBody):
    """Numbers of events, of people or of a property."""

    events: Annotated[list[InsightEvent], Field(min_length=1, max_length=20)]
    from_: Annotated[Moment, Field(alias="from")] = None
    to: Moment = None
    interval: Interval = "day"
    breakdown: bodies.BreakdownBody | None = None
    filters: Filters = NO_FILTERS
    timezone: Zone = None
    people_of: PeopleOfInsight | None = None

    def parsed(self, zone: ZoneInfo, now: datetime) -> InsightsQuery:
        """Raises InvalidQuery."""
        range_ = parse_range(self.from_, self.to, zone, now)
        return insights.checked(
            InsightsQuery(
                tuple(one.parsed(f"events[{index}]") for index, one in enumerate(self.events)),
                range_,
                intervals(range_, self.interval, zone),
                filters.parse(plain(self.filters), "filters"),
                None if self.breakdown is None else self.breakdown.parsed(),
            )
        )


def _start(text: str, cut: Intervals, zone: ZoneInfo) -> int:
    start = parse_moment(text, zone, "people_of.interval")
    if start not in cut.starts:
        raise InvalidQuery("people_of.interval", "must be one of the answer's `intervals`")
    return start


_RANGE = {"from": "2026-05-01T00:00:00Z", "to": "2026-05-04T00:00:00Z"}
_EXAMPLES = {
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
_ANSWERS = {
    "numbers": {
        "value": {
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
        }
    },
    "people": {"value": {"ok": True, "people": ["user_123"], "next_cursor": "WzQ4MTZd"}},
}


@router.post(
    "/insights",
    summary="Numbers by interval and breakdown",
    response_class=Response,
    responses=answers(_ANSWERS),
)
async def ask_insights(
    reading: CurrentReading,
    project_zone: CurrentZone,
    body: Annotated[InsightsBody, Body(openapi_examples=_EXAMPLES)],
) -> Response:
    """`total` of a series is over the whole range: of `unique`, the people of all intervals, each
    once. With `people_of`, the people behind one of the numbers."""
    zone = parse_zone(body.timezone, project_zone)
    query = body.parsed(zone, datetime.now(UTC))
    answer: insights.Insights | drill_down.SelectedPeople
    if body.people_of is None:
        answer = await insights.ask(reading, query)
    else:
        page = body.people_of.page()
        counted = body.people_of.counted(query, zone)
        sql = insights.people(query, counted, page, reading.persons)
        answer = drill_down.shape(page, await reading.run(sql))
    return Response(msgspec.json.encode(answer), media_type="application/json")
