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
from whipstitch.ingest.http.snapshots import SnapshotDoor
from whipstitch.registry.store import Registry
from whipstitch.web.api import app
from whipstitch.web.api.services import Services
from whipstitch.web.api.streaming import ConcurrencyLimit
from whipstitch.web.dashboard import app as dashboard


def build(
    settings: Settings,
    registry: Registry,
    ingestion: Ingestion,
    running: Running,
    stopping: asyncio.Event,
) -> tuple[Application, ASGIApp]:
    """The engine, to be started, and the application that reads from it (where the node only takes
    events, one that does not). ``stopping`` is set when
    the server ends.

    Raises:
        StorageError, SettingsError
    """
    add_account(registry, settings.data_dir)
    engine = Application(settings, registry, ingestion)
    UserAgents.warm()
    services = Services(
        registry=registry,
        sessions=engine.readings,
        stitches=engine.corrections,
        erases=engine.corrections,
        cohorts=engine.cohorts,
        problems=lambda: [*running.problems(), *engine.problems()],
        warnings=engine.warnings,
        metrics=metrics.registry(metrics.Stages(engine, running)),
        stopping=stopping,
        # As many as the storage has threads for.
        exports=ConcurrencyLimit(4, of_project=3, of_user=2, what="exports"),
        export_seconds=settings.export_timeout,
        streams=ConcurrencyLimit(96, of_project=64, of_user=32, what="streams"),
    )
    snapshots = SnapshotDoor(ingestion.service, registry, settings.pictures_limit)
    if settings.only == "ingest":
        return engine, app.build_ingest_only(services, snapshots)
    proxies = TrustedProxies.parse(settings.trusted_proxies)
    pages = dashboard.routes(registry, AdminView(engine), proxies)
    return engine, app.build(services, snapshots, pages)
