"""All that the server brings up while it takes events in already."""

import asyncio

from starlette.types import ASGIApp

from whipstitch.app import metrics
from whipstitch.app.admin_view import AdminView
from whipstitch.app.application import Application
from whipstitch.app.bootstrap import add_account
from whipstitch.app.ingestion import Ingestion
from whipstitch.app.running import Running
from whipstitch.config.settings import Settings
from whipstitch.core.addresses import TrustedProxies
from whipstitch.ingest.enrichment.user_agent import UserAgents
from whipstitch.registry.store import Registry
from whipstitch.web.api import app
from whipstitch.web.dashboard import app as dashboard


def build(
    settings: Settings,
    registry: Registry,
    ingestion: Ingestion,
    running: Running,
    stopping: asyncio.Event,
) -> tuple[Application, ASGIApp]:
    """The engine, to be started, and the application that reads from it. ``stopping`` is set when
    the server ends.

    Raises:
        StorageError, SettingsError
    """
    add_account(registry, settings.data_dir)
    engine = Application(settings, registry, ingestion)
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
            registry, AdminView(engine), TrustedProxies.parse(settings.trusted_proxies)
        ),
        export_seconds=settings.export_timeout,
        pictures_limit=settings.pictures_limit,
        stopping=stopping,
    )
    return engine, reading
