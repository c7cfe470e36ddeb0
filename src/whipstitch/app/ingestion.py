"""What takes events in: the registry's directory, the journal and the ingest service. It needs no
ClickHouse, and is there before everything else."""

import asyncio
from datetime import UTC, datetime

import structlog

from whipstitch.app.lost_registry import DIRECTORY_FILE, refuse_lost
from whipstitch.config.settings import Settings
from whipstitch.core.addresses import TrustedProxies
from whipstitch.core.placeholders import Placeholders
from whipstitch.core.priorities import request_low_latency, shorten_gil_switch
from whipstitch.core.worker import BackgroundWorker
from whipstitch.ingest.bulk.pool import BulkPool
from whipstitch.ingest.clients import Clients
from whipstitch.ingest.day_ids import DayIds
from whipstitch.ingest.enrichment.geoip import GeoIP
from whipstitch.ingest.enrichment.user_agent import UserAgents
from whipstitch.ingest.service import IngestService
from whipstitch.ingest.validation import answers
from whipstitch.ingest.validation.authentication import Authenticator
from whipstitch.ingest.validation.validate import Validator
from whipstitch.journal.journal import Journal
from whipstitch.registry.late import LateRegistry
from whipstitch.registry.watch import SnapshotWatch

log = structlog.get_logger(__name__)

_GEOIP_SECONDS = 1.0
_SALT_SECONDS = 1.0
_LAST_STEP_SECONDS = 0.2


class Ingestion:
    """Built at once, mending what a killed process left in the journal; ``start`` and ``detach``
    belong to the event loop's thread, ``close`` to any other."""

    def __init__(self, settings: Settings, registry: LateRegistry) -> None:
        """Raises:
        JournalError, SettingsError, RegistryError
        """
        data = settings.data_dir
        self._registry = registry
        self.placeholders = Placeholders(settings.placeholder_ids)
        self.directory = SnapshotWatch(registry, data / DIRECTORY_FILE)
        self.geoip = GeoIP(
            settings.geoip or data / "geoip" / "city.mmdb", settings.private_ip_stand_in
        )
        self.day_ids = DayIds(data / "cookieless.json", lambda: datetime.now(UTC))
        self.journal = Journal(
            data / "journal",
            durability=settings.durability,
            backlog_limit=settings.backlog_limit,
            disk_reserve=settings.disk_reserve,
        )
        self.spools = data / "spool"
        self.bulk = BulkPool(
            self.journal,
            self.spools,
            max_body=settings.max_body,
            placeholders=self.placeholders,
            directory=lambda: self.directory.current,
            max_operation=settings.max_operation,
        )
        self.authenticator = Authenticator(settings.rate_limit, settings.address_rate_limit)
        self.service = IngestService(
            clients=Clients(
                lambda: self.directory.current,
                self.authenticator,
                user_agents=UserAgents(),
                geoip=self.geoip,
                trusted_proxies=TrustedProxies.parse(settings.trusted_proxies),
                day_ids=self.day_ids,
            ),
            authenticator=self.authenticator,
            validator=Validator(
                self.journal.sequence,
                lambda: self.directory.current,
                self.placeholders,
                max_operation=settings.max_operation,
            ),
            journal=self.journal,
            bulk=self.bulk,
            max_body=settings.max_body,
            closed=answers.NOT_TAKEN_HERE if settings.only == "app" else None,
        )
        self._salt_watch = BackgroundWorker("salt watch", self._look_at_day, lambda: _SALT_SECONDS)
        self._geoip_watch = BackgroundWorker(
            "geoip watch", self._look_at_geoip, lambda: _GEOIP_SECONDS
        )
        self._geoip_said: str | None = None

        if not self.directory.recall():
            refuse_lost(registry(), settings)  # raises what else is wrong with it
            self.directory.refresh()

    def start(self) -> None:
        shorten_gil_switch()
        request_low_latency()
        self.journal.attach(asyncio.get_running_loop())

    def watch(self) -> None:
        """Keeps what it knows up to date, from now on."""
        self.directory.start()
        self._geoip_watch.start()
        self._salt_watch.start()

    def detach(self) -> None:
        """Takes nothing any more; what was answered is on the disk."""
        self.journal.detach()
        self.bulk.close()

    def close(self) -> None:
        self._geoip_watch.stop(_LAST_STEP_SECONDS)
        self._salt_watch.stop(_LAST_STEP_SECONDS)
        self.journal.close()
        self.directory.stop(_LAST_STEP_SECONDS)

    def problems(self) -> list[str]:
        """What keeps it from taking events in."""
        self.journal.has_room(0)  # looks at the disk again
        found = (self.directory.problem, self.journal.problem)
        return [problem for problem in found if problem]

    def _look_at_day(self) -> None:
        if self.day_ids.expire():
            self.service.clients.forget()
        if self.day_ids.renew(lambda day: self._registry().secret_of_day("cookieless", day)):
            self.service.clients.forget()

    def _look_at_geoip(self) -> None:
        if self.geoip.reload_if_changed():
            self.service.clients.forget()
        if self.geoip.problem != self._geoip_said:
            self._geoip_said = self.geoip.problem
            if self._geoip_said:
                log.warning("geoip_problem", problem=self._geoip_said)
            else:
                log.info("geoip_loaded")
