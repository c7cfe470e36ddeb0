"""What admission of a request comes to."""

from typing import Final

import msgspec

from whipstitch.core.projects import IngestionKey
from whipstitch.core.reasons import Reason
from whipstitch.ingest.validation import answers
from whipstitch.ingest.validation.answers import Answer
from whipstitch.ingest.validation.counts import Counts
from whipstitch.ingest.validation.ids import is_garbage
from whipstitch.ingest.validation.payloads import TrackPayload


class Validated(msgspec.Struct, frozen=True):
    """``lines``: ``rows`` journal lines. ``answer`` is due once they are durable; where there are
    none, because all operations were dropped, at once."""

    lines: bytes
    rows: int
    tally: Counts
    answer: Answer


GARBAGE: Final = Validated(b"", 0, Counts(troubles={Reason.GARBAGE_ID: 1}), answers.DISCARDED)
"""What a single operation with a garbage id comes to."""


def why_no_person(distinct_id: str | None) -> Validated | Answer | None:
    """Why nothing is said of a person whom a single operation names so."""
    if not distinct_id:
        return answers.MISSING_DISTINCT_ID
    return GARBAGE if is_garbage(distinct_id) else None


def why_not(event: TrackPayload) -> Validated | Answer | None:
    """Why a single event is not queued, if its shape is right."""
    if not event.event_name:
        return answers.MISSING_EVENT_NAME
    return why_no_person(event.distinct_id)


def discarded_all(tally: Counts) -> Validated:
    """What a batch comes to of which nothing is kept."""
    return Validated(b"", 0, tally, answers.DISCARDED_ALL)


def summary(tally: Counts, key: IngestionKey, wanted: list[str]) -> Answer:
    return answers.batched(
        key,
        events=tally.events,
        people=tally.people,
        aliases=tally.aliases,
        screens=wanted,
    )
