"""What the doors count. Plain numbers: the metrics edge reads them when it is asked."""

from collections import Counter
from dataclasses import dataclass, field

from whipstitch.core.histogram import Histogram
from whipstitch.ingest.validation.answers import OVERSIZED
from whipstitch.ingest.validation.validate import Counts


@dataclass
class IngestStats:
    """Counted on the event loop's thread."""

    accepted: Counter[str] = field(default_factory=Counter)
    """Operations by kind: ``track``, ``people``, ``alias``."""
    discarded: Counter[str] = field(default_factory=Counter)
    """Operations dropped quietly, by reason."""
    unread_times: int = 0
    """Times in accepted operations that did not parse and were passed over."""
    times_ahead: int = 0
    """Times of traits that were too far ahead to go by."""
    rejected: Counter[str] = field(default_factory=Counter)
    """Requests refused, by the reason of their answer."""
    requests: Counter[str] = field(default_factory=Counter)
    """Requests by door: ``express``, ``asgi``."""
    latency: Histogram = field(default_factory=Histogram)
    """Seconds from the last byte of a request to its answer."""

    def count_accepted(self, tally: Counts) -> None:
        if tally.events:
            self.accepted["track"] += tally.events
        if tally.people:
            self.accepted["people"] += tally.people
        if tally.aliases:
            self.accepted["alias"] += tally.aliases
        if tally.discarded:
            self.discarded["garbage_id"] += tally.discarded
        if tally.oversized:
            self.discarded[OVERSIZED] += tally.oversized
        self.unread_times += tally.unread_times
        self.times_ahead += tally.times_ahead
