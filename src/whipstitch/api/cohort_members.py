"""``/api/v1/cohorts/{cohort_id}/members``."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Request, Response

from whipstitch.api.access import CurrentEditor
from whipstitch.api.asking import QueryRoute
from whipstitch.api.cohort_answers import ONE, answer, done, find, keeper_of
from whipstitch.api.cohort_bodies import MembersBody, check_ids
from whipstitch.api.kept import CHANGES, REFUSALS, as_json
from whipstitch.api.pages import Cursor, position
from whipstitch.api.reading import CurrentReading
from whipstitch.errors import InvalidQuery
from whipstitch.queries import cohorts, people_of
from whipstitch.queries.reading import Reading
from whipstitch.queries.values import Values
from whipstitch.registry.values import Cohort

router = APIRouter(
    prefix="/api/v1/cohorts/{cohort_id}/members", tags=["cohorts"], route_class=QueryRoute
)


class MembersAnswer(msgspec.Struct, kw_only=True):
    ok: bool = True
    members: list[str]
    next_cursor: str | None


@router.get(
    "",
    summary="The people in a cohort",
    response_class=Response,
    responses={
        200: {
            "content": {
                "application/json": {
                    "example": {"ok": True, "members": ["user_123"], "next_cursor": None}
                }
            }
        },
        **REFUSALS,
    },
)
async def list_members(
    request: Request,
    reading: CurrentReading,
    cohort_id: str,
    limit: Annotated[int, Query(ge=1, le=people_of.MOST)] = people_of.DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """Distinct ids, each person once. `GET /api/v1/people?cohort=` shows more of them."""
    cohort = await find(request, reading, cohort_id)
    page = people_of.Page(limit, position(cursor, people_of.Position))
    values = Values()
    sql = people_of.build(cohorts.members(cohort.id, values), page, values)
    found = people_of.shape(page, await reading.run(sql))
    return as_json(MembersAnswer(members=found.people, next_cursor=found.next_cursor))


@router.post(
    "",
    summary="Add people to a static cohort",
    response_class=Response,
    responses={200: ONE, **CHANGES},
)
async def add_members(
    request: Request, _: CurrentEditor, reading: CurrentReading, cohort_id: str, body: MembersBody
) -> Response:
    """Whoever is in it already stays in it once."""
    cohort = await _find_static(request, reading, cohort_id, body)
    await done(keeper_of(request).add(cohort, body.members))
    return await answer(request, reading, cohort)


@router.delete(
    "",
    summary="Remove people from a static cohort",
    response_class=Response,
    responses={200: ONE, **CHANGES},
)
async def remove_members(
    request: Request, _: CurrentEditor, reading: CurrentReading, cohort_id: str, body: MembersBody
) -> Response:
    """Each person goes, whichever of their ids is named and by whichever they came in."""
    cohort = await _find_static(request, reading, cohort_id, body)
    await done(keeper_of(request).remove(cohort, body.members))
    return await answer(request, reading, cohort)


async def _find_static(
    request: Request, reading: Reading, cohort_id: str, body: MembersBody
) -> Cohort:
    cohort = await find(request, reading, cohort_id)
    if cohort.kind == "dynamic":
        raise InvalidQuery("members", "of a dynamic cohort follow from its definition")
    check_ids(body.members)
    return cohort
