"""``GET /api/v1/aliases``."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Response

from whipstitch.analytics.people import aliases
from whipstitch.analytics.people.person_lookup import person_of
from whipstitch.web.api.errors import Refused
from whipstitch.web.api.pages import Cursor, position
from whipstitch.web.api.reading import CurrentReading

router = APIRouter(prefix="/api/v1", tags=["people"])

_MOST = 1000
_EXAMPLE = {
    "ok": True,
    "aliases": [
        {
            "alias_id": "anon_a3b9ff",
            "distinct_id": "user_456",
            "created_at": "2026-05-10T08:00:00.000Z",
            "state": "refused",
            "reason": "second_parent",
        },
        {
            "alias_id": "anon_a3b9ff",
            "distinct_id": "user_123",
            "created_at": "2026-05-09T14:30:00.000Z",
            "state": "rewritten",
            "reason": None,
        },
    ],
    "next_cursor": None,
}


@router.get(
    "/aliases",
    summary="Aliases, newest first",
    response_class=Response,
    responses={
        200: {"content": {"application/json": {"example": _EXAMPLE}}},
        400: {"model": Refused, "description": "A parameter cannot be used; `error` names it."},
        401: {"model": Refused, "description": "No token, or one that is not valid."},
        503: {"model": Refused, "description": "ClickHouse or the registry does not answer."},
    },
)
async def list_aliases(
    reading: CurrentReading,
    distinct_id: Annotated[str | None, Query(description="Any id of the person.")] = None,
    limit: Annotated[int, Query(ge=1, le=_MOST)] = 100,
    cursor: Cursor = None,
) -> Response:
    """Who was said to be whom, and what became of it: `pending` until the events are rewritten,
    `refused` with the reason `self`, `placeholder`, `second_parent`, `loop` or `too_deep`. Reads
    count the ids of a pending alias as one person already. What was undone is not listed."""
    query = aliases.AliasesQuery(
        limit,
        person=None if distinct_id is None else await person_of(reading, distinct_id),
        after=position(cursor, aliases.AliasPosition),
    )
    page = await aliases.page(reading, query)
    return Response(msgspec.json.encode(page), media_type="application/json")
