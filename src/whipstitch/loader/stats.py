"""What the loader counts, for the metrics to read."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from whipstitch.storage.loading import Kind


@dataclass(slots=True)
class LoaderStats:
    """Written by the loader's thread only. ``on_insert`` is called there after each segment with
    its seconds and rows."""

    rows: Counter[Kind] = field(default_factory=Counter)
    segments: int = 0
    seconds: float = 0.0
    last_seconds: float = 0.0
    retries: int = 0
    repaired: int = 0
    dead_letters: int = 0
    on_insert: Callable[[float, int], None] | None = None

    def inserted(self, rows: Counter[Kind], seconds: float) -> None:
        """Counts one segment that is stored."""
        self.rows.update(rows)
        self.segments += 1
        self.seconds += seconds
        self.last_seconds = seconds
        if self.on_insert is not None:
            self.on_insert(seconds, rows.total())
