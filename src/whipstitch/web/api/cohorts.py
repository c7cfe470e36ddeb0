"""``/api/v1/cohorts``."""

import asyncio
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from whipstitch.analytics.cohorts.definitions import Definition
from whipstitch.analytics.expressions import filters
from whipstitch.analytics.people.selection import Select
from whipstitch.core.errors import InvalidQuery, StorageError
from whipstitch.registry.values import Cohort
from whipstitch.web.api.asking import Asking
from whipstitch.web.api.cohort_answers import (
    ONE,
    SHOWN,
    CohortAnswer,
    CohortsAnswer,
    answer,
    done,
    find,
    shown,
)
from whipstitch.web.api.cohort_bodies import EXAMPLES, CohortBody
from whipstitch.web.api.endpoints import REFUSALS, Done, InEnvironment, Routes
from whipstitch.web.api.people_selection import must_be_usable

routes = Routes("/api/v1/cohorts", "cohorts", cancellable=True)

_PATIENCE: Final = 20.0
"""Seconds that an answer waits for a refresh, which goes on where it takes longer."""


class OneCohort(InEnvironment, kw_only=True):
    """A cohort."""

    cohort_id: str


@routes.add(
    "GET",
    "",
    "Cohorts, oldest first",
    shown={"cohorts": {"ok": True, "cohorts": [SHOWN]}},
)
async def list_cohorts(asking: Asking, sent: InEnvironment) -> CohortsAnswer:
    """All cohorts of the environment, with their sizes."""
    found = await run_in_threadpool(asking.registry.list_cohorts, asking.scope)
    return CohortsAnswer(cohorts=await shown(asking, found))


@routes.add(
    "POST",
    "",
    "Make a cohort",
    who="editor",
    status=201,
    examples=EXAMPLES,
    shown=ONE,
    refusals=REFUSALS,
)
async def create_cohort(asking: Asking, sent: InEnvironment, body: CohortBody) -> CohortAnswer:
    """It belongs to the environment that is asked for, and can be used as a filter at once: the
    answer waits for the members of a dynamic one, unless they take longer than some seconds."""
    definition = await _checked(asking, body)
    select = None if body.people_of is None else await body.people_of.selected(asking)
    cohort = await run_in_threadpool(
        asking.registry.create_cohort,
        asking.scope,
        body.name,
        body.kind,
        *_defined(body, definition),
        _question(body),
    )
    if definition is not None:
        return await _refreshed(asking, cohort)
    try:
        if select is not None:
            return await _replaced(asking, cohort, select)
        await done(asking.services.cohorts.replace_by_ids(cohort, body.members or ()))
    except StorageError:
        await run_in_threadpool(asking.registry.delete_cohort, asking.scope, cohort.id)
        raise
    return await answer(asking, cohort)


@routes.add("GET", "/{cohort_id}", "One cohort", shown=ONE, refusals=REFUSALS)
async def show_cohort(asking: Asking, sent: OneCohort) -> CohortAnswer:
    """Its definition, how many people are in it, and how its last refresh went."""
    return await answer(asking, await find(asking, sent.cohort_id))


@routes.add(
    "PUT",
    "/{cohort_id}",
    "Change a cohort",
    who="editor",
    examples=EXAMPLES,
    shown=ONE,
    refusals=REFUSALS,
)
async def change_cohort(asking: Asking, sent: OneCohort, body: CohortBody) -> CohortAnswer:
    """Name, definition or members are replaced; without `members` and `people_of` a static one
    keeps those that it has. `people_of` is kept, so that it can be sent again. The kind stays."""
    cohort = await find(asking, sent.cohort_id)
    if body.kind != cohort.kind:
        raise InvalidQuery("kind", f"cannot be changed: this cohort is {cohort.kind}")
    definition = await _checked(asking, body)
    select = None if body.people_of is None else await body.people_of.selected(asking)
    changed = await run_in_threadpool(
        asking.registry.change_cohort,
        asking.scope,
        sent.cohort_id,
        body.name,
        *_defined(body, definition),
        cohort.people_of if select is None and body.members is None else _question(body),
    )
    if definition is not None:
        return await _refreshed(asking, changed)
    if select is not None:
        return await _replaced(asking, changed, select)
    if body.members is not None:
        await done(asking.services.cohorts.replace_by_ids(changed, body.members))
    return await answer(asking, changed)


@routes.add(
    "DELETE",
    "/{cohort_id}",
    "Delete a cohort",
    who="editor",
    shown={"deleted": {"ok": True}},
    refusals={**REFUSALS, 409: "Other cohorts refer to it; `error` names them."},
)
async def delete_cohort(asking: Asking, sent: OneCohort) -> Done:
    """The people in it stay."""
    await run_in_threadpool(asking.registry.delete_cohort, asking.scope, sent.cohort_id)
    return Done()


@routes.add(
    "POST",
    "/{cohort_id}/refresh",
    "Refresh a dynamic cohort now",
    who="editor",
    shown=ONE,
    refusals=REFUSALS,
)
async def refresh_cohort(asking: Asking, sent: OneCohort) -> CohortAnswer:
    """The answer waits for it. Where it takes longer than some seconds the state is `refreshing`,
    and where it fails, `failed`: the members are those from before."""
    cohort = await find(asking, sent.cohort_id)
    if cohort.kind == "static":
        raise HTTPException(400, "A static cohort has no definition to be refreshed from")
    return await _refreshed(asking, cohort)


# Inside


async def _checked(asking: Asking, body: CohortBody) -> Definition | None:
    definition = body.checked()
    if definition is not None:
        await must_be_usable(asking, definition)
    return definition


def _defined(
    body: CohortBody, definition: Definition | None
) -> tuple[dict[str, Any] | None, set[str]]:
    if definition is None:
        return None, set()
    return body.definition, set(filters.cohorts_of(definition).values())


def _question(body: CohortBody) -> dict[str, Any] | None:
    return None if body.people_of is None else msgspec.to_builtins(body.people_of)


async def _replaced(asking: Asking, cohort: Cohort, select: Select) -> CohortAnswer:
    """Makes those who are behind a number now the members."""
    now = datetime.now(UTC)
    await done(asking.services.cohorts.replace(cohort, select))
    await run_in_threadpool(asking.registry.note_refresh, cohort.id, now, None)
    return await answer(asking, await find(asking, cohort.id))


async def _refreshed(asking: Asking, cohort: Cohort) -> CohortAnswer:
    refresh = asyncio.wrap_future(asking.services.cohorts.refresh(cohort.id))
    finished, _ = await asyncio.wait({refresh}, timeout=_PATIENCE)
    for one in finished:
        one.result()
    return await answer(asking, await find(asking, cohort.id))
