"""What the endpoints of cohorts have in common: who is asked, and the answers."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any, Final, Literal

import msgspec
from starlette.concurrency import run_in_threadpool

from whipstitch.analytics.cohorts import members_sql
from whipstitch.registry.values import Cohort, CohortKind
from whipstitch.warehouse.parameters import Parameters
from whipstitch.web.api.asking import Asking
from whipstitch.web.api.people_selection import EXAMPLE
from whipstitch.web.api.times import moment

State = Literal["ready", "new", "refreshing", "failed"]

SHOWN: Final = {
    "id": "coh_V1StGXR8Z5jdHi6BmyT2w",
    "name": "Lively teams",
    "kind": "dynamic",
    "definition": EXAMPLE,
    "people_of": None,
    "size": 412,
    "state": "ready",
    "refreshed_at": "2026-05-09T14:30:00.000Z",
    "problem": None,
    "created_at": "2026-05-01T08:00:00.000Z",
    "changed_at": "2026-05-01T08:00:00.000Z",
}
ONE: Final = {"cohort": {"ok": True, "cohort": SHOWN}}


class CohortShown(msgspec.Struct):
    """A cohort; ``size`` is the number of people in it now. ``state`` of a dynamic one is ``new``
    until the first refresh is done, ``failed`` where the last one failed, with the ``problem``.
    ``people_of`` is the question whose people were made the members of a static one, at
    ``refreshed_at``."""

    id: str
    name: str
    kind: CohortKind
    definition: dict[str, Any] | None
    people_of: dict[str, Any] | None
    size: int
    state: State
    refreshed_at: str | None
    problem: str | None
    created_at: str
    changed_at: str


class CohortsAnswer(msgspec.Struct, kw_only=True):
    ok: bool = True
    cohorts: list[CohortShown]


class CohortAnswer(msgspec.Struct, kw_only=True):
    ok: bool = True
    cohort: CohortShown


async def find(asking: Asking, cohort_id: str) -> Cohort:
    """Raises UnknownCohort."""
    return await run_in_threadpool(asking.registry.find_cohort, asking.scope, cohort_id)


async def done(change: Future[None]) -> None:
    """Waits for a change. What was begun is ended, whether or not the client waits."""
    await asyncio.shield(asyncio.wrap_future(change))


async def answer(asking: Asking, cohort: Cohort) -> CohortAnswer:
    (one,) = await shown(asking, [cohort])
    return CohortAnswer(cohort=one)


async def shown(asking: Asking, found: Sequence[Cohort]) -> list[CohortShown]:
    values = Parameters()
    sql = values.sql(members_sql.sizes([one.id for one in found], values))
    rows = await (await asking.session()).run(sql) if found else ()
    sizes = {row[0]: row[1] for row in rows}
    return [_show(one, sizes.get(one.id, 0), _state(asking, one)) for one in found]


def _state(asking: Asking, cohort: Cohort) -> State:
    if cohort.kind == "static":
        return "ready"
    if asking.services.cohorts.is_refreshing(cohort.id):
        return "refreshing"
    if cohort.problem is not None:
        return "failed"
    return "new" if cohort.refreshed_at is None else "ready"


def _show(cohort: Cohort, size: int, state: State) -> CohortShown:
    return CohortShown(
        cohort.id,
        cohort.name,
        cohort.kind,
        cohort.definition,
        cohort.people_of,
        size,
        state,
        None if cohort.refreshed_at is None else moment(cohort.refreshed_at),
        cohort.problem,
        moment(cohort.created_at),
        moment(cohort.changed_at),
    )
