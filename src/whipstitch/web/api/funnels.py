"""``POST /api/v1/funnels``."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Final
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from whipstitch.analytics.expressions import filters
from whipstitch.analytics.expressions.event_matcher import Match, checked_event_name
from whipstitch.analytics.people.drill_down import SelectedPeople
from whipstitch.analytics.reports import funnels
from whipstitch.analytics.reports.funnel_matching import MOST_STEPS, FunnelMatching, Order
from whipstitch.analytics.reports.funnels import (
    LONGEST_WINDOW,
    FunnelQuery,
    FunnelSelector,
    Outcome,
)
from whipstitch.analytics.reports.report import Report
from whipstitch.analytics.session import QuerySession
from whipstitch.core.errors import InvalidQuery
from whipstitch.web.api.asking import Asking
from whipstitch.web.api.bodies import BreakdownBody, EventName, Filters, StrictBody
from whipstitch.web.api.endpoints import InEnvironment, Routes
from whipstitch.web.api.reports import REFUSALS, Breakdown, IsValue, PeopleOf, ReportBody, ask

routes = Routes("/api/v1", "funnels", cancellable=True)


class FunnelStep(StrictBody, kw_only=True):
    """One step."""

    event_name: EventName
    filters: Filters = msgspec.field(default_factory=list)

    def parsed(self, field: str) -> Match:
        """Raises InvalidQuery."""
        return Match(
            checked_event_name(self.event_name, f"{field}.event_name"),
            filters.parse(self.filters, f"{field}.filters"),
        )


class PeopleOfFunnel(PeopleOf, kw_only=True):
    """The people who took a step, or who took the one before it but not this."""

    step: Annotated[int, Meta(ge=1, description="1 is the first.")]
    outcome: Outcome = "converted"
    breakdown: Breakdown = msgspec.UNSET
    is_value: IsValue = None

    async def selector(
        self, session: QuerySession, query: FunnelQuery, zone: ZoneInfo
    ) -> FunnelSelector:
        steps = len(query.attempts.steps)
        if self.step > steps:
            raise InvalidQuery("people_of.step", f"must not be more than {steps}")
        if self.outcome == "dropped" and self.step == 1:
            raise InvalidQuery("people_of.step", "must be at least 2, for those who dropped out")
        if self.breakdown is msgspec.UNSET:
            return FunnelSelector(self.step, self.outcome)
        if query.breakdown is None:
            raise InvalidQuery("people_of.breakdown", "needs a breakdown in the request")
        return FunnelSelector(
            self.step, self.outcome, of_group=True, group=self.breakdown, is_value=self.is_value
        )


class FunnelBody(ReportBody, kw_only=True):
    """Steps on a way, and how long people have for it."""

    report: ClassVar[Report[Any, Any]] = funnels.REPORT
    steps: Annotated[list[FunnelStep], Meta(min_length=1, max_length=MOST_STEPS)]
    window_seconds: Annotated[
        int,
        Meta(ge=1, le=LONGEST_WINDOW, description="From the first step to the last, inclusive."),
    ]
    order: Order = "ordered"
    breakdown: BreakdownBody | None = None
    people_of: PeopleOfFunnel | None = None

    def parsed(self, zone: ZoneInfo, now: datetime) -> FunnelQuery:
        """Raises InvalidQuery."""
        steps = tuple(one.parsed(f"steps[{index}]") for index, one in enumerate(self.steps))
        return funnels.checked(
            FunnelQuery(
                FunnelMatching(steps, self.window_seconds * 1000, self.order),
                self.range(zone, now),
                self.parsed_filters(),
                None if self.breakdown is None else self.breakdown.parsed(),
            )
        )


_FUNNEL: Final = {
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
_EXAMPLES: Final = {
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
_STEPS: Final = [
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
_ANSWERS: Final = {
    "ordered": {"ok": True, "steps": _STEPS},
    "breakdown": {"ok": True, "steps": _STEPS, "breakdowns": [{"value": "FR", "steps": _STEPS}]},
    "people": {"ok": True, "people": ["user_123"], "next_cursor": None},
}


@routes.add(
    "POST",
    "/funnels",
    "How many people take each step of a way",
    examples=_EXAMPLES,
    shown=_ANSWERS,
    refusals=REFUSALS,
)
async def ask_funnels(
    asking: Asking, sent: InEnvironment, body: FunnelBody
) -> funnels.Funnel | SelectedPeople:
    """A person counts once, with the attempt that gets furthest. `ordered`: other events may lie
    between the steps; `strict`: none of that person may; `unordered`: step n counts the people with
    n of the events, in any order. With `people_of`, the people behind one of the numbers."""
    answer: funnels.Funnel | SelectedPeople = await ask(asking, body)
    return answer
