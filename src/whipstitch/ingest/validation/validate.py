"""Admission of one request's body: what it becomes in the journal, and what the client is told.

The steps are those of the contract, top to bottom: JSON, required fields, garbage, rows."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

import msgspec

from whipstitch.core.placeholders import Placeholders
from whipstitch.core.projects import IngestionKey, ProjectSnapshot
from whipstitch.core.sequence import Sequence as Numbering
from whipstitch.ingest.enrichment.places import Place
from whipstitch.ingest.enrichment.user_agent import Agent
from whipstitch.ingest.validation import answers, screens
from whipstitch.ingest.validation.answers import Answer
from whipstitch.ingest.validation.bodies import (
    AliasOperation,
    AliasPayload,
    Operation,
    PeopleOperation,
    TrackOperation,
    TrackPayload,
    read_alias,
    read_batch,
    read_people,
    read_track,
    sizes_of_operations,
)
from whipstitch.ingest.validation.ids import EventIds, is_garbage
from whipstitch.ingest.validation.rows import (
    NotAnObject,
    Row,
    alias_row,
    app_version,
    encode_lines,
    event_row,
    trait_rows,
)
from whipstitch.ingest.validation.timestamps import PassedOver


class Caller(msgspec.Struct, frozen=True):
    """Who sends, as far as the gate and the request's headers tell."""

    key: IngestionKey
    agent: Agent
    place: Place


class Counts(msgspec.Struct, frozen=True):
    """Operations by kind, those dropped for a garbage id, those dropped for their size, and times
    that were passed over: those that did not parse, and those of traits that are too far ahead."""

    events: int = 0
    people: int = 0
    aliases: int = 0
    discarded: int = 0
    oversized: int = 0
    unread_times: int = 0
    times_ahead: int = 0

    @property
    def accepted(self) -> int:
        return self.events + self.people + self.aliases

    @property
    def has_trouble(self) -> bool:
        """Whether there is something that the sender should be told of."""
        return bool(self.discarded or self.oversized or self.unread_times or self.times_ahead)

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.events + other.events,
            self.people + other.people,
            self.aliases + other.aliases,
            self.discarded + other.discarded,
            self.oversized + other.oversized,
            self.unread_times + other.unread_times,
            self.times_ahead + other.times_ahead,
        )


_ONE_EVENT: Final = Counts(events=1)
_ONE_PERSON: Final = Counts(people=1)
_ONE_ALIAS: Final = Counts(aliases=1)


class Validated(msgspec.Struct, frozen=True):
    """``lines``: ``rows`` journal lines. ``answer`` is due once they are durable."""

    lines: bytes
    rows: int
    tally: Counts
    answer: Answer


class ValidOperations(msgspec.Struct):
    """The operations of a batch that are not garbage, in the order in which they are queued:
    aliases, people, events (batch page, "Processing order")."""

    aliases: list[AliasOperation]
    people: list[PeopleOperation]
    events: list[TrackOperation]

    def tally(self, sent: int, oversized: int = 0) -> Counts:
        """Counts what is kept of ``sent`` operations and some more that were too large."""
        events, people, aliases = len(self.events), len(self.people), len(self.aliases)
        return Counts(events, people, aliases, sent - events - people - aliases, oversized)


class SequenceNumbers(msgspec.Struct):
    """The next acceptance number of each kind; ``received``, unix milliseconds, is the same for
    all."""

    alias: int
    people: int
    event: int
    received: int


Encode = Callable[[Sequence[Row]], bytes]
Admit = Callable[[bytes, Caller], Validated | Answer]


