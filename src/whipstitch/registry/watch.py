"""Keeps the running server's view of the registry fresh, without ever making ingestion wait."""

import threading
from collections.abc import Callable

from whipstitch.background import Background
from whipstitch.errors import RegistryError
from whipstitch.projects import Directory
from whipstitch.registry.store import Registry


class DirectoryWatch:
    """A thread that looks every ``interval`` seconds whether the registry changed.

    ``current`` is the directory as last read, None before the first time; it is replaced whole, so
    any thread may read it without a lock. While the registry cannot be read the last one is served
    and ``problem`` says why. ``changed`` is told each directory that was read; it must not wait."""

    def __init__(
        self,
        registry: Registry,
        interval: float = 1.0,
        changed: Callable[[Directory], None] = lambda _: None,
    ) -> None:
        self.current: Directory | None = None
        self.problem: str | None = "The registry has not been read yet."
        self._registry = registry
        self._changed = changed
        self._revision: int | None = None
        self._refreshing = threading.Lock()
        work = Background("directory watch", self.refresh, lambda: interval)
        self.start = work.start
        self.stop = work.stop

    def refresh(self) -> None:
        """Reads the registry now, if it changed. Raises nothing: see ``problem``."""
        with self._refreshing:
            try:
                # In this order: what changes in between is read twice instead of missed.
                revision = self._registry.revision()
                if revision != self._revision:
                    self.current = self._registry.directory()
                    self._revision = revision
                    self._changed(self.current)
            except RegistryError as error:
                self.problem = str(error)
            else:
                self.problem = None
