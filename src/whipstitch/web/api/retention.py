"""``POST /api/v1/retention``."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, ClassVar, Final
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from whipstitch.analytics.expressions.event_matcher import Match, checked_event_name
from whipstitch.analytics.expressions.time_ranges import parse_moment
from whipstitch.analytics.people.drill_down import SelectedPeople
from whipstitch.analytics.reports import retention
from whipstitch.analytics.reports.report import Report
from whipstitch.analytics.reports.retention_calendar import (
    MOST_PERIODS,
    Calendar,
    Interval,
    checked_brackets,
    single,
)
from whipstitch.analytics.reports.retention_query import (
    Measure,
    Mode,
    Retention,
    RetentionQuery,
    RetentionSelector,
)
from whipstitch.analytics.session import QuerySession
from whipstitch.core.errors import InvalidQuery
from whipstitch.web.api.asking import Asking
from whipstitch.web.api.bodies import BreakdownBody, EventName
from whipstitch.web.api.endpoints import InEnvironment, Routes
from whipstitch.web.api.reports import REFUSALS, Breakdown, IsValue, PeopleOf, ReportBody, ask

routes = Routes("/api/v1", "retention", cancellable=True)


class PeopleOfRetention(PeopleOf, kw_only=True):
    """The people of a cohort, or those of them who came back, or did not, in one period."""

    cohort: Annotated[str, Meta(description="A cohort's `start`.")]
    period: (
        Annotated[
            int,
            Meta(
                ge=0,
                description="An index of `returned`; left out: everybody in the cohort.",
            ),
        ]
        | None
    ) = None
    returned: bool | msgspec.UnsetType = msgspec.UNSET
    breakdown: Breakdown = msgspec.UNSET
    is_value: IsValue = None

    async def selector(
        self, session: QuerySession, query: RetentionQuery, zone: ZoneInfo
    ) -> RetentionSelector:
        start = parse_moment(self.cohort, zone, "people_of.cohort")
        calendar = query.calendar
        starts = calendar.intervals.starts[: calendar.cohorts]
        if start not in starts:
            raise InvalidQuery("people_of.cohort", "must be the start of one of the `cohorts`")
        cohort = starts.index(start)
        if self.period is None and self.returned is not msgspec.UNSET:
            raise InvalidQuery("people_of.period", "is missing: in which one?")
        if self.period is not None and self.period >= calendar.begun[cohort]:
            raise InvalidQuery("people_of.period", "must be one that the cohort's `returned` has")
        selected = RetentionSelector(cohort, self.period, self.returned is not False)
        if self.breakdown is msgspec.UNSET:
            return selected
        if query.breakdown is None:
            raise InvalidQuery("people_of.breakdown", "needs a breakdown in the request")
        return replace(selected, of_group=True, group=self.breakdown, is_value=self.is_value)


class RetentionBody(ReportBody, kw_only=True):
    """What people start with, and what they come back for."""

    report: ClassVar[Report[Any, Any]] = retention.REPORT
    start_event: EventName
    return_event: EventName = None
    interval: Interval = "day"
    periods: (
        Annotated[
            int,
            Meta(ge=0, le=MOST_PERIODS, description="How many intervals after the starting one."),
        ]
        | None
    ) = None
    brackets: (
        Annotated[
            list[int],
            Meta(
                max_length=MOST_PERIODS,
                description="Instead of `periods`: where each period ends, in intervals; of "
                "[1, 3, 7] the periods are the starting interval, the next two, and four more.",
                examples=[[1, 3, 7, 14]],
            ),
        ]
        | None
    ) = None
    rolling: Annotated[
        bool,
        Meta(
            description="Periods of 24 hours (weeks: 7 days, months: 30 days) from each person's "
            "start on, not by the calendar."
        ),
    ] = False
    mode: Mode = "classic"
    measure: Annotated[
        Measure | None,
        Meta(
            description="What `values` say of each period: the people who came back, their share "
            "of all in the cohort, or how many times they came back."
        ),
    ] = None
    breakdown: BreakdownBody | None = None
    people_of: PeopleOfRetention | None = None

    def parsed(self, zone: ZoneInfo, now: datetime) -> RetentionQuery:
        """Raises InvalidQuery."""
        breakdown = None if self.breakdown is None else self.breakdown.parsed()
        return RetentionQuery(
            Match(checked_event_name(self.start_event, "start_event")),
            Calendar.of(
                self.range(zone, now),
                self.interval,
                self._ends(),
                zone,
                now,
                rolling=self.rolling,
                # Everybody, the values, the rest, and what has no value.
                lines=1 if breakdown is None else breakdown.limit + 3,
            ),
            Match(checked_event_name(self.return_event, "return_event")),
            self.mode,
            self.parsed_filters(),
            breakdown,
            self.measure,
        )

    def _ends(self) -> Sequence[int]:
        if self.brackets is not None:
            if self.periods is not None:
                raise InvalidQuery("brackets", "stand instead of periods: leave one out")
            return checked_brackets(self.brackets)
        if self.periods is None:
            raise InvalidQuery("periods", "is missing: how many intervals after the starting one?")
        return single(self.periods)


_RETENTION: Final = {
    "start_event": "signed_up",
    "return_event": "report_opened",
    "interval": "week",
    "periods": 2,
    "from": "2026-05-04T00:00:00Z",
    "to": "2026-05-18T00:00:00Z",
    "mode": "first_time",
}
_EXAMPLES: Final = {
    "weeks": {"summary": "Who opens reports after signing up", "value": _RETENTION},
    "any event": {
        "summary": "Who comes back at all, by day, in France",
        "value": {
            "start_event": None,
            "interval": "day",
            "periods": 7,
            "timezone": "Europe/Paris",
            "filters": [{"property": "$country", "operator": "is", "value": "FR"}],
        },
    },
    "brackets": {
        "summary": "How often each plan's people come back, by the clock from their start",
        "value": {
            "start_event": "signed_up",
            "interval": "day",
            "brackets": [1, 3, 7, 14],
            "rolling": True,
            "mode": "first_time",
            "measure": "returns",
            "breakdown": {"property": "plan", "limit": 3},
        },
    },
    "people": {
        "summary": "Who did not come back in the second week",
        "value": {
            **_RETENTION,
            "people_of": {"cohort": "2026-05-04T00:00:00Z", "period": 1, "returned": False},
        },
    },
}
_ANSWERS: Final = {
    "weeks": {
        "ok": True,
        "cohorts": [
            {"start": "2026-05-04T00:00:00.000Z", "size": 40, "returned": [31, 20, 12]},
            {"start": "2026-05-11T00:00:00.000Z", "size": 52, "returned": [40, 25]},
        ],
        "incomplete": [[False, False, True], [False, True, None]],
    },
    "people": {"ok": True, "people": ["user_123"], "next_cursor": None},
}


@routes.add(
    "POST",
    "/retention",
    "How many people come back",
    examples=_EXAMPLES,
    shown=_ANSWERS,
    refusals=REFUSALS,
)
async def ask_retention(
    asking: Asking, sent: InEnvironment, body: RetentionBody
) -> Retention | SelectedPeople:
    """A cohort for each interval from `from` to `to`: everybody who did the start event in it, or,
    `first_time`, for the first time ever. `returned[n]` are those of them who did the return event
    in the n-th period: the n-th interval after it, or with `brackets` several; those that have not
    begun are not there. `incomplete` tells for each cohort and period whether it still goes on;
    null: it has not begun. With `people_of`, the people behind one of the numbers."""
    answer: Retention | SelectedPeople = await ask(asking, body)
    return answer
