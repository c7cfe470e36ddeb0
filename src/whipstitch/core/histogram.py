"""Counting durations, in plain numbers: the metrics edge reads them when it is asked."""

from bisect import bisect_left
from dataclasses import dataclass, field

LATENCY_BUCKETS = tuple(
    step * 10**power / 1_000_000 for power in range(2, 7) for step in (1, 2.5, 5)
)
"""Upper bounds in seconds, from 100 microseconds to 5 seconds."""


@dataclass
class Histogram:
    """Counts per bucket; the last one is for what is over every bound."""

    bounds: tuple[float, ...] = LATENCY_BUCKETS
    counts: list[int] = field(default_factory=list)
    total: float = 0.0

    def __post_init__(self) -> None:
        self.counts = [0] * (len(self.bounds) + 1)

    def observe(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value
