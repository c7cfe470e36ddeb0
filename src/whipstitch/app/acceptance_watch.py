"""How far this node has stored what it accepted: looked at once a second, and told."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final, Protocol

from whipstitch.core.sequence import Sequence
from whipstitch.core.worker import BackgroundWorker
from whipstitch.registry.acceptance import Acceptance
from whipstitch.registry.nodes import IngestNode

_SECONDS: Final = 1.0
_LOOK_SECONDS: Final = 0.05
_SILENT: Final = timedelta(seconds=60)


class Barrier(Protocol):
    """Rows that are accepted and not stored yet."""

    def number(self) -> int | None:
        """An acceptance number of now; None: rows are not taken at the moment."""

    def passed(self, accepted: int) -> Callable[[], bool]:
        """Begins to look; the result tells whether nothing is left that was accepted up to then."""


class AcceptanceWatch:
    """``alone``: nobody else waits for this node, so that nothing is told while nothing comes."""

    def __init__(
        self, acceptance: Acceptance, barrier: Barrier, sequence: Sequence, *, alone: bool
    ) -> None:
        self._acceptance = acceptance
        self._barrier = barrier
        self._sequence = sequence
        self._alone = alone
        self._silent: list[IngestNode] = []
        self._work = BackgroundWorker("acceptance watch", self._turn, lambda: _SECONDS)
        self.start = self._work.start
        self.stop = self._work.stop

    @property
    def problem(self) -> str | None:
        """Why nothing can be said, for a person."""
        return self._work.problem

    @property
    def warnings(self) -> list[str]:
        """For a person, with what to do."""
        return [
            f"The node {one.name} has not said since {one.seen_at:%Y-%m-%d %H:%M} UTC how far it "
            "has stored what it accepted. Summaries and erasures wait for it: start it, or where "
            f"its journal is lost `whipstitch cluster forget {one.name}`."
            for one in self._silent
        ]

    def _turn(self) -> None:
        self._silent = self._acceptance.silent(_SILENT)
        own = self._acceptance.own
        # What earlier processes stored can be summed up before anything comes.
        if self._alone and own and self._sequence.last <= own:
            return
        look = self._acceptance.look()
        if (number := self._barrier.number()) is None:
            return
        passed = self._barrier.passed(number)
        while not passed():
            if self._work.rest(_LOOK_SECONDS):
                return
        self._acceptance.reached(number, look)
