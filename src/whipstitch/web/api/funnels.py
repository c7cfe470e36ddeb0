"""``POST /api/v1/funnels``."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, ClassVar, Final
from zoneinfo import ZoneInfo

import msgspec
from msgspec import UNSET, Meta, UnsetType

from whipstitch.analytics.expressions import filters, groupings
from whipstitch.analytics.expressions.event_matcher import Match, checked_event_name
from whipstitch.analytics.expressions.intervals import Interval, intervals
from whipstitch.analytics.people.drill_down import SelectedPeople
from whipstitch.analytics.reports import funnels
from whipstitch.analytics.reports.funnel_query import (
    LONGEST_WINDOW,
    MOST_BUCKETS,
    Funnel,
    FunnelQuery,
    FunnelSelector,
    Outcome,
    checked,
)
from whipstitch.analytics.reports.funnel_steps import (
    MOST_ALTERNATIVES,
    MOST_EXCLUSIONS,
    MOST_STEPS,
    Exclusion,
    FunnelMatching,
    Order,
    Step,
)
from whipstitch.analytics.reports.report import Report
from whipstitch.analytics.session import QuerySession
from whipstitch.core.errors import InvalidQuery
from whipstitch.web.api.asking import Asking
from whipstitch.web.api.bodies import BreakdownBody, EventName, Filters, GroupingBody, StrictBody
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

routes = Routes("/api/v1", "funnels", cancellable=True)

_StepNumber = Annotated[int, Meta(ge=1, description="1 is the first.")]
_Seconds = Annotated[float, Meta(ge=0, le=LONGEST_WINDOW + 1)]


class EventBody(StrictBody, kw_only=True):
    """Events of one name that pass all filters."""

    event_name: EventName
    filters: Filters = msgspec.field(default_factory=list)

    def parsed(self, field: str) -> Match:
        """Raises InvalidQuery."""
        return Match(
            checked_event_name(self.event_name, f"{field}.event_name"),
            filters.parse(self.filters, f"{field}.filters"),
        )


class FunnelStep(StrictBody, kw_only=True):
    """One step: an event, or any of several."""

    event_name: EventName | UnsetType = UNSET
    filters: Filters = msgspec.field(default_factory=list)
    any_of: Annotated[
        list[EventBody],
        Meta(
            max_length=MOST_ALTERNATIVES,
            description="Events that are the step as well; or all of them, without `event_name`.",
        ),
    ] = msgspec.field(default_factory=list)
    optional: Annotated[
        bool, Meta(description="Whether people who go on may leave it out; not the first step.")
    ] = False

    def parsed(self, field: str) -> Step:
        """Raises InvalidQuery."""
        several = [one.parsed(f"{field}.any_of[{at}]") for at, one in enumerate(self.any_of)]
        if self.event_name is UNSET and not several:
            raise InvalidQuery(f"{field}.event_name", "is missing")
        if self.event_name is UNSET or (self.event_name is None and several):
            if self.filters:
                raise InvalidQuery(
                    f"{field}.filters", "belong to event_name: give those of any_of their own"
                )
        else:
            own = EventBody(event_name=self.event_name, filters=self.filters)
            several.insert(0, own.parsed(field))
        return Step(tuple(dict.fromkeys(several)), self.optional)


class ExclusionBody(StrictBody, kw_only=True):
    """What ends an attempt that has taken `from_step` and not yet `to_step`."""

    event_name: EventName
    filters: Filters = msgspec.field(default_factory=list)
    from_step: Annotated[int, Meta(ge=1, description="1 is the first.")] = 1
    to_step: Annotated[int | None, Meta(description="By default the last.")] = None

    def parsed(self, field: str, steps: Sequence[Step]) -> Exclusion:
        """Raises InvalidQuery."""
        if len(steps) < 2:
            raise InvalidQuery(field, "needs two steps to lie between")
        match = EventBody(event_name=self.event_name, filters=self.filters).parsed(field)
        last = len(steps) if self.to_step is None else self.to_step
        return Exclusion(match, self.from_step - 1, last - 1)


class PeopleOfFunnel(PeopleOf, kw_only=True):
    """The people who took a step, or who took the one before it but not this."""

    step: _StepNumber
    outcome: Outcome = "converted"
    breakdown: Breakdown = UNSET
    is_value: IsValue = None
    breakdowns: Annotated[
        list[str | None] | None, Meta(description="With `breakdowns`: a group of each.")
    ] = None
    are_values: Annotated[
        list[bool] | None, Meta(description="As `is_value`, of each of `breakdowns`.")
    ] = None
    interval: Annotated[
        str | None,
        Meta(description="With `interval`: the start of the one that their attempt began in."),
    ] = None
    from_seconds: Annotated[
        _Seconds | None, Meta(description="They took at least so long from the first step.")
    ] = None
    to_seconds: Annotated[
        _Seconds | None, Meta(description="They took less than so long from the first step.")
    ] = None

    async def selector(
        self, session: QuerySession, query: FunnelQuery, zone: ZoneInfo
    ) -> FunnelSelector:
        selected = FunnelSelector(
            self._step(query),
            self.outcome,
            interval=self._interval(query, zone),
            after=self._after(),
        )
        if self.breakdowns is not None:
            if len(self.breakdowns) != len(query.groupings):
                raise InvalidQuery("people_of.breakdowns", "must have one of each of `breakdowns`")
            told = None if self.are_values is None else tuple(self.are_values)
            if told is not None and len(told) != len(self.breakdowns):
                raise InvalidQuery("people_of.are_values", "must have one of each of `breakdowns`")
            groups = tuple(self.breakdowns)
            return replace(selected, of_group=True, groups=groups, are_values=told)
        if self.breakdown is UNSET:
            return selected
        if query.breakdown is None:
            raise InvalidQuery("people_of.breakdown", "needs a breakdown in the request")
        return replace(selected, of_group=True, group=self.breakdown, is_value=self.is_value)

    def _step(self, query: FunnelQuery) -> int:
        steps = len(query.attempts.steps)
        if self.step > steps:
            raise InvalidQuery("people_of.step", f"must not be more than {steps}")
        if self.outcome == "dropped" and self.step == 1:
            raise InvalidQuery("people_of.step", "must be at least 2, for those who dropped out")
        return self.step

    def _interval(self, query: FunnelQuery, zone: ZoneInfo) -> int | None:
        if self.interval is None:
            return None
        if query.intervals is None:
            raise InvalidQuery("people_of.interval", "needs an interval in the request")
        return interval_start(self.interval, query.intervals, zone)

    def _after(self) -> tuple[int, int] | None:
        if self.from_seconds is None and self.to_seconds is None:
            return None
        if self.outcome == "dropped":
            raise InvalidQuery("people_of.outcome", "must be converted, with from_ or to_seconds")
        longest = LONGEST_WINDOW + 1
        to = longest if self.to_seconds is None else self.to_seconds
        return round((self.from_seconds or 0) * 1000), round(to * 1000)


class FunnelBody(ReportBody, kw_only=True):
    """Steps on a way, and how long people have for it."""

    report: ClassVar[Report[Any, Any]] = funnels.REPORT
    steps: Annotated[list[FunnelStep], Meta(min_length=1, max_length=MOST_STEPS)]
    window_seconds: Annotated[
        int,
        Meta(ge=1, le=LONGEST_WINDOW, description="From the first step to the last, inclusive."),
    ]
    order: Order = "ordered"
    exclusions: Annotated[
        list[ExclusionBody],
        Meta(max_length=MOST_EXCLUSIONS, description="What must not happen between steps."),
    ] = msgspec.field(default_factory=list)
    breakdown: BreakdownBody | None = None
    breakdowns: Annotated[
        list[GroupingBody], Meta(max_length=groupings.MOST, description="Instead of `breakdown`.")
    ] = msgspec.field(default_factory=list)
    interval: Annotated[
        Interval | None,
        Meta(description="Also the conversion of those who began in each interval."),
    ] = None
    histogram: Annotated[
        int,
        Meta(ge=0, le=MOST_BUCKETS, description="Also how long it took, in so many buckets."),
    ] = 0
    people_of: PeopleOfFunnel | None = None

    def parsed(self, zone: ZoneInfo, now: datetime) -> FunnelQuery:
        """Raises InvalidQuery."""
        range_ = self.range(zone, now)
        return checked(
            FunnelQuery(
                self._attempts(),
                range_,
                self.parsed_filters(),
                None if self.breakdown is None else self.breakdown.parsed(),
                self._groupings(),
                None if self.interval is None else intervals(range_, self.interval, zone),
                self.histogram,
                now,
            )
        )

    def _attempts(self) -> FunnelMatching:
        steps = tuple(one.parsed(f"steps[{index}]") for index, one in enumerate(self.steps))
        return FunnelMatching(
            steps,
            self.window_seconds * 1000,
            self.order,
            tuple(
                one.parsed(f"exclusions[{index}]", steps)
                for index, one in enumerate(self.exclusions)
            ),
        )

    def _groupings(self) -> tuple[groupings.Grouping, ...]:
        if self.breakdown is not None and self.breakdowns:
            raise InvalidQuery("breakdowns", "stand instead of breakdown: leave one out")
        each = [one.parsed(f"breakdowns[{index}]") for index, one in enumerate(self.breakdowns)]
        return groupings.checked(each, "breakdowns")


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
    "exclusion": {
        "summary": "By card or invoice, not after a refund, by the day on which people began",
        "value": {
            **_FUNNEL,
            "steps": [
                {"event_name": "checkout_started"},
                {"event_name": "coupon_added", "optional": True},
                {"any_of": [{"event_name": "card_charged"}, {"event_name": "invoice_sent"}]},
            ],
            "exclusions": [{"event_name": "refunded"}],
            "interval": "day",
            "histogram": 20,
        },
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
) -> Funnel | SelectedPeople:
    """A person counts once, with the attempt that gets furthest. `ordered`: other events may lie
    between the steps; `strict`: none of that person may; `unordered`: step n counts the people with
    n of the events, in any order. With `people_of`, the people behind one of the numbers."""
    answer: Funnel | SelectedPeople = await ask(asking, body)
    return answer
