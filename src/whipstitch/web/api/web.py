"""``POST /api/v1/web``."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Final
from zoneinfo import ZoneInfo

from msgspec import UNSET, Meta, UnsetType, field

from whipstitch.analytics.expressions import filters
from whipstitch.analytics.expressions.intervals import Interval, intervals
from whipstitch.analytics.expressions.time_ranges import parse_moment
from whipstitch.analytics.people.drill_down import SelectedPeople
from whipstitch.analytics.reports import web, web_query
from whipstitch.analytics.reports.report import Report
from whipstitch.analytics.reports.web_answer import Web
from whipstitch.analytics.reports.web_query import Dimension, WebQuery, WebSelector
from whipstitch.analytics.session import QuerySession
from whipstitch.analytics.sessions.session_filters import split
from whipstitch.analytics.sessions.sessions import Sessions
from whipstitch.core.errors import InvalidQuery
from whipstitch.web.api.asking import Asking
from whipstitch.web.api.endpoints import InEnvironment, Routes
from whipstitch.web.api.reports import REFUSALS, PeopleOf, ReportBody, ask

routes = Routes("/api/v1", "web", cancellable=True)


class PeopleOfWeb(PeopleOf, kw_only=True):
    """The visitors behind one number; what is left out is all of them."""

    breakdown: Annotated[
        Dimension | None, Meta(description="Whose value; by default the question's own")
    ] = None
    value: Annotated[str | UnsetType | None, Meta(description="Of a row; null: what has none")] = (
        UNSET
    )
    bounced: Annotated[bool | None, Meta(description="Of sessions that did, or did not")] = None
    interval: Annotated[str | None, Meta(description="One of the answer's `intervals`")] = None

    async def selector(self, session: QuerySession, query: WebQuery, zone: ZoneInfo) -> WebSelector:
        breakdown = self.breakdown or query.alone
        if self.value is not UNSET and breakdown is None:
            raise InvalidQuery("people_of.breakdown", "must say what the value is of")
        if self.value is UNSET and self.breakdown is not None:
            raise InvalidQuery("people_of.value", "must be one of the breakdown's, or null")
        start = None
        if self.interval is not None:
            if query.intervals is None:
                raise InvalidQuery("people_of.interval", "needs the question to have an `interval`")
            start = parse_moment(self.interval, zone, "people_of.interval")
            if start not in query.intervals.starts:
                raise InvalidQuery("people_of.interval", "must be one of the answer's `intervals`")
        if isinstance(self.value, UnsetType):
            return WebSelector(None, None, self.bounced, start)
        return WebSelector(breakdown, self.value, self.bounced, start)


class WebBody(ReportBody, kw_only=True):
    """Which sessions, and by what their numbers are told apart: by `breakdown`, or by several
    `breakdowns`, each by itself, and over time with an `interval`."""

    report: ClassVar[Report[Any, Any]] = web.REPORT
    breakdown: Dimension | None = None
    breakdowns: Annotated[
        list[Dimension], Meta(description="Instead: several, each with rows of its own")
    ] = field(default_factory=list)
    limit: Annotated[int, Meta(ge=1, le=web_query.MOST, description="Values of each breakdown")] = (
        web_query.DEFAULT_LIMIT
    )
    interval: Annotated[Interval | None, Meta(description="Adds `over_time`")] = None
    people_of: PeopleOfWeb | None = None

    def parsed(self, zone: ZoneInfo, now: datetime) -> WebQuery:
        """Raises InvalidQuery."""
        range_ = self.range(zone, now)
        of_events, of_sessions = split(filters.parse(self.filters, "filters", of_sessions=True))
        cut = None if self.interval is None else intervals(range_, self.interval, zone)
        alone = [] if self.breakdown is None else [self.breakdown]
        return WebQuery(
            Sessions(range_, of_events, of_sessions, viewed=True),
            tuple(dict.fromkeys([*alone, *self.breakdowns])),
            self.limit,
            self.breakdown,
            cut,
            () if cut is None else tuple(cut.incomplete(range_, now)),
        )


_QUESTION: Final = {
    "from": "2026-05-01T00:00:00Z",
    "to": "2026-05-31T00:00:00Z",
    "breakdown": "entry_page",
    "limit": 2,
}
_EXAMPLES: Final = {
    "pages": {"summary": "On which pages visits begin", "value": _QUESTION},
    "filtered": {
        "summary": "Where the visitors of the pricing page came from",
        "value": {
            **_QUESTION,
            "breakdown": "channel",
            "filters": [
                {"property": "page", "operator": "is", "value": "/pricing", "on": "session"}
            ],
        },
    },
    "people": {
        "summary": "Who began on the front page and left from there",
        "value": {**_QUESTION, "people_of": {"value": "/", "bounced": True}},
    },
}
_NUMBERS: Final = {
    "visitors": 120,
    "sessions": 160,
    "views": 530,
    "bounce_rate": 0.4125,
    "median_seconds": 48.5,
}
_ANSWERS: Final = {
    "pages": {"ok": True, **_NUMBERS, "rows": [{"value": "/", **_NUMBERS}]},
    "people": {"ok": True, "people": ["user_123"], "next_cursor": None},
}


@routes.add(
    "POST",
    "/web",
    "Visitors, sessions and views",
    examples=_EXAMPLES,
    shown=_ANSWERS,
    refusals=REFUSALS,
)
async def ask_web(asking: Asking, sent: InEnvironment, body: WebBody) -> Web | SelectedPeople:
    """The sessions with a view that begin in the range: by how many people, with how many views,
    which share of them bounced, how long they took. Filters on events choose sessions that have an
    event which passes them all; `views` are those that pass. Filters with `"on": "session"` name
    what a session has: the properties of `breakdown`, and `views`, `events`, `seconds`, `bounced`.
    With `people_of`, the people behind one number."""
    answer: Web | SelectedPeople = await ask(asking, body)
    return answer
