"""The application of those who read: the query API and the dashboard; and of those who upload
pictures of screens."""

import asyncio
from collections.abc import Sequence

from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import BaseRoute, Match, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from whipstitch import __version__
from whipstitch.analytics.session import SessionFactory
from whipstitch.ingest.http.snapshots import SnapshotDoor
from whipstitch.ingest.service import SNAPSHOT_PATH, IngestService
from whipstitch.registry.store import Registry
from whipstitch.web.api import (
    aliases,
    boards,
    cohort_members,
    cohorts,
    docs_page,
    erasures,
    errors,
    events,
    export,
    flows,
    funnels,
    heatmaps,
    insights,
    lexicon,
    operations,
    people,
    projects,
    property_values,
    questions,
    retention,
    screens,
    stream,
    undo,
)
from whipstitch.web.api.bounded import Bounded
from whipstitch.web.api.cohort_answers import CohortMembers
from whipstitch.web.api.erasures import Erases
from whipstitch.web.api.manners import Manners
from whipstitch.web.api.operations import Problems
from whipstitch.web.api.streaming import ConcurrencyLimit
from whipstitch.web.api.undo import Stitches
from whipstitch.web.auth import access

_ABOUT = """Reads what was ingested. Every endpoint wants a token of the project
(`whipstitch token create --project PROJECT --role viewer`). The ingestion endpoints
(`/api/v1/track`, `/people`, `/alias`, `/batch`) are described in `docs/ingestion.md`."""


def build(
    *,
    intake: IngestService,
    registry: Registry,
    readings: SessionFactory,
    stitches: Stitches,
    erases: Erases,
    keeper: CohortMembers,
    problems: Problems,
    warnings: Problems,
    metrics: CollectorRegistry,
    export_seconds: float,
    pictures_limit: int,
    stopping: asyncio.Event,
    dashboard: Sequence[BaseRoute],
) -> Starlette:
    """Everything that the server answers but the four ingestion endpoints. ``readings`` gives what
    queries look at, ``stitches`` does what operators ask of identity, ``erases`` erases people,
    ``keeper`` keeps cohorts, ``problems`` tells what keeps the server from being ready,
    ``warnings`` what does not. An export lasts ``export_seconds`` at most, the pictures of a
    project's screens take ``pictures_limit`` bytes. ``stopping`` ends the streams of events,
    ``dashboard`` are the routes of its pages."""
    api = FastAPI(
        title="Whipstitch",
        version=__version__,
        description=_ABOUT,
        docs_url=None,
        redoc_url=None,
        # The redirect would name the scheme of the connection, which is not the client's behind a
        # proxy.
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
        responses={"default": {"model": errors.Refused, "description": "`error` says why not."}},
    )
    api.state.registry = registry
    api.state.readings = readings
    api.state.stitches = stitches
    api.state.erases = erases
    api.state.cohorts = keeper
    api.state.problems = problems
    api.state.warnings = warnings
    api.state.metrics = metrics
    api.state.stopping = stopping
    # As many as the storage has threads for.
    api.state.exports = ConcurrencyLimit(4, of_project=3, of_user=2, what="exports")
    api.state.export_seconds = export_seconds
    api.state.streams = ConcurrencyLimit(96, of_project=64, of_user=32, what="streams")
    errors.register(api)
    for module in (
        operations,
        events,
        people,
        aliases,
        undo,
        erasures,
        insights,
        flows,
        cohorts,
        cohort_members,
        questions,
        boards,
        lexicon,
        property_values,
        screens,
        heatmaps,
        export,
        stream,
        projects,
        funnels,
        retention,
        docs_page,
    ):
        api.include_router(module.router)
    api.include_router(people.one)
    work_out_routes(api)
    snapshots = Route(SNAPSHOT_PATH, SnapshotDoor(intake, registry, pictures_limit))

    async def authenticate(request: Request) -> None:
        # Pages see to their forms: who signs in is still to be known.
        if request.url.path.startswith("/api/"):
            await access.known(request, registry)

    # Uploads have rules of their own.
    reading = Bounded(Router([*dashboard, _Rest(Manners(api))]), authenticate)
    return Starlette(routes=[snapshots, _Rest(reading)])


class _Rest(BaseRoute):
    """An application for whatever no route before it takes. (``Mount`` takes no path that has a
    line break in it, as ids of people may.)"""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def matches(self, _scope: Scope) -> tuple[Match, Scope]:
        return Match.FULL, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


def work_out_routes(api: FastAPI) -> None:
    """FastAPI works out what the routes of its routers take when it first looks for one among them,
    which would hold up the event loop for a tenth of a second. So it looks for one now."""
    nowhere = {"type": "http", "method": "GET", "path": "/-", "headers": []}
    for route in api.routes:
        route.matches(nowhere)
