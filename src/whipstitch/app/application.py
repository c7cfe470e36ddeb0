"""Every part of a running server but those that take events in (``ingestion``): what stores them,
and what makes something of them. ClickHouse may be away: the journal takes what arrives
meanwhile."""

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import structlog

from whipstitch.analytics.cohorts.refresher import CohortRefresher
from whipstitch.analytics.people.activity_summaries import ActivitySummarizer
from whipstitch.analytics.session import SessionFactory
from whipstitch.analytics.sessions.piece_steps import SessionSummarizer
from whipstitch.analytics.virtual_names import virtuals_in
from whipstitch.app.acceptance_watch import AcceptanceWatch
from whipstitch.app.clickhouse import servers_of, start_local
from whipstitch.app.corrections import Corrections
from whipstitch.app.damage_watch import DamageWatch
from whipstitch.app.ingestion import Ingestion
from whipstitch.app.node_name import node_name
from whipstitch.app.node_rules import refuse_rows, refuse_shared_file
from whipstitch.app.node_watch import NodeWatch
from whipstitch.app.rejection_keeper import RejectionKeeper
from whipstitch.app.watchdog import StorageProgress
from whipstitch.config.settings import Settings
from whipstitch.core.errors import (
    MendingDied,
    RegistryError,
    StorageError,
    StorageUnavailable,
)
from whipstitch.identity.erasure import records
from whipstitch.identity.erasure.records import ErasureRecord
from whipstitch.identity.erasure.worker import ErasureWorker
from whipstitch.identity.leadership import Leadership
from whipstitch.identity.linker import Linker
from whipstitch.identity.map_generations import PersonMaps
from whipstitch.identity.seal import Seal
from whipstitch.identity.stitcher import Stitcher
from whipstitch.ingest.durability_barrier import DurabilityBarrier
from whipstitch.journal.dead_letters import DeadLetters
from whipstitch.journal.segments import is_piece
from whipstitch.loader.bisect import Salvage, mend_segment
from whipstitch.loader.inserts import Inserts
from whipstitch.loader.loader import Loader
from whipstitch.loader.repeats import Found, Repeats
from whipstitch.registry.acceptance import Acceptance
from whipstitch.registry.store import Registry
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.maintenance import retention
from whipstitch.warehouse.store import Store

log = structlog.get_logger(__name__)

_DRAIN_SECONDS = 2.5
_LAST_STEP_SECONDS = 0.2
"""What each background job is given after that; its step may be broken off and is done again."""
_OTHER_NODES_SECONDS = 75
"""How long a query or an insert of another node may take that began with an older person map: a
server gives an answer up after 60."""


