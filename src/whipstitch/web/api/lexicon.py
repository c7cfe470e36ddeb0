"""``GET /api/v1/lexicon``, and of traits."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Query, Response

from whipstitch.analytics.events import lexicon
from whipstitch.analytics.events.lexicon import LexiconQuery
from whipstitch.analytics.expressions.time_ranges import parse_range
from whipstitch.web.api.asking import CancellableRoute
from whipstitch.web.api.errors import Refused
from whipstitch.web.api.pages import Cursor, position
from whipstitch.web.api.reading import CurrentReading, CurrentZone

router = APIRouter(prefix="/api/v1", tags=["events"], route_class=CancellableRoute)

_EXAMPLE: Final = {
    "ok": True,
    "events": [
        {
            "event_name": "checkout_started",
            "count": 1204,
            "first_seen": "2026-05-01T08:00:12.004Z",
            "last_seen": "2026-05-09T14:32:01.482Z",
            "properties": [
                {"name": "$os", "types": ["string"], "samples": ["ios", "android"]},
                {"name": "cart_value", "types": ["number"], "samples": [49.99, 12]},
                {"name": "delivery.express", "types": ["boolean"], "samples": [True]},
            ],
        }
    ],
    "next_cursor": None,
}
_TRAITS_EXAMPLE: Final = {
    "ok": True,
    "traits": [
        {"name": "company.size", "types": ["number"], "samples": [12, 400]},
        {"name": "plan", "types": ["string"], "samples": ["free", "pro"]},
    ],
}
_REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    400: {"model": Refused, "description": "A parameter cannot be used; `error` names it."},
    401: {"model": Refused, "description": "No token, or one that is not valid."},
    408: {"model": Refused, "description": "It took too long; `error` says what helps."},
    413: {"model": Refused, "description": "It is too much; `error` says what helps."},
    503: {"model": Refused, "description": "ClickHouse or the registry does not answer."},
}


@router.get(
    "/lexicon",
    summary="Which events and properties there are",
    response_class=Response,
    responses={200: {"content": {"application/json": {"example": _EXAMPLE}}}, **_REFUSALS},
)
async def list_lexicon(
    reading: CurrentReading,
    zone: CurrentZone,
    search: Annotated[
        str | None, Query(max_length=1000, description="A part of the event's name, in any case")
    ] = None,
    from_: Annotated[
        str | None, Query(alias="from", description="RFC 3339, inclusive; by default 30 days ago")
    ] = None,
    to: Annotated[str | None, Query(description="RFC 3339, exclusive; by default now")] = None,
    limit: Annotated[int, Query(ge=1, le=lexicon.MOST)] = lexicon.DEFAULT_LIMIT,
    cursor: Cursor = None,
    properties: Annotated[
        bool, Query(description="false: without properties, which takes less time")
    ] = True,
) -> Response:
    """Events by name, each with how often and when it occurred in the range, and with the
    properties of its newest occurrences: their types in JSON and their most frequent values."""
    query = LexiconQuery(
        parse_range(from_, to, zone, datetime.now(UTC)),
        limit,
        search,
        position(cursor, lexicon.LexiconPosition),
    )
    page = await lexicon.page(reading, query, described=properties)
    return Response(msgspec.json.encode(page), media_type="application/json")


@router.get(
    "/lexicon/traits",
    summary="Which traits people have",
    response_class=Response,
    responses={200: {"content": {"application/json": {"example": _TRAITS_EXAMPLE}}}, **_REFUSALS},
)
async def list_traits(reading: CurrentReading) -> Response:
    """What is known of people: traits by name, their types in JSON and their most frequent
    values."""
    answer = lexicon.shape_traits(await reading.run(lexicon.traits()))
    return Response(msgspec.json.encode(answer), media_type="application/json")
