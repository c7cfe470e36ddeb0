"""``GET /api/v1/people``."""

import time
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, HTTPException, Query, Request, Response

from whipstitch.analytics.people import people
from whipstitch.web.api.cohort_validation import check_cohorts
from whipstitch.web.api.errors import Refused
from whipstitch.web.api.ids import ANY_ID, PersonId
from whipstitch.web.api.pages import Cursor, position
from whipstitch.web.api.reading import CurrentReading

PATH = "/api/v1/people"
"""It is the path of an ingestion endpoint, too, which takes POST."""

router = APIRouter(prefix=PATH, tags=["people"])
one = APIRouter(prefix="/api/v1", tags=["people"])

_MOST = 200
_PERSON = {
    "distinct_id": "user_123",
    "aliases": ["anon_a3b9ff", "anon_4ef2cc"],
    "properties": {"name": "Ada", "email": "ada@example.com", "plan": "pro"},
    "first_seen": "2026-05-02T09:12:44.020Z",
    "last_seen": "2026-05-09T14:32:01.482Z",
    "event_count": 87,
}
_ALIASES = [
    {
        "alias_id": "anon_a3b9ff",
        "created_at": "2026-05-09T14:30:00.000Z",
        "state": "rewritten",
        "aliases": [],
    },
    {
        "alias_id": "anon_4ef2cc",
        "created_at": "2026-05-09T14:31:10.250Z",
        "state": "pending",
        "aliases": [],
    },
]
_LIST = {"ok": True, "people": [_PERSON], "next_cursor": None}
_ONE = {"ok": True, "person": _PERSON | {"aliases": _ALIASES}}


@router.get(
    "",
    summary="People, the last active first",
    response_class=Response,
    responses={
        200: {"content": {"application/json": {"example": _LIST}}},
        400: {"model": Refused, "description": "A parameter cannot be used; `error` names it."},
        401: {"model": Refused, "description": "No token, or one that is not valid."},
        503: {"model": Refused, "description": "ClickHouse or the registry does not answer."},
    },
)
async def list_people(
    request: Request,
    reading: CurrentReading,
    search: Annotated[
        str | None,
        Query(description="Part of an id, the name or the email, in any case", max_length=1000),
    ] = None,
    cohort: Annotated[str | None, Query(description="The id of one that they are all in")] = None,
    limit: Annotated[int, Query(ge=1, le=_MOST)] = 50,
    cursor: Cursor = None,
    id: Annotated[  # noqa: A002 - its public name
        list[str] | None,
        Query(description="An id of somebody; may be repeated. Nothing else may be asked then"),
    ] = None,
) -> Response:
    """A page of people with all their ids and traits. Those without events come last."""
    if id is not None:
        if search or cohort or cursor:
            raise HTTPException(400, "id: cannot be combined with search, cohort or cursor")
        if len(id) > _MOST:
            raise HTTPException(400, f"id: at most {_MOST} at once")
        answer = await people.named(reading, id)
        return Response(msgspec.json.encode(answer), media_type="application/json")
    if cohort is not None:
        await check_cohorts(request, reading.scope, {"cohort": cohort})
    query = people.PeopleQuery(
        limit,
        time.time_ns() // 1_000_000,
        search=search or None,
        cohort=cohort,
        after=position(cursor, people.PeoplePosition),
    )
    page = await people.page(reading, query)
    return Response(msgspec.json.encode(page), media_type="application/json")


_PROFILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/json": {"example": _ONE}}},
    401: {"model": Refused, "description": "No token, or one that is not valid."},
    404: {"model": Refused, "description": "No person has this id."},
    503: {"model": Refused, "description": "ClickHouse or the registry does not answer."},
}


@router.get(
    f"/{ANY_ID}",
    summary="One person, by any of their ids",
    response_class=Response,
    responses=_PROFILE,
)
async def show_person(reading: CurrentReading, id: str) -> Response:  # noqa: A002 - its public name
    """Who they are, by which aliases, what they did and what is known of them. An id such as `..`
    does not survive in a path: `/api/v1/person?id=` takes any."""
    profile = await people.profile(reading, id)
    if profile is None:
        raise HTTPException(404, "No person has this id")
    answer = people.PersonAnswer(person=profile)
    return Response(msgspec.json.encode(answer), media_type="application/json")


@one.get(
    "/person",
    summary="One person, by any of their ids, as a parameter",
    response_class=Response,
    responses=_PROFILE,
)
async def show_person_by_parameter(reading: CurrentReading, id: PersonId) -> Response:  # noqa: A002
    """The same as `/api/v1/people/{id}`."""
    return await show_person(reading, id)
