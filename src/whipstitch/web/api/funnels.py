"""``POST /api/v1/funnels``."""

from datetime import datetime
from typing import Annotated, Any, ClassVar
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from whipstitch.analytics.expressions import groupings
from whipstitch.analytics.expressions.intervals import Interval, intervals
from whipstitch.analytics.people.drill_down import SelectedPeople
from whipstitch.analytics.reports import funnels
from whipstitch.analytics.reports.funnel_correlation import MOST
from whipstitch.analytics.reports.funnel_query import MOST_BUCKETS, Funnel, FunnelQuery, checked
from whipstitch.analytics.reports.funnel_steps import Order
from whipstitch.analytics.reports.report import Report
from whipstitch.core.errors import InvalidQuery
from whipstitch.web.api.asking import Asking
from whipstitch.web.api.bodies import BreakdownBody, GroupingBody
from whipstitch.web.api.endpoints import InEnvironment, Routes
from whipstitch.web.api.funnel_examples import ANSWERS, EXAMPLES
from whipstitch.web.api.funnel_people import PeopleOfFunnel
from whipstitch.web.api.funnel_steps import Exclusions, Steps, Window, matching
from whipstitch.web.api.reports import REFUSALS, ReportBody, ask

routes = Routes("/api/v1", "funnels", cancellable=True)


class FunnelBody(ReportBody, kw_only=True):
    """Steps on a way, and how long people have for it."""

    report: ClassVar[Report[Any, Any]] = funnels.REPORT
    steps: Steps
    window_seconds: Window
    order: Order = "ordered"
    exclusions: Exclusions = msgspec.field(default_factory=list)
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
    correlations: Annotated[
        int,
        Meta(
            ge=0,
            le=MOST,
            description="Also what goes together with converting: so many events, values of "
            "properties of the first step's event, and of the people, each with its numbers.",
        ),
    ] = 0
    people_of: PeopleOfFunnel | None = None

    def parsed(self, zone: ZoneInfo, now: datetime) -> FunnelQuery:
        """Raises InvalidQuery."""
        range_ = self.range(zone, now)
        return checked(
            FunnelQuery(
                matching(self.steps, self.window_seconds, self.order, self.exclusions),
                range_,
                self.parsed_filters(),
                None if self.breakdown is None else self.breakdown.parsed(),
                self._groupings(),
                None if self.interval is None else intervals(range_, self.interval, zone),
                self.histogram,
                now,
                self.correlations,
            )
        )

    def _groupings(self) -> tuple[groupings.Grouping, ...]:
        if self.breakdown is not None and self.breakdowns:
            raise InvalidQuery("breakdowns", "stand instead of breakdown: leave one out")
        each = [one.parsed(f"breakdowns[{index}]") for index, one in enumerate(self.breakdowns)]
        return groupings.checked(each, "breakdowns")


@routes.add(
    "POST",
    "/funnels",
    "How many people take each step of a way",
    examples=EXAMPLES,
    shown=ANSWERS,
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
