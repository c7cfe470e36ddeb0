"""What the loader counts, for the metrics to read."""

from collections import Counter
from dataclasses import dataclass, field

from whipstitch.core.histogram import Histogram
from whipstitch.loader.insert_statements import Kind


@dataclass(slots=True)
class LoaderStats:
    """Written by the loader's thread only."""

    rows: Counter[Kind] = field(default_factory=Counter)
    """Rows stored, by kind."""
    seconds: Histogram = field(default_factory=Histogram)
    """How long storing a segment took."""
    retries: int = 0
    repaired: int = 0
    dead_letters: int = 0
    damaged_segments: int = 0
    taken_apart: int = 0
    """Segments that were, because their load ended a process again and again."""

    def inserted(self, rows: Counter[Kind], seconds: float) -> None:
        """Counts one segment that is stored."""
        self.rows.update(rows)
        self.seconds.observe(seconds)
