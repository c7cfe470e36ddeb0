"""``/api/v1/cohorts/{cohort_id}/members``."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Request, Response

from whipstitch.analytics.cohorts import members_sql
from whipstitch.analytics.people import drill_down
from whipstitch.analytics.session import QuerySession
from whipstitch.core.errors import InvalidQuery
from whipstitch.registry.values import Cohort
from whipstitch.warehouse.parameters import Parameters
from whipstitch.web.api.asking import CancellableRoute
from whipstitch.web.api.cohort_answers import ONE, answer, done, find, keeper_of
from whipstitch.web.api.cohort_bodies import MembersBody, check_ids
from whipstitch.web.api.kept import CHANGES, REFUSALS, as_json
from whipstitch.web.api.pages import Cursor, position
from whipstitch.web.api.reading import CurrentReading
from whipstitch.web.auth.access import CurrentEditor

router = APIRouter(
    prefix="/api/v1/cohorts/{cohort_id}/members", tags=["cohorts"], route_class=CancellableRoute
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
    limit: Annotated[int, Query(ge=1, le=drill_down.MOST)] = drill_down.DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """Distinct ids, each person once. `GET /api/v1/people?cohort=` shows more of them."""
    cohort = await find(request, reading, cohort_id)
    page = drill_down.SelectedPage(limit, position(cursor, drill_down.SelectedPosition))
    values = Parameters()
    sql = drill_down.build(members_sql.members(cohort.id, values), page, values)
    found = drill_down.shape(page, await reading.run(sql))
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
    request: Request, reading: QuerySession, cohort_id: str, body: MembersBody
) -> Cohort:
    cohort = await find(request, reading, cohort_id)
    if cohort.kind == "dynamic":
        raise InvalidQuery("members", "of a dynamic cohort follow from its definition")
    check_ids(body.members)
    return cohort
