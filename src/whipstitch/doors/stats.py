"""What the doors count. Plain numbers: the metrics edge reads them when it is asked."""

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field

from whipstitch.admission.admit import Tally

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


@dataclass
class IntakeStats:
    """Counted on the event loop's thread."""

    accepted: Counter[str] = field(default_factory=Counter)
    """Operations by kind: ``track``, ``people``, ``alias``."""
    discarded: Counter[str] = field(default_factory=Counter)
    """Operations dropped quietly, by reason."""
    rejected: Counter[str] = field(default_factory=Counter)
    """Requests refused, by the reason of their answer."""
    requests: Counter[str] = field(default_factory=Counter)
    """Requests by door: ``express``, ``asgi``."""
    latency: Histogram = field(default_factory=Histogram)
    """Seconds from the last byte of a request to its answer."""

    def count_accepted(self, tally: Tally) -> None:
        if tally.events:
            self.accepted["track"] += tally.events
        if tally.people:
            self.accepted["people"] += tally.people
        if tally.aliases:
            self.accepted["alias"] += tally.aliases
        if tally.discarded:
            self.discarded["garbage_id"] += tally.discarded
