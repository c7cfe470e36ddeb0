"""``POST /api/v1/retention``."""

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
from whipstitch.analytics.reports.retention import (
    MOST_PERIODS,
    Calendar,
    Interval,
    Mode,
    RetentionQuery,
    RetentionSelector,
)
from whipstitch.analytics.session import QuerySession
from whipstitch.core.errors import InvalidQuery
from whipstitch.web.api.asking import Asking
from whipstitch.web.api.bodies import EventName
from whipstitch.web.api.endpoints import InEnvironment, Routes
from whipstitch.web.api.reports import REFUSALS, PeopleOf, ReportBody, ask

routes = Routes("/api/v1", "retention", cancellable=True)


class PeopleOfRetention(PeopleOf, kw_only=True):
    """The people of a cohort, or those of them who came back, or did not, in one interval."""

    cohort: Annotated[str, Meta(description="A cohort's `start`.")]
    period: (
        Annotated[
            int,
            Meta(
                ge=0, description="0 is the starting interval; left out: everybody in the cohort."
            ),
        ]
        | None
    ) = None
    returned: bool | msgspec.UnsetType = msgspec.UNSET

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
            raise InvalidQuery("people_of.period", "is missing: in which interval?")
        if self.period is not None and self.period >= calendar.periods_of(cohort):
            raise InvalidQuery("people_of.period", "must be one that the cohort's `returned` has")
        return RetentionSelector(cohort, self.period, self.returned is not False)


class RetentionBody(ReportBody, kw_only=True):
    """What people start with, and what they come back for."""

    report: ClassVar[Report[Any, Any]] = retention.REPORT
    start_event: EventName
    return_event: EventName = None
    interval: Interval = "day"
    periods: Annotated[
        int, Meta(ge=0, le=MOST_PERIODS, description="How many intervals after the starting one.")
    ]
    mode: Mode = "classic"
    people_of: PeopleOfRetention | None = None

    def parsed(self, zone: ZoneInfo, now: datetime) -> RetentionQuery:
        """Raises InvalidQuery."""
        return RetentionQuery(
            Match(checked_event_name(self.start_event, "start_event")),
            Calendar.of(self.range(zone, now), self.interval, self.periods, zone, now),
            Match(checked_event_name(self.return_event, "return_event")),
            self.mode,
            self.parsed_filters(),
        )


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
            {"start": "2026-05-04T00:00:00.000Z", "size": 40, "returned": [31, 20, 18]},
            {"start": "2026-05-11T00:00:00.000Z", "size": 52, "returned": [40, 25, 21]},
        ],
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
) -> retention.Retention | SelectedPeople:
    """A cohort for each interval from `from` to `to`: everybody who did the start event in it, or,
    `first_time`, for the first time ever. `returned[n]` are those of them who did the return event
    in the n-th interval after it; intervals that have not begun are not there. With `people_of`,
    the people behind one of the numbers."""
    answer: retention.Retention | SelectedPeople = await ask(asking, body)
    return answer
