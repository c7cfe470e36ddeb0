"""``GET /api/v1/events``."""

from datetime import datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Response

from whipstitch.analytics.events import events
from whipstitch.analytics.people.person_lookup import person_of
from whipstitch.web.api.errors import Refused
from whipstitch.web.api.pages import Cursor, position
from whipstitch.web.api.reading import CurrentReading

router = APIRouter(prefix="/api/v1", tags=["events"])

_MOST = 1000
_EXAMPLE = {
    "ok": True,
    "events": [
        {
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
    ],
    "next_cursor": None,
}


@router.get(
    "/events",
    summary="Events, newest first",
    response_class=Response,
    responses={
        200: {"content": {"application/json": {"example": _EXAMPLE}}},
        400: {"model": Refused, "description": "A parameter cannot be used; `error` names it."},
        401: {"model": Refused, "description": "No token, or one that is not valid."},
        503: {"model": Refused, "description": "ClickHouse or the registry does not answer."},
    },
)
async def list_events(
    reading: CurrentReading,
    event_name: str | None = None,
    distinct_id: Annotated[str | None, Query(description="Any id of the person.")] = None,
    session_id: str | None = None,
    from_: Annotated[
        datetime | None, Query(alias="from", description="RFC 3339, inclusive")
    ] = None,
    to: Annotated[datetime | None, Query(description="RFC 3339, exclusive")] = None,
    limit: Annotated[int, Query(ge=1, le=_MOST)] = 100,
    cursor: Cursor = None,
) -> Response:
    """A page of events as they were sent, with what the server added. `distinct_id` is the person,
    `anon_id` the id that the event was sent under where that is another. Where there are more,
    `next_cursor` leads to them."""
    query = events.EventsQuery(
        limit,
        event_name=event_name,
        person=None if distinct_id is None else await person_of(reading, distinct_id),
        session_id=session_id,
        start=from_,
        end=to,
        after=position(cursor, events.EventPosition),
    )
    rows = await reading.run(events.build(query, reading.persons))
    page = events.shape(query, rows)
    return Response(msgspec.json.encode(page), media_type="application/json")
