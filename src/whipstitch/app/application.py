"""Every part of a running server but those that take events in (``ingestion``): what stores them,
and what makes something of them. ClickHouse may be away: the journal takes what arrives
meanwhile."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import structlog

from whipstitch.analytics.cohorts.refresher import CohortRefresher
from whipstitch.analytics.people.activity_summaries import ActivitySummarizer
from whipstitch.analytics.session import SessionFactory
from whipstitch.app.acceptance_watch import AcceptanceWatch
from whipstitch.app.damage_watch import DamageWatch
from whipstitch.app.ingestion import Ingestion
from whipstitch.app.node_name import node_name
from whipstitch.app.node_watch import NodeWatch
from whipstitch.app.rejection_keeper import RejectionKeeper
from whipstitch.app.watchdog import StorageProgress
from whipstitch.config.setting_values import local_directory
from whipstitch.config.settings import Settings
from whipstitch.core.errors import (
    MendingDied,
    RegistryError,
    SettingsError,
    StorageError,
    StorageUnavailable,
)
from whipstitch.core.projects import Scope
from whipstitch.identity.erasure import records
from whipstitch.identity.erasure.records import ErasureRecord
from whipstitch.identity.erasure.worker import ErasureWorker
from whipstitch.identity.linker import Linker
from whipstitch.identity.map_generations import PersonMaps
from whipstitch.identity.seal import Seal
from whipstitch.identity.stitcher import Leadership, Stitcher
from whipstitch.ingest.durability_barrier import DurabilityBarrier
from whipstitch.journal.dead_letters import DeadLetters
from whipstitch.journal.segments import is_piece
from whipstitch.loader.bisect import Salvage, mend_segment
from whipstitch.loader.inserts import Inserts
from whipstitch.loader.loader import Loader
from whipstitch.loader.repeats import Found, Repeats
from whipstitch.registry.acceptance import Acceptance
from whipstitch.registry.store import Registry
from whipstitch.registry.watch import SnapshotWatch
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.local.config import LocalSettings
from whipstitch.warehouse.local.supervisor import LocalClickHouse
from whipstitch.warehouse.maintenance import retention
from whipstitch.warehouse.servers import Servers
from whipstitch.warehouse.store import Store
from whipstitch.web.api.erasures import FILES

log = structlog.get_logger(__name__)

_DRAIN_SECONDS = 2.5
_LAST_STEP_SECONDS = 0.2
"""What each background job is given after that; its step may be broken off and is done again."""
_STORED_SECONDS = 10.0
"""How long an erasure, or an undo, waits for what came in before it."""
_LOOK_SECONDS = 0.25
_NODE_IS_THERE = timedelta(seconds=15)
"""A node that said so long ago how far it had come is there."""
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
        self.local = _local_clickhouse(settings, ingestion.directory)
        self._stores = settings.only != "app" or self.local is not None
        if not self._stores:
            _refuse_rows(ingestion)
        grace = 0 if self.local else _OTHER_NODES_SECONDS
        self.maps = PersonMaps()
        leads = Leadership(None if self.local else registry)
        self._record = ErasureRecord(Seal(lambda: registry.secret(records.IN_REGISTRY)))
        linker = Linker(self.maps, self._record, leads=leads, grace=grace)
        clickhouse = self.local or _servers(settings)
        self.acceptance = Acceptance(
            "" if self.local else node_name(data), None if self.local else registry
        )

        def bring_up(client: Client) -> None:
            if self._stores:
                _refuse_shared_file(registry, self.acceptance.name)
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
        self.readings = SessionFactory(self.store, self.maps)
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
            self.store, self.maps, registry, leads, interval=settings.cohort_interval
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
            ingestion.gate.divide,
        )
        self.rejections = RejectionKeeper(registry, ingestion.intake.rejections)
        self._background = (
            self.rejections,
            self.node_watch,
            self.acceptance_watch,
            self.damage,
            self.cohorts,
            self.summarizer,
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
            return self.ingestion.heavy.do(mend_segment, segment, mended)
        except BrokenProcessPool:
            raise MendingDied("The process that was mending rows has ended.") from None
        except RuntimeError as error:
            raise StorageUnavailable(str(error)) from None

    def _tell_repeats(self, found: Found) -> None:
        """On the thread that loads; what was refused and dropped is counted on the event loop's."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self.ingestion.intake.note_repeats, found)

    async def undo(self, scope: Scope, alias_id: str) -> bool:
        """Takes the link of an id away, as of now; False: it has none. Reads know it on return.

        Raises:
            StorageUnavailable: what came in before is not stored yet, and nothing is undone.
        """
        accepted = await self._when_stored(scope, "undone")
        return await asyncio.wrap_future(self.stitcher.undo(scope, alias_id, accepted))

    async def erase(self, scope: Scope, id_: str) -> str | None:
        """Erases the person who has an id, as of now; the erasure's id, None: nobody has it. Reads
        know it on return.

        Raises:
            StorageUnavailable: what came in before is not stored yet, and nothing is erased.
        """
        accepted = await self._when_stored(scope, "erased")
        erasure = await asyncio.wrap_future(self.eraser.erase(scope, id_, accepted))
        return erasure.id if erasure else None

    async def waits_for(self, accepted: int) -> list[str]:
        """What an erasure up to that acceptance waits for, as sentences."""
        return await asyncio.to_thread(self._waits_for, accepted)

    def _waits_for(self, accepted: int) -> list[str]:
        behind = [
            f"The node {one.name}, last seen {one.seen_at:%Y-%m-%d %H:%M:%S} UTC, has not stored "
            "all it accepted before, or not looked through its dead letters. Where it will not "
            f"come back: `whipstitch cluster forget {one.name}`."
            for one in self.acceptance.unready(accepted)
        ]
        away = [
            f"ClickHouse's host {name} does not answer: it may have traces on its disk."
            for name in self.store.hosts_away()
        ]
        problem = self.eraser.problem
        return [*behind, *away] or [problem or FILES]

    async def _when_stored(self, scope: Scope, done: str) -> int:
        """The number of an operation of now, once all that a scope sent before is stored.

        Raises:
            StorageUnavailable: it is not, so nothing is ``done``.
        """
        accepted = self.ingestion.journal.sequence.take(1)
        if self._stores:
            stored = partial(self.loader.has_stored, scope=scope)
            wait = partial(self._in_flight.await_stored, _STORED_SECONDS, stored)
        else:
            wait = partial(self._await_others, accepted)
        if not await asyncio.to_thread(wait):
            raise StorageUnavailable(
                f"What was accepted before is still being stored, so nothing is {done} yet. "
                "Try again in some seconds, or see what `/ready` says."
            )
        return accepted

    def _await_others(self, accepted: int) -> bool:
        """Waits until the nodes that take events have stored what they accepted before. False: one
        that is there has not, after some seconds."""
        until = time.monotonic() + _STORED_SECONDS
        while self._others_are_behind(accepted):
            if time.monotonic() > until:
                return False
            time.sleep(_LOOK_SECONDS)
        return True

    def _others_are_behind(self, accepted: int) -> bool:
        """Those of them that are there."""
        now = datetime.now(UTC)
        return any(now - one.seen_at < _NODE_IS_THERE for one in self.acceptance.behind(accepted))

    def rewrite_now(self) -> None:
        """Asks for the rewrite of what waits."""
        self.stitcher.rewrite_now()


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


