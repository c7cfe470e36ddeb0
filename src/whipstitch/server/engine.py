"""Every part of a running server, built and ended in order.

Starting: registry, journal (mending what a killed process left), storage (a server may be away: the
journal takes what arrives meanwhile), then the doors open. Stopping: the doors close,
the journal is sealed, the loader stores what it can in the time, the rest stays in the journal."""

import asyncio
from concurrent.futures import Future

import structlog

from whipstitch.admission.admit import Admission
from whipstitch.admission.gate import Gate
from whipstitch.admission.ids import Placeholders
from whipstitch.background import Background
from whipstitch.cohorts.keeper import CohortKeeper
from whipstitch.doors.heavy import HeavyLane
from whipstitch.doors.intake import Intake
from whipstitch.enrichment.addresses import TrustedProxies
from whipstitch.enrichment.geoip import GeoIP
from whipstitch.enrichment.user_agent import UserAgents
from whipstitch.errors import StorageError, StorageUnavailable
from whipstitch.journal.journal import Journal
from whipstitch.loader.dead_letters import DeadLetters
from whipstitch.loader.loader import Loader
from whipstitch.projects import Scope
from whipstitch.registry.store import Registry
from whipstitch.registry.watch import DirectoryWatch
from whipstitch.scheduling import be_prompt, hand_over_soon
from whipstitch.server.in_flight import InFlight
from whipstitch.server.readings import StoreReadings
from whipstitch.setting_values import local_directory
from whipstitch.settings import Settings
from whipstitch.stitching.eraser import Eraser
from whipstitch.stitching.linker import Linker
from whipstitch.stitching.maps import Maps
from whipstitch.stitching.stitcher import Leadership, Stitcher
from whipstitch.stitching.summaries import Summarizer
from whipstitch.storage.connect import Address
from whipstitch.storage.local.config import LocalSettings
from whipstitch.storage.local.supervisor import LocalClickHouse
from whipstitch.storage.store import Store

log = structlog.get_logger(__name__)

_DRAIN_SECONDS = 2.5
_LAST_STEP_SECONDS = 0.2
"""What each background job is given after that; its step may be broken off and is done again."""
_GEOIP_SECONDS = 1.0
_STORED_SECONDS = 10.0
"""How long an erasure waits for what came in before it."""
_OTHER_NODES_SECONDS = 75
"""How long a query or an insert of another node may take that began with an older person map: a
server gives an answer up after 60."""


