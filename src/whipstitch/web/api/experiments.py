"""``POST /api/v1/experiments``."""

from collections import Counter
from datetime import datetime
from typing import Annotated, Any, ClassVar
from zoneinfo import ZoneInfo

from msgspec import Meta

from whipstitch.analytics.expressions import breakdowns
from whipstitch.analytics.expressions.filters import On
from whipstitch.analytics.expressions.intervals import Interval, intervals
from whipstitch.analytics.people.drill_down import SelectedPeople
from whipstitch.analytics.reports import experiments
from whipstitch.analytics.reports.experiment_query import (
    DEFAULT_EFFECT,
    LONGEST_VALUE,
    MOST_VARIANTS,
    Experiment,
    ExperimentQuery,
    ExperimentSelector,
    Outcome,
)
from whipstitch.analytics.reports.funnel_query import LONGEST_WINDOW
from whipstitch.analytics.reports.report import Report
from whipstitch.analytics.session import QuerySession
from whipstitch.core.errors import InvalidQuery
from whipstitch.web.api.asking import Asking
from whipstitch.web.api.bodies import StrictBody
from whipstitch.web.api.endpoints import InEnvironment, Routes
from whipstitch.web.api.experiment_examples import ANSWERS, EXAMPLES
from whipstitch.web.api.experiment_goals import GoalBody
from whipstitch.web.api.funnel_steps import EventBody
from whipstitch.web.api.reports import REFUSALS, PeopleOf, ReportBody, ask, interval_start

routes = Routes("/api/v1", "experiments", cancellable=True)

_Seconds = Annotated[int, Meta(ge=1, le=LONGEST_WINDOW)]
VariantName = Annotated[str, Meta(min_length=1, max_length=LONGEST_VALUE)]


class PeopleOfExperiment(PeopleOf, kw_only=True):
    """The people of a variant: all of them, those who have something of the goal, or those who have
    not; or the people who were shown several."""

    outcome: Outcome = "exposed"
    variant: Annotated[str | None, Meta(description="One of the question's.")] = None
    interval: Annotated[
        str | None, Meta(description="One of the answer's `intervals`: exposed in it.")
    ] = None

    async def selector(
        self, session: QuerySession, query: ExperimentQuery, zone: ZoneInfo
    ) -> ExperimentSelector:
        index = None
        if self.outcome == "several":
            if self.variant is not None:
                raise InvalidQuery("people_of.variant", "is left out: they were shown several")
        elif self.variant not in query.variants:
            raise InvalidQuery("people_of.variant", "must be the control or one of variants")
        else:
            index = query.variants.index(self.variant)
        start = None
        if self.interval is not None:
            start = interval_start(self.interval, query.intervals, zone)
        return ExperimentSelector(self.outcome, index, start)


class ShownBody(StrictBody, kw_only=True):
    """The property whose value is the variant: of the exposing event, or a trait."""

    property: Annotated[str, Meta(examples=["$feature/checkout"])]
    on: On = "event"


class ExperimentBody(ReportBody, kw_only=True):
    """Who is shown a variant, and what they do afterwards."""

    report: ClassVar[Report[Any, Any]] = experiments.REPORT
    exposure: Annotated[EventBody, Meta(description="The event that shows the variant.")]
    variant: ShownBody
    control: VariantName
    variants: Annotated[
        list[VariantName],
        Meta(min_length=1, max_length=MOST_VARIANTS - 1, description="Compared with the control."),
    ]
    goal: GoalBody
    within_seconds: Annotated[
        _Seconds | None, Meta(description="Only so long after the exposure; else all.")
    ] = None
    shares: Annotated[
        list[Annotated[float, Meta(gt=0, le=1e6)]] | None,
        Meta(description="How people were meant to be dealt out, the control first; else evenly."),
    ] = None
    least_effect: Annotated[
        float,
        Meta(ge=0.001, le=10, description="The least uplift that matters, as a part: 0.1 is 10 %."),
    ] = DEFAULT_EFFECT
    interval: Interval = "day"
    people_of: PeopleOfExperiment | None = None

    def parsed(self, zone: ZoneInfo, now: datetime) -> ExperimentQuery:
        """Raises InvalidQuery."""
        range_ = self.range(zone, now)
        names = (self.control, *self.variants)
        if max(Counter(names).values()) > 1:
            raise InvalidQuery("variants", "must each be another value, and none the control")
        if self.shares is not None and len(self.shares) != len(names):
            raise InvalidQuery("shares", f"must be {len(names)}: of the control and each variant")
        return ExperimentQuery(
            self.exposure.parsed("exposure"),
            breakdowns.parse(self.variant.property, None, self.variant.on, "variant"),
            names,
            self.goal.parsed("goal"),
            range_,
            intervals(range_, self.interval, zone),
            self.parsed_filters(),
            None if self.within_seconds is None else self.within_seconds * 1000,
            tuple(self.shares or ()),
            self.least_effect,
            now,
        )


@routes.add(
    "POST",
    "/experiments",
    "How people who were shown variants compare",
    examples=EXAMPLES,
    shown=ANSWERS,
    refusals=REFUSALS,
)
async def ask_experiments(
    asking: Asking, sent: InEnvironment, body: ExperimentBody
) -> Experiment | SelectedPeople:
    """A person belongs to the variant that they were shown, from the first exposure on; who was
    shown several is left out, and counted. With `people_of`, the people behind one of the
    numbers."""
    answer: Experiment | SelectedPeople = await ask(asking, body)
    return answer
