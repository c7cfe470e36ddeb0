"""Where segments come from: the journal, as the loader sees it."""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol


class Segments(Protocol):
    """The journal, as the loader sees it."""

    def wait(self, rows: int, seconds: float, stop: threading.Event) -> bool:
        """Until that many rows wait or the oldest waits that long; False: ``stop`` is set."""

    def seal(self) -> None:
        """Closes the segment being written, if it holds rows."""

    def sealed(self) -> Sequence[Path]:
        """Oldest first."""

    def remove(self, segment: Path) -> None:
        """Forgets a segment whose rows are stored."""

    def adopt(self, part: Path) -> None:
        """Makes a segment of a synced file of whole groups."""

    def set_aside(self, segment: Path, why: str) -> None:
        """Puts what cannot be read out of the way."""
