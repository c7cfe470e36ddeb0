"""``POST /api/v1/stickiness`` and ``POST /api/v1/lifecycle``: how steadily people come."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, ClassVar, Final
from zoneinfo import ZoneInfo

from msgspec import Meta

from whipstitch.analytics.expressions.event_matcher import Match, checked_event_name
from whipstitch.analytics.expressions.intervals import Interval, Intervals, intervals
from whipstitch.analytics.expressions.time_ranges import TimeRange, parse_moment
from whipstitch.analytics.people.drill_down import SelectedPeople
from whipstitch.analytics.reports import lifecycle, stickiness
from whipstitch.analytics.reports.lifecycle import (
    Lifecycle,
    LifecycleQuery,
    LifecycleSelector,
    State,
)
from whipstitch.analytics.reports.report import Report
from whipstitch.analytics.reports.stickiness import (
    Stickiness,
    StickinessQuery,
    StickinessSelector,
)
from whipstitch.analytics.session import QuerySession
from whipstitch.core.errors import InvalidQuery
from whipstitch.web.api.asking import Asking
from whipstitch.web.api.bodies import EventName
from whipstitch.web.api.endpoints import InEnvironment, Routes
from whipstitch.web.api.reports import REFUSALS, PeopleOf, ReportBody, ask

routes = Routes("/api/v1", "activity", cancellable=True)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class PeopleOfStickiness(PeopleOf, kw_only=True):
    """The people who came in so many intervals."""

    days: Annotated[int, Meta(ge=1)]

    async def selector(
        self, session: QuerySession, query: StickinessQuery, zone: ZoneInfo
    ) -> StickinessSelector:
        return StickinessSelector(self.days)


class StickinessBody(ReportBody, kw_only=True):
    """In how many intervals people do something."""

    report: ClassVar[Report[Any, Any]] = stickiness.REPORT
    event_name: EventName
    interval: Interval = "day"
    people_of: PeopleOfStickiness | None = None

    def parsed(self, zone: ZoneInfo, now: datetime) -> StickinessQuery:
        """Raises InvalidQuery."""
        range_ = self.range(zone, now)
        return StickinessQuery(
            Match(checked_event_name(self.event_name, "event_name")),
            range_,
            intervals(range_, self.interval, zone),
            self.parsed_filters(),
        )


class PeopleOfLifecycle(PeopleOf, kw_only=True):
    """The people of one state in one interval."""

    interval: Annotated[str, Meta(description="One of the answer's `intervals`")]
    state: State

    async def selector(
        self, session: QuerySession, query: LifecycleQuery, zone: ZoneInfo
    ) -> LifecycleSelector:
        start = parse_moment(self.interval, zone, "people_of.interval")
        if start not in query.intervals.starts[1:]:
            raise InvalidQuery("people_of.interval", "must be one of the answer's `intervals`")
        return LifecycleSelector(start, self.state)


class LifecycleBody(ReportBody, kw_only=True):
    """Who is new, comes back and stays away, by interval."""

    report: ClassVar[Report[Any, Any]] = lifecycle.REPORT
    event_name: EventName
    interval: Interval = "day"
    people_of: PeopleOfLifecycle | None = None

    def parsed(self, zone: ZoneInfo, now: datetime) -> LifecycleQuery:
        """Raises InvalidQuery."""
        range_ = self.range(zone, now)
        cut = intervals(range_, self.interval, zone)
        first = _EPOCH + timedelta(milliseconds=cut.starts[0])
        before = TimeRange(first - timedelta(milliseconds=1), range_.end)
        return LifecycleQuery(
            Match(checked_event_name(self.event_name, "event_name")),
            Intervals(intervals(before, self.interval, zone).starts, cut.end),
            (range_.end - _EPOCH) // timedelta(milliseconds=1),
            self.parsed_filters(),
            tuple(cut.incomplete(TimeRange(first, range_.end), now)),
        )


_ASKED: Final = {
    "event_name": "page_view",
    "from": "2026-05-01T00:00:00Z",
    "to": "2026-05-04T00:00:00Z",
    "interval": "day",
}


@routes.add(
    "POST",
    "/stickiness",
    "In how many intervals people came",
    examples={"days": {"summary": "On how many days people look", "value": _ASKED}},
    shown={"days": {"ok": True, "days": [{"days": 1, "people": 40}, {"days": 2, "people": 9}]}},
    refusals=REFUSALS,
)
async def ask_stickiness(
    asking: Asking, sent: InEnvironment, body: StickinessBody
) -> Stickiness | SelectedPeople:
    """From one interval to all of the range: how many people did it in so many, no more and no
    less. With `people_of`, who they are."""
    answer: Stickiness | SelectedPeople = await ask(asking, body)
    return answer


@routes.add(
    "POST",
    "/lifecycle",
    "Who is new, returns, comes back and stays away",
    examples={"days": {"summary": "Visitors by day", "value": _ASKED}},
    shown={
        "days": {
            "ok": True,
            "intervals": ["2026-05-01T00:00:00.000Z"],
            "new": [12],
            "returning": [30],
            "resurrecting": [4],
            "dormant": [-9],
            "incomplete": [False],
        }
    },
    refusals=REFUSALS,
)
async def ask_lifecycle(
    asking: Asking, sent: InEnvironment, body: LifecycleBody
) -> Lifecycle | SelectedPeople:
    """`new`: for the first time ever; `returning`: in the interval before, too; `resurrecting`:
    before that, but not in it; `dormant`, negative: in the interval before and not in this one.
    With `people_of`, who they are."""
    answer: Lifecycle | SelectedPeople = await ask(asking, body)
    return answer
