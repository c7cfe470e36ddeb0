"""``GET /api/v1/sessions``."""

from datetime import UTC, datetime
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from whipstitch.analytics.expressions import filters
from whipstitch.analytics.expressions.time_ranges import parse_range
from whipstitch.analytics.people.person_lookup import person_of
from whipstitch.analytics.sessions import listing
from whipstitch.analytics.sessions.listing import SessionPosition, SessionsList, SessionsPage
from whipstitch.analytics.sessions.session_filters import split
from whipstitch.analytics.sessions.sessions import Sessions
from whipstitch.web.api.asking import Asking
from whipstitch.web.api.endpoints import InEnvironment, Routes
from whipstitch.web.api.parameters import Cursor, From, OfPerson, To, json_of, position
from whipstitch.web.api.reports import REFUSALS, patterns_named

routes = Routes("/api/v1", "web", cancellable=True)

_LONGEST: Final = 100_000
_EXAMPLE: Final = {
    "ok": True,
    "sessions": [
        {
            "distinct_id": "user_123",
            "session_id": "sess_abc123",
            "start": "2026-05-09T14:32:01.482Z",
            "end": "2026-05-09T14:35:11.020Z",
            "seconds": 189.538,
            "events": 7,
            "views": 3,
            "pages": ["/", "/pricing"],
            "entry_page": "/",
            "exit_page": "/pricing",
            "bounced": False,
            "referrer": "news.ycombinator.com",
            "channel": "Organic Social",
            "utm_source": None,
            "utm_medium": None,
            "utm_campaign": None,
            "country": "FR",
            "device": "Desktop",
            "browser": "Firefox",
            "os": "linux",
        }
    ],
    "next_cursor": None,
}


class ListedSessions(InEnvironment, kw_only=True):
    """Which sessions are listed."""

    distinct_id: OfPerson = None
    filters: Annotated[
        str,
        Meta(
            max_length=_LONGEST,
            description="A list of filters as JSON text, as `POST /api/v1/web` has them.",
            examples=[
                '[{"property": "channel", "operator": "is", "value": "Email", "on": "session"}]'
            ],
        ),
    ] = ""
    from_: From = msgspec.field(name="from", default=None)
    to: To = None
    limit: Annotated[int, Meta(ge=1, le=listing.MOST)] = 100
    cursor: Cursor = None


@routes.add(
    "GET",
    "/sessions",
    "Sessions, newest first",
    shown={"page": _EXAMPLE},
    refusals=REFUSALS,
)
async def list_sessions(asking: Asking, sent: ListedSessions) -> SessionsPage:
    """The sessions that begin in the range, also those without a view. A session's events are those
    of `GET /api/v1/events` with its `distinct_id` and `session_id`; where that is blank, with
    `session_id=` and the time from `start` to `end`."""
    reading = await asking.session()
    wanted = json_of(sent.filters, "filters") or []
    of_events, of_sessions = split(filters.parse(wanted, "filters", of_sessions=True))
    query = SessionsList(
        Sessions(
            parse_range(sent.from_, sent.to, asking.zone, datetime.now(UTC)),
            of_events,
            of_sessions,
            person=None if sent.distinct_id is None else await person_of(reading, sent.distinct_id),
        ),
        sent.limit,
        position(sent.cursor, SessionPosition),
    )
    query = reading.virtuals.resolved(query)
    await asking.must_exist(filters.cohorts_of(query))
    with patterns_named(query):
        return await listing.answer(reading, query)
