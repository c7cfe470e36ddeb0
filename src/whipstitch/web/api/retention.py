"""``POST /api/v1/retention``."""

from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
from fastapi import APIRouter, Body, Response
from pydantic import Field

from whipstitch.analytics.expressions import filters
from whipstitch.analytics.expressions.event_matcher import Match, checked_event_name
from whipstitch.analytics.expressions.time_ranges import parse_moment, parse_range, parse_zone
from whipstitch.analytics.people import drill_down
from whipstitch.analytics.reports import retention
from whipstitch.analytics.reports.retention import (
    MOST_PERIODS,
    Calendar,
    Interval,
    Mode,
    RetentionQuery,
    RetentionSelector,
)
from whipstitch.core.errors import InvalidQuery
from whipstitch.web.api import bodies
from whipstitch.web.api.asking import CancellableRoute, answers
from whipstitch.web.api.bodies import NO_FILTERS, EventName, Filters, Moment, Zone, plain
from whipstitch.web.api.cohort_validation import COHORTS_EXIST
from whipstitch.web.api.reading import CurrentReading, CurrentZone

router = APIRouter(
    prefix="/api/v1", tags=["retention"], route_class=CancellableRoute, dependencies=[COHORTS_EXIST]
)


class PeopleOfRetention(bodies.PeopleOf):
    """The people of a cohort, or those of them who came back, or did not, in one interval."""

    cohort: Annotated[str, Field(description="A cohort's `start`.")]
    period: Annotated[
        int | None,
        Field(ge=0, description="0 is the starting interval; left out: everybody in the cohort."),
    ] = None
    returned: bool = True

    def counted(self, query: RetentionQuery, zone: ZoneInfo) -> RetentionSelector:
        """Raises InvalidQuery."""
        start = parse_moment(self.cohort, zone, "people_of.cohort")
        calendar = query.calendar
        starts = calendar.intervals.starts[: calendar.cohorts]
        if start not in starts:
            raise InvalidQuery("people_of.cohort", "must be the start of one of the `cohorts`")
        cohort = starts.index(start)
        if self.period is None and "returned" in self.model_fields_set:
            raise InvalidQuery("people_of.period", "is missing: in which interval?")
        if self.period is not None and self.period >= calendar.periods_of(cohort):
            raise InvalidQuery("people_of.period", "must be one that the cohort's `returned` has")
        return RetentionSelector(cohort, self.period, self.returned)


class RetentionBody(bodies.StrictBody):
    """What people start with, and what they come back for."""

    start_event: EventName
    return_event: EventName = None
    interval: Interval = "day"
    periods: Annotated[
        int, Field(ge=0, le=MOST_PERIODS, description="How many intervals after the starting one.")
    ]
    from_: Annotated[Moment, Field(alias="from")] = None
    to: Moment = None
    mode: Mode = "classic"
    filters: Filters = NO_FILTERS
    timezone: Zone = None
    people_of: PeopleOfRetention | None = None

    def parsed(self, zone: ZoneInfo, now: datetime) -> RetentionQuery:
        """Raises InvalidQuery."""
        range_ = parse_range(self.from_, self.to, zone, now)
        return RetentionQuery(
            Match(checked_event_name(self.start_event, "start_event")),
            Calendar.of(range_, self.interval, self.periods, zone, now),
            Match(checked_event_name(self.return_event, "return_event")),
            self.mode,
            filters.parse(plain(self.filters), "filters"),
        )


_RETENTION = {
    "start_event": "signed_up",
    "return_event": "report_opened",
    "interval": "week",
    "periods": 2,
    "from": "2026-05-04T00:00:00Z",
    "to": "2026-05-18T00:00:00Z",
    "mode": "first_time",
}
_EXAMPLES = {
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
_ANSWERS = {
    "weeks": {
        "value": {
            "ok": True,
            "cohorts": [
                {"start": "2026-05-04T00:00:00.000Z", "size": 40, "returned": [31, 20, 18]},
                {"start": "2026-05-11T00:00:00.000Z", "size": 52, "returned": [40, 25, 21]},
            ],
        }
    },
    "people": {"value": {"ok": True, "people": ["user_123"], "next_cursor": None}},
}


@router.post(
    "/retention",
    summary="How many people come back",
    response_class=Response,
    responses=answers(_ANSWERS),
)
async def ask_retention(
    reading: CurrentReading,
    project_zone: CurrentZone,
    body: Annotated[RetentionBody, Body(openapi_examples=_EXAMPLES)],
) -> Response:
    """A cohort for each interval from `from` to `to`: everybody who did the start event in it, or,
    `first_time`, for the first time ever. `returned[n]` are those of them who did the return event
    in the n-th interval after it; intervals that have not begun are not there. With `people_of`,
    the people behind one of the numbers."""
    zone = parse_zone(body.timezone, project_zone)
    query = body.parsed(zone, datetime.now(UTC))
    answer: retention.Retention | drill_down.SelectedPeople
    if body.people_of is None:
        answer = retention.shape(query, await reading.run(retention.build(query, reading.persons)))
    else:
        page = body.people_of.page()
        sql = retention.people(query, body.people_of.counted(query, zone), page, reading.persons)
        answer = drill_down.shape(page, await reading.run(sql))
    return Response(msgspec.json.encode(answer), media_type="application/json")
