"""``GET /api/v1/events``."""

from datetime import datetime
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from whipstitch.analytics.events import events
from whipstitch.analytics.expressions import filters
from whipstitch.analytics.people.person_lookup import person_of
from whipstitch.core.errors import InvalidQuery
from whipstitch.web.api.asking import Asking
from whipstitch.web.api.endpoints import InEnvironment, Routes
from whipstitch.web.api.parameters import Cursor, OfPerson, json_of, position
from whipstitch.web.api.reports import patterns_named

routes = Routes("/api/v1", "events")

_MOST: Final = 1000
_LONGEST: Final = 100_000
EVENT: Final = {
    "id": "evt_V1StGXR8_Z5jdHi6B-myT",
    "event_name": "checkout_started",
    "distinct_id": "user_123",
    "anon_id": "",
    "session_id": "sess_abc123",
    "timestamp": "2026-05-09T14:32:01.482Z",
    "received_at": "2026-05-09T14:32:01.520Z",
    "environment": "live",
    "properties": {"cart_value": 49.99, "item_count": 3, "currency": "USD"},
    "default_properties": {"$app_version": "2.4.1"},
    "os": "ios",
    "browser": "",
    "device_model": "iPhone 15",
    "bot": False,
    "city": "Paris",
    "region": "Île-de-France",
    "country": "FR",
    "timezone": "Europe/Paris",
    "lib_version": "ios@2.1.0",
}


class Events(InEnvironment, kw_only=True):
    """Which events are listed."""

    event_name: str | None = None
    distinct_id: OfPerson = None
    session_id: str | None = None
    from_: Annotated[str | None, Meta(description="RFC 3339, inclusive")] = msgspec.field(
        name="from", default=None
    )
    to: Annotated[str | None, Meta(description="RFC 3339, exclusive")] = None
    filters: Annotated[
        str,
        Meta(
            max_length=_LONGEST,
            description="A list of filters as JSON text, all of which an event meets.",
            examples=['[{"property": "plan", "operator": "is", "value": ["pro", "team"]}]'],
        ),
    ] = ""
    limit: Annotated[int, Meta(ge=1, le=_MOST)] = 100
    cursor: Cursor = None


@routes.add(
    "GET",
    "/events",
    "Events, newest first",
    shown={"page": {"ok": True, "events": [EVENT], "next_cursor": None}},
    refusals={400: "A parameter cannot be used; `error` names it."},
)
async def list_events(asking: Asking, sent: Events) -> events.EventsPage:
    """A page of events as they were sent, with what the server added. `distinct_id` is the person,
    `anon_id` the id that the event was sent under where that is another. Where there are more,
    `next_cursor` leads to them."""
    reading = await asking.session()
    query = events.EventsQuery(
        sent.limit,
        event_name=sent.event_name,
        person=None if sent.distinct_id is None else await person_of(reading, sent.distinct_id),
        session_id=sent.session_id,
        start=_moment(sent.from_, "from"),
        end=_moment(sent.to, "to"),
        filters=filters.parse(json_of(sent.filters, "filters") or [], "filters"),
        after=position(sent.cursor, events.EventPosition),
    )
    await asking.must_exist(filters.cohorts_of(query))
    query = reading.virtuals.resolved(query)
    with patterns_named(query):
        rows = await reading.run(events.build(query, reading.persons))
    return events.shape(query, rows)


def _moment(text: str | None, field: str) -> datetime | None:
    try:
        return None if text is None else datetime.fromisoformat(text)
    except ValueError:
        raise InvalidQuery(field, "must be a time such as 2026-05-09T14:32:01Z") from None
