"""``POST /api/v1/funnels``."""

from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
from fastapi import APIRouter, Body, Response
from pydantic import Field

from whipstitch.analytics.expressions import filters
from whipstitch.analytics.expressions.event_matcher import Match, checked_event_name
from whipstitch.analytics.expressions.time_ranges import parse_range, parse_zone
from whipstitch.analytics.people import drill_down
from whipstitch.analytics.reports import funnels
from whipstitch.analytics.reports.funnel_matching import MOST_STEPS, FunnelMatching, Order
from whipstitch.analytics.reports.funnels import (
    LONGEST_WINDOW,
    FunnelQuery,
    FunnelSelector,
    Outcome,
)
from whipstitch.core.errors import InvalidQuery
from whipstitch.web.api import bodies
from whipstitch.web.api.asking import CancellableRoute, answers
from whipstitch.web.api.bodies import NO_FILTERS, EventName, Filters, Moment, Zone, plain
from whipstitch.web.api.cohort_validation import COHORTS_EXIST
from whipstitch.web.api.reading import CurrentReading, CurrentZone

router = APIRouter(
    prefix="/api/v1", tags=["funnels"], route_class=CancellableRoute, dependencies=[COHORTS_EXIST]
)


class FunnelStep(bodies.StrictBody):
    """One step."""

    event_name: EventName
    filters: Filters = NO_FILTERS

    def parsed(self, field: str) -> Match:
        """Raises InvalidQuery."""
        return Match(
            checked_event_name(self.event_name, f"{field}.event_name"),
            filters.parse(plain(self.filters), f"{field}.filters"),
        )


class PeopleOfFunnel(bodies.PeopleOf):
    """The people who took a step, or who took the one before it but not this."""

    step: Annotated[int, Field(ge=1, description="1 is the first.")]
    outcome: Outcome = "converted"
    breakdown: Annotated[
        str | None, Field(description="A value, `$other` or null; left out: all of them")
    ] = None
    is_value: bodies.IsValue = None

    def counted(self, query: FunnelQuery) -> FunnelSelector:
        """Raises InvalidQuery."""
        steps = len(query.attempts.steps)
        if self.step > steps:
            raise InvalidQuery("people_of.step", f"must not be more than {steps}")
        if self.outcome == "dropped" and self.step == 1:
            raise InvalidQuery("people_of.step", "must be at least 2, for those who dropped out")
        of_group = "breakdown" in self.model_fields_set
        if of_group and query.breakdown is None:
            raise InvalidQuery("people_of.breakdown", "needs a breakdown in the request")
        return FunnelSelector(self.step, self.outcome, of_group, self.breakdown, self.is_value)


class FunnelBody(bodies.StrictBody):
    """Steps on a way, and how long people have for it."""

    steps: Annotated[list[FunnelStep], Field(min_length=1, max_length=MOST_STEPS)]
    from_: Annotated[Moment, Field(alias="from")] = None
    to: Moment = None
    window_seconds: Annotated[
        int,
        Field(ge=1, le=LONGEST_WINDOW, description="From the first step to the last, inclusive."),
    ]
    order: Order = "ordered"
    breakdown: bodies.BreakdownBody | None = None
    filters: Filters = NO_FILTERS
    timezone: Zone = None
    people_of: PeopleOfFunnel | None = None

    def parsed(self, zone: ZoneInfo, now: datetime) -> FunnelQuery:
        """Raises InvalidQuery."""
        steps = tuple(one.parsed(f"steps[{index}]") for index, one in enumerate(self.steps))
        return funnels.checked(
            FunnelQuery(
                FunnelMatching(steps, self.window_seconds * 1000, self.order),
                parse_range(self.from_, self.to, zone, now),
                filters.parse(plain(self.filters), "filters"),
                None if self.breakdown is None else self.breakdown.parsed(),
            )
        )


_FUNNEL = {
    "steps": [
        {"event_name": "product_viewed"},
        {
            "event_name": "checkout_started",
            "filters": [{"property": "cart_value", "operator": "gte", "value": 20}],
        },
        {"event_name": "checkout_completed"},
    ],
    "from": "2026-05-01T00:00:00Z",
    "to": "2026-06-01T00:00:00Z",
    "window_seconds": 86_400,
}
_EXAMPLES = {
    "ordered": {"summary": "From a product to the checkout, within a day", "value": _FUNNEL},
    "breakdown": {
        "summary": "By the country in which they began",
        "value": {**_FUNNEL, "breakdown": {"property": "$country", "limit": 5}},
    },
    "people": {
        "summary": "Who started the checkout and did not complete it",
        "value": {**_FUNNEL, "people_of": {"step": 3, "outcome": "dropped"}},
    },
}
_STEPS = [
    {
        "event_name": "product_viewed",
        "count": 400,
        "conversion_from_previous": 1.0,
        "conversion_from_first": 1.0,
        "median_seconds_from_previous": None,
    },
    {
        "event_name": "checkout_started",
        "count": 100,
        "conversion_from_previous": 0.25,
        "conversion_from_first": 0.25,
        "median_seconds_from_previous": 184.2,
    },
    {
        "event_name": "checkout_completed",
        "count": 80,
        "conversion_from_previous": 0.8,
        "conversion_from_first": 0.2,
        "median_seconds_from_previous": 61.05,
    },
]
_ANSWERS = {
    "ordered": {"value": {"ok": True, "steps": _STEPS}},
    "breakdown": {
        "value": {"ok": True, "steps": _STEPS, "breakdowns": [{"value": "FR", "steps": _STEPS}]}
    },
    "people": {"value": {"ok": True, "people": ["user_123"], "next_cursor": None}},
}


@router.post(
    "/funnels",
    summary="How many people take each step of a way",
    response_class=Response,
    responses=answers(_ANSWERS),
)
async def ask_funnels(
    reading: CurrentReading,
    project_zone: CurrentZone,
    body: Annotated[FunnelBody, Body(openapi_examples=_EXAMPLES)],
) -> Response:
    """A person counts once, with the attempt that gets furthest. `ordered`: other events may lie
    between the steps; `strict`: none of that person may; `unordered`: step n counts the people with
    n of the events, in any order. With `people_of`, the people behind one of the numbers."""
    query = body.parsed(parse_zone(body.timezone, project_zone), datetime.now(UTC))
    answer: funnels.Funnel | drill_down.SelectedPeople
    if body.people_of is None:
        answer = funnels.shape(query, await reading.run(funnels.build(query, reading.persons)))
    else:
        page = body.people_of.page()
        sql = funnels.people(query, body.people_of.counted(query), page, reading.persons)
        answer = drill_down.shape(page, await reading.run(sql))
    return Response(msgspec.json.encode(answer), media_type="application/json")
