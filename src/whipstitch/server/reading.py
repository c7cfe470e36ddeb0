"""All that the server brings up while it takes events in already."""

import asyncio

from starlette.types import ASGIApp

from whipstitch import metrics
from whipstitch.api import app
from whipstitch.dashboard import app as dashboard
from whipstitch.enrichment.addresses import TrustedProxies
from whipstitch.enrichment.user_agent import UserAgents
from whipstitch.registry.store import Registry
from whipstitch.server.engine import Engine
from whipstitch.server.first_run import add_account
from whipstitch.server.ingestion import Ingestion
from whipstitch.server.overview import Overview
from whipstitch.server.running import Running
from whipstitch.settings import Settings


def build(
    settings: Settings,
    registry: Registry,
    ingestion: Ingestion,
    running: Running,
    stopping: asyncio.Event,
) -> tuple[Engine, ASGIApp]:
    """The engine, to be started, and the application that reads from it. ``stopping`` is set when
    the server ends.

    Raises:
        StorageError, SettingsError
    """
    add_account(registry, settings.data_dir)
    engine = Engine(settings, registry, ingestion)
    UserAgents.warm()
    reading = app.build(
        intake=ingestion.intake,
        registry=registry,
        readings=engine.readings,
        stitches=engine,
        erases=engine,
        keeper=engine.cohorts,
        problems=lambda: [*running.problems(), *engine.problems()],
        warnings=engine.warnings,
        metrics=metrics.registry(metrics.Stages(engine, running)),
        dashboard=dashboard.routes(
            registry, Overview(engine), TrustedProxies.parse(settings.trusted_proxies)
        ),
        export_seconds=settings.export_timeout,
        pictures_limit=settings.pictures_limit,
        stopping=stopping,
    )
    return engine, reading