class Validator:
    """Turns bodies into journal rows. Answers come back for what is not queued."""

    def __init__(
        self,
        sequence: Numbering,
        directory: Callable[[], ProjectSnapshot | None],
        placeholders: Placeholders,
        event_ids: Callable[[], str] | None = None,
        max_operation: int = 0,
        encode: Encode = encode_lines,
    ) -> None:
        """``max_operation``: bytes that one may have; 0: as many as it likes. ``encode`` makes
        lines of rows, or takes them elsewhere."""
        self._sequence = sequence
        self._directory = directory
        self._placeholders = placeholders
        self._event_ids = event_ids or EventIds().next
        self._passed_over = PassedOver()
        self._encode = encode
        self.max_operation = max_operation

    def alone(self, admit: Admit) -> Admit:
        """``admit``, for bodies of one operation, as far as it is not too large."""
        most = self.max_operation
        if not most:
            return admit

        def within(body: bytes, caller: Caller) -> Validated | Answer:
            return answers.TOO_LARGE if len(body) > most else admit(body, caller)

        return within

    def track(self, body: bytes, caller: Caller) -> Validated | Answer:
        return self.take_track(read_track(body), caller)

    def take_track(self, event: TrackPayload | Answer, caller: Caller) -> Validated | Answer:
        if not isinstance(event, TrackPayload):  # asked this way round it takes a third of the time
            return event
        refusal = _why_not(event)
        if refusal is not None:
            return refusal if event.well_formed else answers.INVALID_BODY
        number = self._sequence.take(1)
        try:
            row = event_row(
                event,
                caller.key,
                caller.agent,
                caller.place,
                self._event_ids(),
                number,
                self._sequence.now // 1000,
                self._passed_over,
            )
        except NotAnObject:
            return answers.INVALID_BODY
        answer = answers.TRACKED
        if event.event_name in screens.SCREEN_EVENTS:
            wanted = self.wanted_screens((event,), caller.key)
            answer = answers.tracked(wanted) if wanted else answer
        tally = self.with_times(_ONE_EVENT) if self._passed_over.unread else _ONE_EVENT
        return Validated(self._encode((row,)), 1, tally, answer)

    def people(self, body: bytes, caller: Caller) -> Validated | Answer:
        update = read_people(body)
        if isinstance(update, Answer):
            return update
        refusal = why_no_person(update.distinct_id)
        if refusal is not None:
            return refusal
        number = self._sequence.take(1)
        received = self._sequence.now // 1000
        rows = trait_rows(update, caller.key, number, received, self._passed_over)
        tally = self.with_times(_ONE_PERSON)
        return Validated(self._encode(rows), len(rows), tally, answers.ACCEPTED)

    def alias(self, body: bytes, caller: Caller) -> Validated | Answer:
        return self.take_alias(read_alias(body), caller)

    def take_alias(self, alias: AliasPayload | Answer, caller: Caller) -> Validated | Answer:
        if isinstance(alias, Answer):
            return alias
        if not alias.alias_id:
            return answers.MISSING_ALIAS_ID
        if not alias.distinct_id:
            return answers.MISSING_DISTINCT_ID
        if is_garbage(alias.alias_id) or is_garbage(alias.distinct_id):
            return answers.DISCARDED
        number = self._sequence.take(1)
        received = self._sequence.now // 1000
        row = alias_row(alias, caller.key, number, received, self._placeholders, self._passed_over)
        tally = self.with_times(_ONE_ALIAS)
        return Validated(self._encode((row,)), 1, tally, answers.ACCEPTED)

    def batch(self, body: bytes, caller: Caller) -> Validated | Answer:
        operations = read_batch(body)
        if isinstance(operations, Answer):
            return operations
        most = self.max_operation
        oversized = 0
        if most and len(body) > most:
            sizes = sizes_of_operations(body)
            within = [one for one, size in zip(operations, sizes, strict=True) if size <= most]
            oversized = len(operations) - len(within)
            operations = within
        kept = keep(operations)
        tally = kept.tally(len(operations), oversized)
        if not tally.accepted:
            return discarded_all(tally)
        rows = list(self.rows(kept, caller, self.numbers(tally)))
        tally = self.with_times(tally)
        wanted = self.wanted_screens((event.payload for event in kept.events), caller.key)
        return Validated(self._encode(rows), len(rows), tally, summary(tally, caller.key, wanted))

    def numbers(self, tally: Counts, more: int = 0) -> SequenceNumbers:
        """Acceptance numbers for a batch: aliases before people, people before events; ``more`` of
        them for people."""
        first = self._sequence.take(tally.accepted + more)
        people = first + tally.aliases
        return SequenceNumbers(
            first, people, people + tally.people + more, self._sequence.now // 1000
        )

    def rows(
        self, kept: ValidOperations, caller: Caller, numbers: SequenceNumbers
    ) -> Iterator[Row]:
        """The journal rows of (some of) a batch; moves ``numbers`` on."""
        key, agent, place = caller.key, caller.agent, caller.place
        received = numbers.received
        for alias in kept.aliases:
            yield alias_row(
                alias.payload, key, numbers.alias, received, self._placeholders, self._passed_over
            )
            numbers.alias += 1
        for update in kept.people:
            yield from trait_rows(update.payload, key, numbers.people, received, self._passed_over)
            numbers.people += 1
        next_id, number, passed_over = self._event_ids, numbers.event, self._passed_over
        for event in kept.events:
            yield event_row(
                event.payload, key, agent, place, next_id(), number, received, passed_over
            )
            number += 1
        numbers.event = number

    def with_times(self, tally: Counts) -> Counts:
        """``tally`` with the times that were passed over since the last call."""
        unread, ahead = self._passed_over.take()
        if not unread and not ahead:
            return tally
        return msgspec.structs.replace(tally, unread_times=unread, times_ahead=ahead)

    def wanted_screens(self, events: Iterable[TrackPayload], key: IngestionKey) -> list[str]:
        """The screens to be asked for in the answer to ``events``."""
        seen = list(seen_screens(events))
        return screens.missing(seen, key, self._directory() or ProjectSnapshot()) if seen else []


def seen_screens(events: Iterable[TrackPayload]) -> Iterator[tuple[str, str | None]]:
    """The screens that the screen events among ``events`` name, each with its app version."""
    for event in events:
        if event.event_name in screens.SCREEN_EVENTS:
            screen = screens.screen_of(event.properties)
            if screen is not None:
                yield screen, app_version(event)


def why_no_person(distinct_id: str | None) -> Answer | None:
    """Why nothing is said of a person whom a single operation names so."""
    if not distinct_id:
        return answers.MISSING_DISTINCT_ID
    return answers.DISCARDED if is_garbage(distinct_id) else None


def _why_not(event: TrackPayload) -> Answer | None:
    """Why a single event is not queued, if its shape is right."""
    if not event.event_name:
        return answers.MISSING_EVENT_NAME
    return why_no_person(event.distinct_id)


def keep(operations: Iterable[Operation]) -> ValidOperations:
    """Drops the operations whose id is empty or garbage (batch page, "Garbage-ID filter")."""
    kept = ValidOperations([], [], [])
    for operation in operations:
        payload = operation.payload
        if is_garbage(payload.distinct_id or ""):
            continue
        if isinstance(operation, TrackOperation):
            kept.events.append(operation)
        elif isinstance(operation, PeopleOperation):
            kept.people.append(operation)
        elif not is_garbage(operation.payload.alias_id or ""):
            kept.aliases.append(operation)
    return kept


def discarded_all(tally: Counts) -> Answer:
    """The answer to a batch of which nothing is kept."""
    return answers.DISCARDED_ALL if tally.discarded else answers.OVERSIZED_ALL


def summary(tally: Counts, key: IngestionKey, wanted: list[str]) -> Answer:
    return answers.batched(
        key,
        events=tally.events,
        people=tally.people,
        aliases=tally.aliases,
        screens=wanted,
    )
