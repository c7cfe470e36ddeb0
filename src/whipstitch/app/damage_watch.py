"""Looks whether all that was stored can still be read, and whose it is."""

import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Final

import structlog

from whipstitch.core.errors import StorageUnavailable
from whipstitch.core.worker import BackgroundWorker
from whipstitch.warehouse import damage
from whipstitch.warehouse.damage import SetAsidePart, StorageDamage
from whipstitch.warehouse.store import Store

log = structlog.get_logger(__name__)

_SECONDS: Final = 30.0
_AWAY_SECONDS: Final = 2.0
_REST: Final = 20
"""Times as long as a check of all parts took there is none: each question that fails asks for
one."""


class DamageWatch:
    """A thread that asks ClickHouse now and then. ``found`` is what it knows. To see which part is
    damaged it reads them all, but only after a read or a merge has failed."""

    def __init__(self, store: Store, projects: Callable[[], set[str]]) -> None:
        """``projects``: the ids that the registry knows."""
        self.found = StorageDamage()
        self._store = store
        self._projects = projects
        self._stored: set[str] | None = None
        self._failed = 0
        self._checks_again = 0.0
        self._work = BackgroundWorker("damage watch", self._turn, self._pause)
        self.start = self._work.start
        self.stop = self._work.stop

    @property
    def warnings(self) -> list[str]:
        """For a person, with what to do."""
        return list(damage.told(self.found))

    # Inside, on the thread

    def _pause(self) -> float:
        return _AWAY_SECONDS if self._work.failures else _SECONDS

    def _turn(self) -> None:
        set_aside = self._store.run_in_background(damage.set_aside).result()
        self._tell(StorageDamage(set_aside, self._damaged(), self._unknown()))

    def _damaged(self) -> tuple[SetAsidePart, ...]:
        failed = self._store.run_in_background(damage.failed_reads).result()
        parts = self._store.run_in_background(damage.parts).result()
        known = tuple(part for part in self.found.damaged if part in parts)
        if failed in (0, self._failed):  # none, of another run, or no more than before
            self._failed = failed
            return known
        began = time.monotonic()
        if began < self._checks_again:
            return known
        damaged = tuple(part for part in parts if self._is_damaged(part))
        self._checks_again = began + _REST * (time.monotonic() - began)
        # What was just looked at in vain counts, too.
        self._failed = self._store.run_in_background(damage.failed_reads).result()
        return damaged

    def _unknown(self) -> tuple[str, ...]:
        if self._stored is None:
            # Once: it reads a column of all events, and no others' come later.
            with suppress(StorageUnavailable):  # that column may be what is damaged
                self._stored = self._store.run_in_background(damage.projects).result()
        return tuple(sorted(self._stored - self._projects())) if self._stored else ()

    def _is_damaged(self, part: SetAsidePart) -> bool:
        if self._work.stopping:
            raise StorageUnavailable("The server ends.")
        try:
            return self._store.run_in_background(partial(damage.is_damaged, part=part)).result()
        except StorageUnavailable as error:
            # One that is too large to be checked in time must not be tried for ever.
            log.warning("storage_part_not_checked", part=str(part), problem=str(error))
            return False

    def _tell(self, found: StorageDamage) -> None:
        before, self.found = self.found, found
        if found.set_aside and found.set_aside != before.set_aside:
            log.error("storage_parts_set_aside", parts=[str(part) for part in found.set_aside])
        if found.damaged and found.damaged != before.damaged:
            log.error("storage_parts_damaged", parts=[str(part) for part in found.damaged])
        if found.unknown and found.unknown != before.unknown:
            log.error("storage_projects_unknown", projects=found.unknown)
