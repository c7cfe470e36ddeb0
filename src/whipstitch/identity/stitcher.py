"""The stitcher: a thread that keeps the links up to date and has the rows rewritten."""

import time
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import structlog

from whipstitch.core.errors import StorageUnreachable
from whipstitch.core.histogram import Histogram
from whipstitch.core.projects import Scope
from whipstitch.core.worker import BackgroundWorker
from whipstitch.identity import backfill, map_generations, rewrite, sql_readers
from whipstitch.identity.forest import Operation
from whipstitch.identity.leadership import Leadership
from whipstitch.identity.linker import Linker
from whipstitch.identity.map_generations import PersonMaps
from whipstitch.identity.person_map import PersonMap
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.maintenance import apply_patches
from whipstitch.warehouse.store import Store

log = structlog.get_logger(__name__)

_LOOK_SECONDS: Final = 1.0
"""How often a node looks what the others did."""
_LONGEST_BACKOFF: Final = 5.0
_REST: Final = 20
"""Seconds between two rewrites for each that working in the patches takes."""
_LONGEST_REST: Final = 240.0
"""Seconds: rows are promised to be rewritten within five minutes."""
_SQL_LOOK_SECONDS: Final = 0.1
_SQL_PATIENCE: Final = 75.0
"""Seconds after which a statement of a BI tool is no longer waited for: Whipstitch's own ClickHouse
ends them after 60."""


@dataclass(slots=True)
class StitchStats:
    """Written by the stitcher's thread only."""

    runs: int = 0
    rows: int = 0
    """Rows rewritten."""
    seconds: Histogram = field(default_factory=Histogram)
    """How long a run took that had something to rewrite."""
    failures: int = 0
    rows_left: int = 0
    """Rows that the present run has still to rewrite."""


class Stitcher:
    """Rewrites every ``interval`` seconds, less often where much has to be gone through for it, and
    when asked to. ``grace`` is how many seconds other nodes may use an older map or load with
    older links: 0 where there are none."""

    def __init__(
        self,
        store: Store,
        linker: Linker,
        published: PersonMaps,
        leads: Leadership,
        *,
        interval: float,
        grace: int,
        clustered: bool = False,
    ) -> None:
        """``clustered``: ClickHouse has hosts that may go away and come back."""
        self._clustered = clustered
        self.stats = StitchStats()
        self._store = store
        self._linker = linker
        self._maps = published
        self._leads = leads
        self._interval = interval
        self._grace = grace
        self._due = time.monotonic() + interval
        self._asked = False
        self._filled = False
        self._work = BackgroundWorker("stitcher", self._turn, self._pause, leads.leave)
        self.start = self._work.start
        self.stop = self._work.stop

    @property
    def problem(self) -> str | None:
        """Why rows are not being rewritten at the moment, for a person."""
        return self._work.problem

    def rewrite_now(self) -> None:
        """Asks for a run, which begins at once if this node is the one that rewrites."""
        self._asked = True
        self._work.wake()

    def undo(self, scope: Scope, alias_id: str, accepted: int) -> Future[bool]:
        """Takes the link of an id away, as of an acceptance number. False to come: it has none."""
        return self._store.run_on_writer(
            lambda client: self._linker.undo(client, scope, alias_id, accepted)
        )

    def merge(self, scope: Scope, alias: Operation, by: str) -> Future[None]:
        """Takes an alias that somebody said here."""
        return self._store.run_on_writer(
            lambda client: self._linker.merge(client, scope, alias, by)
        )

    # Inside, on the stitcher's thread

    def _pause(self) -> float:
        """Seconds until the next turn."""
        if self._work.failures:
            backoff: float = _LOOK_SECONDS * 2 ** min(self._work.failures - 1, 10)
            return min(_LONGEST_BACKOFF, backoff)
        if not self._leads():
            return _LOOK_SECONDS
        rest = 0.0 if self._asked else max(0.0, self._due - time.monotonic())
        return min(rest, _LOOK_SECONDS) if self._grace else rest

    def _turn(self) -> None:
        try:
            self._keep_up()
        except Exception:
            self.stats.failures += 1
            self._asked = True  # what was to be rewritten is tried again
            raise

    def _keep_up(self) -> None:
        self._leads.renew()
        if not self._leads():
            self._maps.publish(self._store.run_in_background(map_generations.latest).result())
            return
        with self._leads.kept():
            self._lead()

    def _lead(self) -> None:
        if self._grace or self._maps.problem:
            self._store.run_on_writer(self._linker.catch_up).result()
        if self._clustered:
            self._store.run_on_writer(self._linker.spread).result()
        if self._asked or time.monotonic() >= self._due:
            self._asked = False
            self._due = time.monotonic() + self._interval
            seconds = self._rewrite() / apply_patches.ROWS_A_SECOND
            rest = min(_REST * seconds, _LONGEST_REST)
            self._due = max(self._due, time.monotonic() + rest)

    def _rewrite(self) -> int:
        """Returns how many rows have then to be gone through to work the patches in."""
        term = self._leads()
        with self._maps.hold(self._settled_map()) as known:
            self._maps.await_readers_before(known.number)
            if known.table and not self._await_sql_readers():
                return 0
            began = time.monotonic()
            steps = self._store.run_in_background(partial(rewrite.steps, known=known)).result()
            self.stats.rows_left = rows = sum(step.rows for step in steps)
            for step in steps:
                if self._work.stopping or self._leads() != term:
                    return 0
                self._store.run_in_background(
                    partial(rewrite.take, known=known, step=step)
                ).result()
                self.stats.rows += step.rows
                self.stats.rows_left -= step.rows
            # At once: until patches are worked in, they slow reads down.
            patched = self._store.run_in_background(apply_patches.work_in).result()
            if known.table and not self._await_sql_readers():
                return 0
        if not self._store.run_in_background(_is_everywhere).result():
            return 0
        settled = self._store.run_on_writer(
            lambda client: self._linker.settle(client, known.number)
        ).result()
        if not self._filled:
            self._filled = not self._store.run_in_background(backfill.go_on).result()
        self.stats.runs += 1
        if settled:
            seconds = time.monotonic() - began
            self.stats.seconds.observe(seconds)
            log.info("stitched", ids=settled, rows=rows, seconds=round(seconds, 3))
        return sum(patched.values())

    def _await_sql_readers(self) -> bool:
        """Until no statement of a BI tool runs that runs now. False: this is to stop first."""
        began = time.monotonic()
        running = self._store.run_in_background(sql_readers.running).result()
        while running and time.monotonic() - began < _SQL_PATIENCE:
            if self._work.rest(_SQL_LOOK_SECONDS):
                return False
            running &= self._store.run_in_background(sql_readers.running).result()
        return bool(self._leads())

    def _settled_map(self) -> PersonMap | None:
        """The newest map that every read and load of every node has known for long enough. None:
        where there are no others, the one in force."""
        if not self._grace:
            return None
        return self._store.run_in_background(
            partial(map_generations.latest, seconds=self._grace)
        ).result()


def _is_everywhere(client: Client) -> bool:
    """Whether every replica has the rows as they were rewritten. One that is away has not: what it
    shows when it comes back, the map still tells."""
    try:
        client.await_replicas(client.events, all_of_them=True)
    except StorageUnreachable as error:
        log.warning("stitch_waits_for_host", problem=str(error))
        return False
    return True