class Application:
    """Built at once, off the event loop's thread; ``start`` belongs to that one, ``stop`` to any
    other."""

    def __init__(self, settings: Settings, registry: Registry, ingestion: Ingestion) -> None:
        """Raises:
        StorageError, SettingsError
        """
        data = settings.data_dir
        self.registry = registry
        self.ingestion = ingestion
        self.dead_letters = DeadLetters(data / "deadletters")
        self.local = start_local(settings, ingestion.directory)
        self._stores = settings.only != "app" or self.local is not None
        if not self._stores:
            refuse_rows(ingestion.journal)
        grace = 0 if self.local else _OTHER_NODES_SECONDS
        self.maps = PersonMaps()
        leads = Leadership(None if self.local else registry)
        self._record = ErasureRecord(Seal(lambda: registry.secret(records.IN_REGISTRY)))
        linker = Linker(self.maps, self._record, leads=leads, grace=grace)
        clickhouse = self.local or servers_of(settings)
        self.acceptance = Acceptance(
            "" if self.local else node_name(data), None if self.local else registry
        )

        def bring_up(client: Client) -> None:
            if self._stores:
                refuse_shared_file(registry, self.acceptance.name)
                self.acceptance.join()
            else:
                self.acceptance.leave()
            self.acceptance.summarized(retention.summarized_until(client))
            linker.bring_up(client)

        self.store = Store(
            clickhouse,
            durable=settings.durability == "fsync",
            retention_days=settings.retention,
            bring_up=bring_up,
        )
        virtuals = virtuals_in(registry)
        self.readings = SessionFactory(self.store, self.maps, virtuals)
        self.stitcher = Stitcher(
            self.store,
            linker,
            self.maps,
            leads,
            interval=settings.stitch_interval,
            grace=grace,
            clustered=bool(settings.clickhouse_cluster),
        )
        self.cohorts = CohortRefresher(
            self.store,
            self.maps,
            registry,
            leads,
            interval=settings.cohort_interval,
            virtuals=virtuals,
        )
        self._in_flight = DurabilityBarrier(ingestion.journal, ingestion.spools)
        self.eraser = ErasureWorker(
            self.store,
            linker,
            self._record,
            leads,
            self.acceptance,
            self.dead_letters,
            alone=self.local is not None,
        )
        self.summarizer = ActivitySummarizer(self.store, leads, self.acceptance)
        self.session_summarizer = SessionSummarizer(
            self.store, leads, self.acceptance, alone=self.local is not None
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        days = settings.deduplication_days
        repeats = (
            Repeats(
                days,
                in_background=self.store.run_in_background if self.local else None,
                told=self._tell_repeats,
            )
            if days
            else None
        )
        self.inserts = Inserts(self.store, linker, self.acceptance, repeats)
        self.loader = Loader(
            ingestion.journal,
            self.inserts,
            self.dead_letters,
            scratch=data / "scratch",
            largest_row=settings.largest_row,
            most_refused=settings.dead_letter_limit,
            mend=self._mend,
            runs=lambda: self.local.starts if self.local else 0,
        )
        self.damage = DamageWatch(
            self.store, lambda: {project.id for project in registry.list_projects()}
        )
        self.acceptance_watch = AcceptanceWatch(
            self.acceptance,
            self._in_flight,
            ingestion.journal.sequence,
            alone=self.local is not None,
        )
        self.node_watch = NodeWatch(
            self.acceptance.name,
            registry if self._stores and not self.local else None,
            ingestion.authenticator.divide,
        )
        self.corrections = Corrections(
            ingestion.journal.sequence,
            self._in_flight,
            self.loader if self._stores else None,
            self.acceptance,
            self.stitcher,
            self.eraser,
            self.store,
            ingestion.placeholders,
        )
        self.rejections = RejectionKeeper(registry, ingestion.service.rejections)
        self._background = (
            self.rejections,
            self.node_watch,
            self.acceptance_watch,
            self.damage,
            self.cohorts,
            self.summarizer,
            self.session_summarizer,
            self.eraser,
            self.stitcher,
        )

    def start(self, failed: Callable[[StorageError], None]) -> None:
        """``failed`` is told why this server cannot run, whatever ClickHouse does next."""

        def prepared(done: Future[None]) -> None:
            error = done.exception()
            if isinstance(error, StorageError) and not isinstance(error, StorageUnavailable):
                failed(error)

        self._loop = asyncio.get_running_loop()
        self._in_flight.attach(self._loop)
        self.store.prepare().add_done_callback(prepared)
        self.stitcher.start()
        self.rejections.start()
        if self._stores:
            self.loader.start()
            self.acceptance_watch.start()
            self.node_watch.start()
        self.eraser.start()
        self.cohorts.start()
        self.summarizer.start()
        self.session_summarizer.start()
        self.damage.start()

    def stop(self) -> None:
        """Ends everything, within some seconds. What could not be stored stays in the journal."""
        # All are told before one is waited for: each may hang on a ClickHouse that does.
        drained = not self._stores
        for patience in (0.0, _LAST_STEP_SECONDS):
            for part in self._background:
                part.stop(patience)
            if not patience and self._stores:
                drained = self.loader.drain(_DRAIN_SECONDS)
        if drained:
            with contextlib.suppress(RegistryError):  # it stays listed, and goes on next time
                self.acceptance.leave()
        self.store.close()
        if self.local is not None:
            self.local.stop()

    @property
    def storage_problem(self) -> str | None:
        """Why ClickHouse takes nothing."""
        return self.store.problem or self.loader.problem or self.maps.problem

    @property
    def rows(self) -> StorageProgress:
        """The way of rows into storage, for the watchdog."""
        return LoadingProgress(self)

    def problems(self) -> list[str]:
        """What keeps the server from accepting and storing."""
        storage = self.storage_problem
        return [*self.ingestion.problems(), *([storage] if storage else [])]

    def warnings(self) -> list[str]:
        """What an operator should look at, though the server accepts and stores."""
        damaged = self.dead_letters.damaged()
        kept = f"Parts of {len(damaged)} damaged journal segments are kept as "
        told = [f"{kept}{damaged[0].parent}/*{damaged[0].suffix}."] if damaged else []
        lost = self._record.lost
        told += [records.said_lost(lost)] if lost else []
        if crashed := self.dead_letters.crashed():
            told.append(
                f"Rows that ended a process when they were loaded ({len(crashed)}) are set aside "
                f"in {crashed[0].parent}: `whipstitch deadletters list` says more."
            )
        if any(map(is_piece, self.ingestion.journal.sealed())):
            told.append(
                "A part of the journal ended a process again and again when it was loaded. It is "
                "loaded in pieces, until the row at fault is found; the log says more."
            )
        told += self.acceptance_watch.warnings
        return [*self.ingestion.journal.warnings, *told, *self.damage.warnings]

    def _mend(self, segment: Path, mended: Path) -> Salvage:
        """Beside the server: what mends a row takes many times its size."""
        try:
            return self.ingestion.bulk.do(mend_segment, segment, mended)
        except BrokenProcessPool:
            raise MendingDied("The process that was mending rows has ended.") from None
        except RuntimeError as error:
            raise StorageUnavailable(str(error)) from None

    def _tell_repeats(self, found: Found) -> None:
        """On the thread that loads; what was refused and dropped is counted on the event loop's."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self.ingestion.service.note_repeats, found)


class LoadingProgress:
    """See ``StorageProgress``."""

    def __init__(self, engine: Application) -> None:
        self._engine = engine

    def oldest_seconds(self) -> float:
        return self._engine.ingestion.journal.oldest_seconds

    def excuse(self) -> str | None:
        return self._engine.storage_problem or self._engine.ingestion.journal.problem

    def progress(self) -> object:
        return self._engine.loader.turns, self._engine.inserts.sent
