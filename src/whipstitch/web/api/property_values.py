"""``GET /api/v1/properties/{name}/values``."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Query, Response

from whipstitch.analytics.events import property_values
from whipstitch.analytics.events.property_values import ValuesQuery
from whipstitch.analytics.expressions.filters import On
from whipstitch.analytics.expressions.properties import checked_name
from whipstitch.web.api.asking import CancellableRoute
from whipstitch.web.api.errors import Refused
from whipstitch.web.api.ids import ANY_NAME
from whipstitch.web.api.reading import CurrentReading

router = APIRouter(prefix="/api/v1/properties", tags=["events"], route_class=CancellableRoute)

_EXACT: Final = {
    "ok": True,
    "values": [{"value": "free", "count": 1204}, {"value": "pro", "count": 87}],
    "approximate": False,
}
_OF_NEWEST: Final = {
    "ok": True,
    "values": [{"value": "https://shop.example/", "count": 20417}],
    "approximate": True,
    "since": "2026-05-02T09:12:44.020Z",
}
_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "content": {
            "application/json": {
                "examples": {
                    "exact": {"summary": "Of all events", "value": _EXACT},
                    "approximate": {"summary": "Of the newest of very many", "value": _OF_NEWEST},
                }
            }
        }
    },
    400: {"model": Refused, "description": "A parameter cannot be used; `error` names it."},
    401: {"model": Refused, "description": "No token, or one that is not valid."},
    408: {"model": Refused, "description": "It took too long; `error` says what helps."},
    413: {"model": Refused, "description": "It is too much; `error` says what helps."},
    503: {"model": Refused, "description": "ClickHouse or the registry does not answer."},
}
_Event = Annotated[
    str | None, Query(max_length=1000, description="Only of events of this name; not of people")
]
_Search = Annotated[
    str | None, Query(max_length=1000, description="A part of the value, in any case")
]
_Limit = Annotated[int, Query(ge=1, le=property_values.MOST)]
_On = Annotated[On, Query(description="Whose property it is")]


@router.get(
    f"/{ANY_NAME}/values",
    summary="The values of a property, the most frequent first",
    response_class=Response,
    responses=_ANSWERS,
)
async def list_values(
    reading: CurrentReading,
    name: str,
    on: _On = "event",
    event_name: _Event = None,
    search: _Search = None,
    limit: _Limit = property_values.DEFAULT_LIMIT,
) -> Response:
    """For fields that suggest values: each with how many events, or people, have it. A name such as
    `..` does not survive in a path: `/api/v1/properties/values?name=` takes any."""
    query = ValuesQuery(checked_name(name, "name"), on, event_name, search, limit)
    answer = await property_values.of(reading, query, datetime.now(UTC))
    return Response(msgspec.json.encode(answer), media_type="application/json")


@router.get(
    "/values",
    summary="The same, with the property's name as a parameter",
    response_class=Response,
    responses=_ANSWERS,
)
async def list_values_by_parameter(
    reading: CurrentReading,
    name: Annotated[str, Query(description="The property's name")],
    on: _On = "event",
    event_name: _Event = None,
    search: _Search = None,
    limit: _Limit = property_values.DEFAULT_LIMIT,
) -> Response:
    """The same as `/api/v1/properties/{name}/values`."""
    return await list_values(reading, name, on, event_name, search, limit)
