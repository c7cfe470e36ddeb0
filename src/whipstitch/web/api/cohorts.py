"""``/api/v1/cohorts``."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, HTTPException, Request, Response
from fastapi.concurrency import run_in_threadpool

from whipstitch.analytics.cohorts import definitions
from whipstitch.analytics.cohorts.definitions import Definition
from whipstitch.analytics.session import QuerySession
from whipstitch.core.errors import InvalidQuery, StorageError
from whipstitch.registry.values import Cohort
from whipstitch.warehouse.parameters import Parameters
from whipstitch.web.api.asking import CancellableRoute
from whipstitch.web.api.cohort_answers import (
    ONE,
    SHOWN,
    CohortsAnswer,
    answer,
    done,
    find,
    keeper_of,
    shown,
)
from whipstitch.web.api.cohort_bodies import EXAMPLES, CohortBody
from whipstitch.web.api.cohort_validation import COHORTS_EXIST
from whipstitch.web.api.errors import Refused
from whipstitch.web.api.kept import CHANGES, REFUSALS, as_json, example, registry_of
from whipstitch.web.api.reading import CurrentReading, CurrentZone
from whipstitch.web.auth.access import CurrentEditor

router = APIRouter(
    prefix="/api/v1/cohorts",
    tags=["cohorts"],
    route_class=CancellableRoute,
    dependencies=[COHORTS_EXIST],
)

_PATIENCE: Final = 20.0
"""Seconds that an answer waits for a refresh, which goes on where it takes longer."""


@router.get(
    "",
    summary="Cohorts, oldest first",
    response_class=Response,
    responses={
        200: example({"ok": True, "cohorts": [SHOWN]}),
        **REFUSALS,
    },
)
async def list_cohorts(request: Request, reading: CurrentReading) -> Response:
    """All cohorts of the environment, with their sizes."""
    found = await run_in_threadpool(registry_of(request).list_cohorts, reading.scope)
    return as_json(CohortsAnswer(cohorts=await shown(request, reading, found)))


@router.post(
    "",
    status_code=201,
    summary="Make a cohort",
    response_class=Response,
    responses={201: ONE, **CHANGES},
)
async def create_cohort(
    request: Request,
    _: CurrentEditor,
    reading: CurrentReading,
    zone: CurrentZone,
    body: Annotated[CohortBody, Body(openapi_examples=EXAMPLES)],
) -> Response:
    """It belongs to the environment that is asked for, and can be used as a filter at once: the
    answer waits for the members of a dynamic one, unless they take longer than some seconds."""
    definition = await _checked(reading, body)
    select = None
    if body.people_of is not None:
        select = await body.people_of.parsed(reading, zone, datetime.now(UTC))
    registry = registry_of(request)
    cohort = await run_in_threadpool(
        registry.create_cohort, reading.scope, body.name, body.kind, *_defined(body, definition)
    )
    if definition is not None:
        return await _refreshed(request, reading, cohort, 201)
    keeper = keeper_of(request)
    try:
        if select is not None:
            await done(keeper.replace(cohort, select))
        else:
            await done(keeper.replace_by_ids(cohort, body.members or ()))
    except StorageError:
        await run_in_threadpool(registry.delete_cohort, reading.scope, cohort.id)
        raise
    return await answer(request, reading, cohort, 201)


@router.get(
    "/{cohort_id}",
    summary="One cohort",
    response_class=Response,
    responses={200: ONE, **REFUSALS},
)
async def show_cohort(request: Request, reading: CurrentReading, cohort_id: str) -> Response:
    """Its definition, how many people are in it, and how its last refresh went."""
    return await answer(request, reading, await find(request, reading, cohort_id))


@router.put(
    "/{cohort_id}",
    summary="Change a cohort",
    response_class=Response,
    responses={200: ONE, **CHANGES},
)
async def change_cohort(
    request: Request,
    _: CurrentEditor,
    reading: CurrentReading,
    zone: CurrentZone,
    cohort_id: str,
    body: Annotated[CohortBody, Body(openapi_examples=EXAMPLES)],
) -> Response:
    """Name, definition or members are replaced; without `members` and `people_of` a static one
    keeps those that it has. The kind stays."""
    cohort = await find(request, reading, cohort_id)
    if body.kind != cohort.kind:
        raise InvalidQuery("kind", f"cannot be changed: this cohort is {cohort.kind}")
    definition = await _checked(reading, body)
    select = None
    if body.people_of is not None:
        select = await body.people_of.parsed(reading, zone, datetime.now(UTC))
    changed = await run_in_threadpool(
        registry_of(request).change_cohort,
        reading.scope,
        cohort_id,
        body.name,
        *_defined(body, definition),
    )
    if definition is not None:
        return await _refreshed(request, reading, changed)
    if select is not None:
        await done(keeper_of(request).replace(changed, select))
    elif body.members is not None:
        await done(keeper_of(request).replace_by_ids(changed, body.members))
    return await answer(request, reading, changed)


@router.delete(
    "/{cohort_id}",
    summary="Delete a cohort",
    responses={
        200: example({"ok": True}),
        409: {"model": Refused, "description": "Other cohorts refer to it; `error` names them."},
        **CHANGES,
    },
)
async def delete_cohort(
    request: Request, _: CurrentEditor, reading: CurrentReading, cohort_id: str
) -> dict[str, bool]:
    """The people in it stay."""
    await run_in_threadpool(registry_of(request).delete_cohort, reading.scope, cohort_id)
    return {"ok": True}


@router.post(
    "/{cohort_id}/refresh",
    summary="Refresh a dynamic cohort now",
    response_class=Response,
    responses={200: ONE, **CHANGES},
)
async def refresh_cohort(
    request: Request, _: CurrentEditor, reading: CurrentReading, cohort_id: str
) -> Response:
    """The answer waits for it. Where it takes longer than some seconds the state is `refreshing`,
    and where it fails, `failed`: the members are those from before."""
    cohort = await find(request, reading, cohort_id)
    if cohort.kind == "static":
        raise HTTPException(400, "A static cohort has no definition to be refreshed from")
    return await _refreshed(request, reading, cohort)


# Inside


async def _checked(reading: QuerySession, body: CohortBody) -> Definition | None:
    definition = body.checked()
    patterns = [] if definition is None else definitions.patterns(definition)
    if patterns:
        values = Parameters()
        tried = ", ".join(f"match('', {values.add(one)})" for one in patterns)
        await reading.run(values.sql(f"SELECT {tried}"))
    return definition


def _defined(
    body: CohortBody, definition: Definition | None
) -> tuple[dict[str, Any] | None, set[str]]:
    if definition is None:
        return None, set()
    return body.definition, {one.cohort for one in definitions.used(definition)}


async def _refreshed(
    request: Request, reading: QuerySession, cohort: Cohort, status: int = 200
) -> Response:
    refresh = asyncio.wrap_future(keeper_of(request).refresh(cohort.id))
    finished, _ = await asyncio.wait({refresh}, timeout=_PATIENCE)
    for one in finished:
        one.result()
    return await answer(request, reading, await find(request, reading, cohort.id), status)
