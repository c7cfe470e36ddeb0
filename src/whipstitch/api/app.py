"""The application behind the ordinary door: ingestion routes first, then everything that reads."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from importlib.metadata import version

from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route

from whipstitch.api import aliases, docs_page, erasures, errors, events, operations, people, undo
from whipstitch.api.erasures import Erases
from whipstitch.api.operations import Problems
from whipstitch.api.undo import Stitches
from whipstitch.doors.asgi import AsgiDoor
from whipstitch.doors.intake import PATHS, Intake
from whipstitch.doors.snapshots import SNAPSHOT_PATH, SnapshotDoor
from whipstitch.queries.run import Readings
from whipstitch.registry.store import Registry

_ABOUT = """Reads what was ingested. Every endpoint wants a token of the project
(`whipstitch token create --project PROJECT --role viewer`). The ingestion endpoints
(`/api/v1/track`, `/people`, `/alias`, `/batch`) are described in `docs/ingestion.md`."""


def build(
    *,
    intake: Intake,
    registry: Registry,
    readings: Readings,
    stitches: Stitches,
    erases: Erases,
    problems: Problems,
    metrics: CollectorRegistry,
    lifespan: Callable[[Starlette], AbstractAsyncContextManager[None]],
) -> Starlette:
    """Everything that the server answers. ``readings`` gives what queries look at, ``stitches``
    does what operators ask of identity, ``erases`` erases people, ``problems`` tells what keeps the
    server from being ready."""
    api = FastAPI(
        title="Whipstitch",
        version=version("whipstitch"),
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
    api.state.problems = problems
    api.state.metrics = metrics
    errors.register(api)
    for module in (operations, events, people, aliases, undo, erasures, docs_page):
        api.include_router(module.router)
    door = AsgiDoor(intake)
    return Starlette(
        routes=[
            Route(people.PATH, api, methods=["GET"]),  # who else comes here sends
            *(Route(path, door) for path in PATHS),
            Route(SNAPSHOT_PATH, SnapshotDoor(intake, registry)),
            Route("/", _welcome),
            Mount("", api),
        ],
        lifespan=lifespan,
    )


async def _welcome(_request: Request) -> HTMLResponse:
    return HTMLResponse(
        _WELCOME,
        headers={"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'"},
    )


_WELCOME = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Whipstitch</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 4rem auto; padding: 0 1rem }
</style>
</head>
<body>
<h1>Whipstitch runs</h1>
<p>The dashboard is not part of this version yet. What is there:</p>
<ul>
<li><a href="/docs">the query API</a>, to read and to try</li>
<li><a href="/ready">readiness</a>: whether events are accepted and stored</li>
<li><a href="/metrics">metrics</a> for Prometheus</li>
</ul>
</body>
</html>
"""
