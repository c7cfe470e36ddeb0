"""``/api/v1/cohorts/{cohort_id}/members``."""

from typing import Annotated

import msgspec
from msgspec import Meta

from whipstitch.analytics.cohorts import members_sql
from whipstitch.analytics.people import drill_down
from whipstitch.core.errors import InvalidQuery
from whipstitch.registry.values import Cohort
from whipstitch.warehouse.parameters import Parameters
from whipstitch.web.api.asking import Asking
from whipstitch.web.api.cohort_answers import ONE, CohortAnswer, answer, done, find
from whipstitch.web.api.cohort_bodies import MembersBody, check_ids
from whipstitch.web.api.cohorts import OneCohort
from whipstitch.web.api.endpoints import REFUSALS, Routes
from whipstitch.web.api.parameters import Cursor, position

routes = Routes("/api/v1/cohorts/{cohort_id}/members", "cohorts", cancellable=True)


class MembersAnswer(msgspec.Struct, kw_only=True):
    ok: bool = True
    members: list[str]
    next_cursor: str | None


class Members(OneCohort, kw_only=True):
    """Which members are listed."""

    limit: Annotated[int, Meta(ge=1, le=drill_down.MOST)] = drill_down.DEFAULT_LIMIT
    cursor: Cursor = None


@routes.add(
    "GET",
    "",
    "The people in a cohort",
    shown={"page": {"ok": True, "members": ["user_123"], "next_cursor": None}},
    refusals=REFUSALS,
)
async def list_members(asking: Asking, sent: Members) -> MembersAnswer:
    """Distinct ids, each person once. `GET /api/v1/people?cohort=` shows more of them."""
    cohort = await find(asking, sent.cohort_id)
    page = drill_down.SelectedPage(sent.limit, position(sent.cursor, drill_down.SelectedPosition))
    values = Parameters()
    sql = drill_down.build(members_sql.members(cohort.id, values), page, values)
    session = await asking.session()
    found = drill_down.shape(page, await session.run(sql))
    return MembersAnswer(members=found.people, next_cursor=found.next_cursor)


@routes.add(
    "POST",
    "",
    "Add people to a static cohort",
    who="editor",
    shown=ONE,
    refusals=REFUSALS,
)
async def add_members(asking: Asking, sent: OneCohort, body: MembersBody) -> CohortAnswer:
    """Whoever is in it already stays in it once."""
    cohort = await _find_static(asking, sent.cohort_id, body)
    await done(asking.services.cohorts.add(cohort, body.members))
    return await answer(asking, cohort)


@routes.add(
    "DELETE",
    "",
    "Remove people from a static cohort",
    who="editor",
    shown=ONE,
    refusals=REFUSALS,
)
async def remove_members(asking: Asking, sent: OneCohort, body: MembersBody) -> CohortAnswer:
    """Each person goes, whichever of their ids is named and by whichever they came in."""
    cohort = await _find_static(asking, sent.cohort_id, body)
    await done(asking.services.cohorts.remove(cohort, body.members))
    return await answer(asking, cohort)


async def _find_static(asking: Asking, cohort_id: str, body: MembersBody) -> Cohort:
    cohort = await find(asking, cohort_id)
    if cohort.kind == "dynamic":
        raise InvalidQuery("members", "of a dynamic cohort follow from its definition")
    check_ids(body.members)
    return cohort
