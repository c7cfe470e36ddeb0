"""Keeps in the registry what ingestion counts of rejections: a restart loses none, and every node
shows those of all."""

from datetime import UTC, datetime, timedelta
from typing import Final

from whipstitch.core.worker import BackgroundWorker
from whipstitch.ingest.rejections import Rejections
from whipstitch.registry.store import Registry

_SECONDS: Final = 2.0
_KEPT: Final = timedelta(days=30)


class RejectionKeeper:
    """Its thread stores what came every two seconds, and forgets what is older than 30 days."""

    def __init__(self, registry: Registry, rejections: Rejections) -> None:
        self._registry = registry
        self._rejections = rejections
        self._forgotten: datetime | None = None
        self._work = BackgroundWorker("rejection keeper", self._turn, lambda: _SECONDS, self.keep)
        self.start = self._work.start
        self.stop = self._work.stop

    def keep(self) -> None:
        """Stores what was counted by now. Any thread may call it.

        Raises:
            RegistryError: it counts again the next time.
        """
        taken = self._rejections.take()
        if not taken:
            return
        try:
            self._registry.count_rejections(taken)
        except BaseException:
            self._rejections.give_back(taken)
            raise

    def _turn(self) -> None:
        self.keep()
        hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        if hour != self._forgotten:
            self._registry.forget_rejections(hour - _KEPT)
            self._forgotten = hour
