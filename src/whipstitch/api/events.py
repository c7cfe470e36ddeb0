"""``GET /api/v1/events``."""

from datetime import datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter, HTTPException, Query, Request, Response

from whipstitch.api.access import CurrentReader
from whipstitch.api.errors import Refused
from whipstitch.projects import Environment
from whipstitch.queries import events
from whipstitch.queries.run import Run

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
    request: Request,
    reader: CurrentReader,
    event_name: str | None = None,
    distinct_id: Annotated[str | None, Query(description="Any id of the person.")] = None,
    session_id: str | None = None,
    from_: Annotated[
        datetime | None, Query(alias="from", description="RFC 3339, inclusive")
    ] = None,
    to: Annotated[datetime | None, Query(description="RFC 3339, exclusive")] = None,
    limit: Annotated[int, Query(ge=1, le=_MOST)] = 100,
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before")] = None,
    environment: Environment = "live",
) -> Response:
    """A page of events as they were sent, with what the server added. Where there are more,
    `next_cursor` leads to them."""
    try:
        after = events.Position.of(cursor) if cursor else None
    except events.InvalidCursor:
        raise HTTPException(400, "cursor: not one that this endpoint gave out") from None
    query = events.EventsQuery(
        reader.project_id,
        environment,
        limit,
        event_name=event_name,
        distinct_id=distinct_id,
        session_id=session_id,
        start=from_,
        end=to,
        after=after,
    )
    run: Run = request.app.state.run
    page = events.shape(query, await run(events.build(query)))
    return Response(msgspec.json.encode(page), media_type="application/json")
