"""The application of those who read: the query API and the dashboard; and of those who upload
pictures of screens."""

from collections.abc import Sequence
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import BaseRoute, Match, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from whipstitch.ingest.endpoints import SNAPSHOT_PATH
from whipstitch.web.api import (
    activity,
    aliases,
    boards,
    cohort_members,
    cohorts,
    docs_page,
    erasures,
    errors,
    events,
    experiments,
    export,
    flows,
    funnels,
    heatmaps,
    insights,
    lexicon,
    lexicon_names,
    merges,
    operations,
    people,
    people_list,
    projects,
    property_values,
    questions,
    rejections,
    retention,
    screens,
    sessions,
    stream,
    web,
)
from whipstitch.web.api.asking import answering
from whipstitch.web.api.bounded import Bounded
from whipstitch.web.api.description import description
from whipstitch.web.api.endpoints import Endpoint, all_of
from whipstitch.web.api.manners import Manners
from whipstitch.web.api.services import Services
from whipstitch.web.auth import access

_MODULES: Final = (
    operations,
    events,
    people_list,
    people,
    aliases,
    merges,
    erasures,
    insights,
    funnels,
    retention,
    activity,
    experiments,
    flows,
    cohorts,
    cohort_members,
    questions,
    boards,
    lexicon,
    lexicon_names,
    property_values,
    screens,
    heatmaps,
    web,
    sessions,
    export,
    stream,
    rejections,
    projects,
)
_NOT_HERE: Final = (
    "This node only takes events (only = ingest): the dashboard and the query API are on the nodes "
    "that run without --only, or with --only app."
)


def build(services: Services, snapshots: ASGIApp, dashboard: Sequence[BaseRoute]) -> Starlette:
    """Everything that the server answers but the four ingestion endpoints. ``snapshots`` takes
    pictures of screens, ``dashboard`` are the routes of its pages."""
    endpoints = all_of(_MODULES)
    described = docs_page.pages(lambda: description(endpoints))
    api = Starlette(
        routes=[*described, *(_route(each, services) for each in endpoints)],
        exception_handlers=errors.handlers(),
    )
    # The redirect would name the scheme of the connection, which is not the client's behind a
    # proxy.
    api.router.redirect_slashes = False

    async def authenticate(request: Request) -> None:
        # Pages see to their forms: who signs in is still to be known.
        if request.url.path.startswith("/api/"):
            await access.known(request, services.registry)

    # Uploads have rules of their own.
    reading = Bounded(Router([*dashboard, _Rest(Manners(api))]), authenticate)
    return Starlette(routes=[Route(SNAPSHOT_PATH, snapshots), _Rest(reading)])


def build_ingest_only(services: Services, snapshots: ASGIApp) -> Starlette:
    """What is left of it on a node that only takes events: how it is, and pictures of screens."""
    routes = [_route(each, services) for each in all_of((operations,))]
    return Starlette(routes=[Route(SNAPSHOT_PATH, snapshots), *routes, _Rest(_not_here)])


async def _not_here(scope: Scope, receive: Receive, send: Send) -> None:
    await errors.refused(404, _NOT_HERE)(scope, receive, send)


def _route(endpoint: Endpoint, services: Services) -> Route:
    return Route(endpoint.path, answering(endpoint, services), methods=[endpoint.method])


class _Rest(BaseRoute):
    """An application for whatever no route before it takes. (``Mount`` takes no path that has a
    line break in it, as ids of people may.)"""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def matches(self, _scope: Scope) -> tuple[Match, Scope]:
        return Match.FULL, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)