def _local_clickhouse(settings: Settings, directory: SnapshotWatch) -> LocalClickHouse | None:
    """The child, started; None: the settings name a server."""
    path = local_directory(settings.clickhouse)
    if path is None:
        return None
    local = LocalClickHouse(
        LocalSettings(
            path,
            listen=settings.clickhouse_listen,
            http_port=settings.clickhouse_http_port,
            native_port=settings.clickhouse_native_port,
            memory=settings.clickhouse_memory,
            binary=settings.clickhouse_binary,
        )
    )
    directory.follow(lambda known: local.set_users(known.sql_users))
    local.start()
    return local


def _servers(settings: Settings) -> Servers:
    return Servers.parse(
        settings.clickhouse, settings.clickhouse_cluster, settings.clickhouse_quorum
    )


def _refuse_rows(ingestion: Ingestion) -> None:
    """Raises SettingsError where rows wait that a node which takes none would never store."""
    if waiting := ingestion.journal.sealed():
        raise SettingsError(
            f"Rows of an earlier run wait in {waiting[0].parent}. Start once without --only, or "
            "with --only ingest, until they are stored (whipstitch_journal_bytes is 0)."
        )


def _refuse_shared_file(registry: Registry, node: str) -> None:
    """Raises StorageError where the registry is a file that another node uses, too."""
    now = datetime.now(UTC)
    others = [
        one.name
        for one in registry.list_nodes()
        if one.name != node and now - one.seen_at < _NODE_IS_THERE
    ]
    if node and others and registry.is_file:
        raise StorageError(
            f"Another node ({others[0]}) uses the same registry, which is a file of SQLite: "
            "several nodes need one in PostgreSQL (--database). Where that node is no more, start "
            f"again in {_NODE_IS_THERE.seconds} seconds."
        )
