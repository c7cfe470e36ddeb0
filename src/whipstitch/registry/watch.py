"""Keeps the running server's view of the registry fresh, without ever making ingestion wait."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from whipstitch.core.errors import RegistryError
from whipstitch.core.projects import ProjectSnapshot
from whipstitch.core.worker import BackgroundWorker
from whipstitch.registry.remembered import recall, remember

if TYPE_CHECKING:
    from whipstitch.registry.late import LateRegistry


class SnapshotWatch:
    """A thread that looks every ``interval`` seconds whether the registry changed.

    ``current`` is the directory as last read, None before the first time; it is replaced whole, so
    any thread may read it without a lock. While the registry cannot be read the last one is served
    and ``problem`` says why. ``memory`` is the file that keeps it from start to start."""

    def __init__(self, registry: LateRegistry, memory: Path, interval: float = 1.0) -> None:
        self.current: ProjectSnapshot | None = None
        self.problem: str | None = "The registry has not been read yet."
        self._registry = registry
        self._memory = memory
        self._followers: list[Callable[[ProjectSnapshot], None]] = []
        self._revision: int | None = None
        self._refreshing = threading.Lock()
        work = BackgroundWorker("directory watch", self.refresh, lambda: interval)
        self.start = work.start
        self.stop = work.stop

    @property
    def has_keys(self) -> bool:
        """Whether anybody can send."""
        return self.current is not None and bool(self.current.keys)

    def recall(self) -> bool:
        """Takes the directory that an earlier run read, without opening the registry. False: it
        has changed since, or cannot be told."""
        recalled = recall(self._memory, self._registry.url)
        if recalled is None:
            return False
        self._revision, self.current = recalled
        self.problem = None
        return True

    def follow(self, changed: Callable[[ProjectSnapshot], None]) -> None:
        """``changed`` is told the directory that is known now, and each that is read later. It
        must not wait."""
        with self._refreshing:
            self._followers.append(changed)
            if self.current is not None:
                changed(self.current)

    def refresh(self) -> None:
        """Reads the registry now, if it changed. Raises nothing: see ``problem``."""
        with self._refreshing:
            try:
                registry = self._registry()
                # In this order: what changes in between is read twice instead of missed.
                revision = registry.revision()
                if revision != self._revision:
                    self.current = _with_same_keys(registry.directory(), self.current)
                    self._revision = revision
                    remember(self._memory, self._registry.url, revision, self.current)
                    for changed in self._followers:
                        changed(self.current)
            except RegistryError as error:
                self.problem = str(error)
            else:
                self.problem = None


def _with_same_keys(new: ProjectSnapshot, old: ProjectSnapshot | None) -> ProjectSnapshot:
    """``new``, with the very keys of ``old`` if they are the same: whoever remembers what they mean
    need not forget it for a new screen."""
    return replace(new, keys=old.keys) if old is not None and new.keys == old.keys else new