class Engine:
    """Built at once; ``start`` and ``stop`` belong to the event loop's thread."""

    def __init__(self, settings: Settings, registry: Registry) -> None:
        """Raises:
        JournalError, StorageError, SettingsError
        """
        data = settings.data_dir
        placeholders = Placeholders(settings.placeholder_ids)
        self.registry = registry
        self.directory = DirectoryWatch(registry)
        self.geoip = GeoIP(
            settings.geoip or data / "geoip" / "city.mmdb", settings.private_ip_stand_in
        )
        self.journal = Journal(
            data / "journal",
            durability=settings.durability,
            backlog_limit=settings.backlog_limit,
            disk_reserve=settings.disk_reserve,
        )
        self.dead_letters = DeadLetters(data / "deadletters")
        self.local = _local_clickhouse(settings)
        grace = 0 if self.local else _OTHER_NODES_SECONDS
        self.maps = Maps()
        leads = Leadership(None if self.local else registry)
        linker = Linker(self.maps, leads=leads, grace=grace)
        self.store = Store(
            self.local or Address.parse(settings.clickhouse),
            durable=settings.durability == "fsync",
            retention_days=settings.retention,
            prepare=linker.prepare,
        )
        self.readings = StoreReadings(self.store, self.maps)
        self.stitcher = Stitcher(
            self.store,
            linker,
            self.maps,
            leads,
            interval=settings.stitch_interval,
            grace=grace,
        )
        self.cohorts = CohortKeeper(
            self.store, self.maps, registry, leads, interval=settings.cohort_interval
        )
        self._in_flight = InFlight(self.journal, data / "spool")
        self.eraser = Eraser(
            self.store,
            linker,
            leads,
            self._in_flight,
            self.dead_letters,
            alone=self.local is not None,
        )
        self.summarizer = Summarizer(self.store, leads)
        self.loader = Loader(self.journal, self.store, self.dead_letters, scratch=data / "scratch")
        self.heavy = HeavyLane(
            self.journal,
            data / "spool",
            max_body=settings.max_body,
            placeholders=placeholders,
            directory=lambda: self.directory.current,
        )
        self.intake = Intake(
            directory=lambda: self.directory.current,
            gate=Gate(settings.rate_limit),
            admission=Admission(
                self.journal.sequence, lambda: self.directory.current, placeholders
            ),
            journal=self.journal,
            heavy=self.heavy,
            user_agents=UserAgents(),
            geoip=self.geoip,
            trusted_proxies=TrustedProxies.parse(settings.trusted_proxies),
            max_body=settings.max_body,
        )
        self._geoip_watch = Background("geoip watch", self._look_at_geoip, lambda: _GEOIP_SECONDS)
        self._geoip_said: str | None = None
        self.fatal: StorageError | None = None
        """Why this server cannot run, whatever ClickHouse does next."""
        self._background = (
            self.cohorts,
            self.summarizer,
            self.eraser,
            self.stitcher,
            self._geoip_watch,
        )

    def start(self) -> None:
        UserAgents.warm()
        self.directory.refresh()
        self.directory.start()
        self._geoip_watch.start()
        hand_over_soon()
        be_prompt()
        self.journal.attach(asyncio.get_running_loop())
        self._in_flight.attach(asyncio.get_running_loop())
        self.store.prepare().add_done_callback(self._prepared)
        self.stitcher.start()
        self.loader.start()
        self.eraser.start()
        self.cohorts.start()
        self.summarizer.start()

    async def stop(self) -> None:
        """Ends everything, within some seconds. Nothing that was answered is lost."""
        self.journal.detach()
        await asyncio.to_thread(self._wind_down)

    def _wind_down(self) -> None:
        self.heavy.close()
        # All are told before one is waited for: each may hang on a ClickHouse that does.
        for patience in (0.0, _LAST_STEP_SECONDS):
            for part in self._background:
                part.stop(patience)
            if not patience:
                self.loader.drain(_DRAIN_SECONDS)
        self.journal.close()
        self.store.close()
        if self.local is not None:
            self.local.stop()
        self.directory.stop(_LAST_STEP_SECONDS)

    @property
    def storage_problem(self) -> str | None:
        """Why ClickHouse takes nothing."""
        return self.store.problem or self.loader.problem or self.maps.problem

    def problems(self) -> list[str]:
        """What keeps the server from accepting and storing."""
        self.journal.has_room(0)  # looks at the disk again
        found = (self.directory.problem, self.journal.problem, self.storage_problem)
        return [problem for problem in found if problem]

    async def undo(self, scope: Scope, alias_id: str) -> bool:
        """Takes the link of an id away, as of now; False: it has none. Reads know it on return."""
        accepted = self.journal.sequence.take(1)
        return await asyncio.wrap_future(self.stitcher.undo(scope, alias_id, accepted))

    async def erase(self, scope: Scope, id_: str) -> str | None:
        """Erases the person who has an id, as of now; the erasure's id, None: nobody has it. Reads
        know it on return.

        Raises:
            StorageUnavailable: what came in before is not stored yet, and nothing is erased.
        """
        accepted = self.journal.sequence.take(1)
        if not await asyncio.to_thread(self._in_flight.await_stored, _STORED_SECONDS):
            raise StorageUnavailable(
                "What was accepted before is still being stored, so nothing is erased yet. "
                "Try again in some seconds, or see what `/ready` says."
            )
        erasure = await asyncio.wrap_future(self.eraser.erase(scope, id_, accepted))
        return erasure.id if erasure else None

    def rewrite_now(self) -> None:
        """Asks for the rewrite of what waits."""
        self.stitcher.rewrite_now()

    def _prepared(self, done: Future[None]) -> None:
        error = done.exception()
        if isinstance(error, StorageError) and not isinstance(error, StorageUnavailable):
            self.fatal = error

    def _look_at_geoip(self) -> None:
        if self.geoip.reload_if_changed():
            self.intake.forget_callers()
        if self.geoip.problem != self._geoip_said:
            self._geoip_said = self.geoip.problem
            if self._geoip_said:
                log.warning("geoip_problem", problem=self._geoip_said)
            else:
                log.info("geoip_loaded")


def _local_clickhouse(settings: Settings) -> LocalClickHouse | None:
    """The child, started; None: the settings name a server."""
    directory = local_directory(settings.clickhouse)
    if directory is None:
        return None
    local = LocalClickHouse(
        LocalSettings(
            directory,
            listen=settings.clickhouse_listen,
            http_port=settings.clickhouse_http_port,
            native_port=settings.clickhouse_native_port,
            memory=settings.clickhouse_memory,
            binary=settings.clickhouse_binary,
        )
    )
    local.start()
    return local
