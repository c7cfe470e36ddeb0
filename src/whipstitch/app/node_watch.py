"""Which nodes take events besides this one: told and looked at once a second. They have the limits
of requests in common, each its share."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from whipstitch.core.rate_limit import RateShare
from whipstitch.core.worker import BackgroundWorker
from whipstitch.registry.nodes import Nodes

_SECONDS: Final = 1.0
_IS_THERE: Final = timedelta(seconds=10)
"""Who was seen so lately. Clocks may differ by five seconds."""


class NodeWatch:
    """``name``: this node's. ``nodes``: where the others are listed, None: there are none.
    ``divide`` is told this node's share whenever that changes. While the registry does not answer,
    the last one holds."""

    def __init__(
        self,
        name: str,
        nodes: Nodes | None,
        divide: Callable[[RateShare], None],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._name = name
        self._nodes = nodes
        self._divide = divide
        self._clock = clock
        self._share = RateShare()
        self._work = BackgroundWorker("node watch", self.look, lambda: _SECONDS)
        self.stop = self._work.stop

    def start(self) -> None:
        if self._nodes is not None:
            self._work.start()

    def look(self) -> None:
        """Raises RegistryError."""
        assert self._nodes is not None  # noqa: S101 - started only then
        self._nodes.report_seen(self._name)
        now = self._clock()
        others = {one.name for one in self._nodes.list_nodes() if now - one.seen_at < _IS_THERE}
        names = sorted(others | {self._name})
        share = RateShare(names.index(self._name), len(names))
        if share != self._share:
            self._share = share
            self._divide(share)
