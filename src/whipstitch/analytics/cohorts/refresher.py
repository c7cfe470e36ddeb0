"""The keeper of cohorts: every change of members, one at a time, and the refresh of dynamic ones.

All of it is done where the storage works at leisure, on one thread, so that a change finds what the
one before it left."""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from graphlib import TopologicalSorter
from typing import Final

import structlog

from whipstitch.analytics.cohorts import definitions, members
from whipstitch.analytics.people.selection import Select
from whipstitch.analytics.session import VirtualSource, as_sent
from whipstitch.core.errors import UnknownCohort, WhipstitchError
from whipstitch.core.worker import BackgroundWorker
from whipstitch.identity.person_map import MapSource
from whipstitch.registry.cohorts import Cohorts
from whipstitch.registry.values import Cohort
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.errors import limited, translated
from whipstitch.warehouse.store import Store

log = structlog.get_logger(__name__)

_LOOK_SECONDS: Final = 5.0
"""How often to look which cohorts are due."""
_SWEEP_SECONDS: Final = 60.0


class CohortRefresher:
    """``leads`` tells whether this node refreshes in the background, every ``interval`` seconds;
    what it is asked to do any node does."""

    def __init__(
        self,
        store: Store,
        maps: MapSource,
        registry: Cohorts,
        leads: Callable[[], int],
        *,
        interval: float,
        virtuals: VirtualSource = as_sent,
    ) -> None:
        self.failures = 0
        """Refreshes that failed. Written by one thread at a time."""
        self._store = store
        self._maps = maps
        self._registry = registry
        self._leads = leads
        self._virtuals = virtuals
        self._interval = timedelta(seconds=interval)
        self._number = 0
        self._refreshing: dict[str, int] = {}
        self._counting = threading.Lock()
        self._swept = -_SWEEP_SECONDS
        self._work = BackgroundWorker("keeper of cohorts", self._turn, self._pause)
        self.start = self._work.start
        self.stop = self._work.stop

    def is_refreshing(self, cohort_id: str) -> bool:
        """Whether a refresh is asked for or under way on this node."""
        return self._refreshing.get(cohort_id, 0) > 0

    def refresh(self, cohort_id: str) -> Future[None]:
        """Works the members of a dynamic cohort out anew. What goes wrong is noted with the cohort,
        which keeps its members."""
        done: Future[None] = Future()

        def settle(refreshed: Future[datetime]) -> None:
            try:
                self._note(cohort_id, refreshed)
            except BaseException as error:
                self._count(cohort_id, -1)
                done.set_exception(error)
            else:
                self._count(cohort_id, -1)
                done.set_result(None)

        self._count(cohort_id, 1)
        self._store.run_in_background(
            lambda client: self._refresh(client, cohort_id)
        ).add_done_callback(settle)
        return done

    def replace(self, cohort: Cohort, select: Select) -> Future[None]:
        """Makes the people selected the members of a static cohort."""
        return self._store.run_in_background(lambda client: self._select(client, cohort, select))

    def replace_by_ids(self, cohort: Cohort, ids: Sequence[str]) -> Future[None]:
        """Makes those whom ``ids`` name the members of a static cohort."""
        return self._store.run_in_background(
            lambda client: members.replace_by_ids(
                client, cohort.scope, cohort.id, self._next_number(), ids
            )
        )

    def add(self, cohort: Cohort, ids: Sequence[str]) -> Future[None]:
        return self._store.run_in_background(
            lambda client: members.add(client, cohort.scope, cohort.id, ids, self._next_number())
        )

    def remove(self, cohort: Cohort, ids: Sequence[str]) -> Future[None]:
        return self._store.run_in_background(lambda client: self._remove(client, cohort, ids))

    def sweep(self) -> Future[int]:
        """Deletes members that nobody can see any more."""
        return self._store.run_in_background(
            lambda client: members.sweep(client, self._registry.cohort_ids)
        )

    # Where the storage works at leisure

    def _refresh(self, client: Client, cohort_id: str) -> datetime:
        """The moment that the members are of."""
        cohort = self._registry.any_cohort(cohort_id)
        virtuals = self._virtuals(cohort.scope.project_id)
        now = datetime.now(UTC)
        definition = virtuals.resolved(definitions.parse(cohort.definition))
        self._select(client, cohort, definitions.selecting(definition, now))
        return now

    def _note(self, cohort_id: str, refreshed: Future[datetime]) -> None:
        try:
            at, problem = refreshed.result(), None
        except UnknownCohort:
            return
        except WhipstitchError as error:
            self.failures += 1
            at, problem = datetime.now(UTC), str(error)
            log.warning("cohort_not_refreshed", cohort=cohort_id, problem=problem)
        self._registry.note_refresh(cohort_id, at, problem)

    def _select(self, client: Client, cohort: Cohort, select: Select) -> None:
        number = self._next_number()
        with self._maps.hold() as generation, translated(), limited():
            people = select(generation.of(cohort.scope))
            members.replace(client, cohort.scope, generation.number, cohort.id, number, people)

    def _remove(self, client: Client, cohort: Cohort, ids: Sequence[str]) -> None:
        number = self._next_number()
        with self._maps.hold() as generation:
            members.remove(client, cohort.scope, generation.number, cohort.id, ids, number)

    def _next_number(self) -> int:
        self._number = max(time.time_ns() // 1000, self._number + 1)
        return self._number

    # On the keeper's thread

    def _pause(self) -> float:
        return min(_LOOK_SECONDS, self._interval.total_seconds())

    def _turn(self) -> None:
        if not self._leads() or self._maps.problem:
            return
        self._refresh_due()
        if time.monotonic() - self._swept >= _SWEEP_SECONDS:
            self.sweep().result()
            self._swept = time.monotonic()

    def _refresh_due(self) -> None:
        for cohort in in_order(self._registry.dynamic_cohorts()):
            due = cohort.tried_at is None or datetime.now(UTC) - cohort.tried_at >= self._interval
            if not due or self.is_refreshing(cohort.id):
                continue
            began = time.monotonic()
            self.refresh(cohort.id).result()
            # Of the machine's time no more than half goes into this, however many there are.
            if self._work.rest(time.monotonic() - began) or not self._leads():
                return

    def _count(self, cohort_id: str, more: int) -> None:
        with self._counting:
            count = self._refreshing.pop(cohort_id, 0) + more
            if count:
                self._refreshing[cohort_id] = count


def in_order(cohorts: Iterable[Cohort]) -> list[Cohort]:
    """Each after those that its definition refers to."""
    by_id = {one.id: one for one in cohorts}
    graph = {one.id: [id_ for id_ in one.uses if id_ in by_id] for one in by_id.values()}
    return [by_id[id_] for id_ in TopologicalSorter(graph).static_order()]
