"""What ingestion counts. Plain numbers: the metrics endpoint reads them when it is asked."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from whipstitch.core.histogram import Histogram
from whipstitch.core.reasons import Outcome, Reason
from whipstitch.ingest.validation.counts import Counts


@dataclass
class IngestStats:
    """Counted on the event loop's thread."""

    accepted: Counter[str] = field(default_factory=Counter)
    """Operations by kind: ``track``, ``people``, ``alias``."""
    reasons: Counter[Reason] = field(default_factory=Counter)
    """Requests refused, operations dropped, and remarks about those kept."""
    requests: Counter[str] = field(default_factory=Counter)
    """Requests by door: ``express``, ``asgi``."""
    latency: Histogram = field(default_factory=Histogram)
    """Seconds from the last byte of a request to its answer."""

    def count(self, counts: Counts) -> None:
        """Counts what became of the operations of a request that is answered with success."""
        if counts.events:
            self.accepted["track"] += counts.events
        if counts.people:
            self.accepted["people"] += counts.people
        if counts.aliases:
            self.accepted["alias"] += counts.aliases
        for reason, count in counts.troubles.items():
            self.reasons[reason] += count

    def of(self, outcome: Outcome) -> Mapping[Reason, int]:
        """The counts of the reasons with that outcome."""
        return {reason: n for reason, n in self.reasons.copy().items() if reason.outcome is outcome}
