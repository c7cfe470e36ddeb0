"""Admission of one request's body: what it becomes in the journal, and what the client is told.

The steps are those of the contract, top to bottom: JSON, required fields, garbage, rows."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Final

import msgspec

from whipstitch.core.placeholders import Placeholders
from whipstitch.core.projects import IngestionKey, ProjectSnapshot
from whipstitch.core.sequence import Sequence as Numbering
from whipstitch.ingest.client import COOKIELESS, ClientContext
from whipstitch.ingest.validation import answers, screens
from whipstitch.ingest.validation.alias_rows import alias_row
from whipstitch.ingest.validation.answers import Answer
from whipstitch.ingest.validation.batches import SequenceNumbers, ValidOperations, keep
from whipstitch.ingest.validation.bodies import (
    read_alias,
    read_batch,
    read_people,
    read_track,
    read_well_formed,
    sizes_of_operations,
)
from whipstitch.ingest.validation.counts import Counts, Remarks
from whipstitch.ingest.validation.equal_keys import objects_in
from whipstitch.ingest.validation.event_rows import NotAnObject, app_version, event_row
from whipstitch.ingest.validation.ids import EventIds, is_garbage
from whipstitch.ingest.validation.onces import (
    Onces,
    once_alone,
    onces_of,
    what_is_meant_once,
)
from whipstitch.ingest.validation.outcomes import (
    GARBAGE,
    Validated,
    discarded_all,
    summary,
    why_no_person,
    why_not,
)
from whipstitch.ingest.validation.payloads import (
    AliasPayload,
    Operation,
    PeoplePayload,
    TrackPayload,
)
from whipstitch.ingest.validation.rows import Row, TraitRow, encode_lines
from whipstitch.ingest.validation.trait_rows import trait_rows

_ONE_EVENT: Final = Counts(events=1)
_ONE_PERSON: Final = Counts(people=1)
_ONE_ALIAS: Final = Counts(aliases=1)


Encode = Callable[[Sequence[Row]], bytes]
Admit = Callable[[bytes, ClientContext], Validated | Answer]


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
        self._remarks = Remarks()
        self._encode = encode
        self.max_operation = max_operation

    def alone(self, admit: Admit) -> Admit:
        """``admit``, for bodies of one operation, as far as it is not too large."""
        most = self.max_operation
        if not most:
            return admit

        def within(body: bytes, client: ClientContext) -> Validated | Answer:
            return answers.TOO_LARGE if len(body) > most else admit(body, client)

        return within

    def track(self, body: bytes, client: ClientContext) -> Validated | Answer:
        event = read_track(body)
        if not isinstance(event, TrackPayload):
            return event
        nested = body.count(b"{") > 1 + objects_in(event)
        return self.take_track(event, client, nested=nested)

    def take_track(
        self, event: TrackPayload | Answer, client: ClientContext, *, nested: bool = True
    ) -> Validated | Answer:
        """``nested``: see ``event_row``."""
        if not isinstance(event, TrackPayload):  # asked this way round it takes a third of the time
            return event
        refusal = why_not(event)
        if refusal is not None:
            return refusal if event.well_formed else answers.INVALID_BODY
        if event.distinct_id == COOKIELESS:
            event = msgspec.structs.replace(event, distinct_id=client.day_id)
        number = self._sequence.take(1)
        try:
            row = event_row(
                event,
                client.key,
                client.agent,
                client.place,
                self._event_ids(),
                number,
                self._sequence.now // 1000,
                self._remarks,
                nested=nested,
            )
        except NotAnObject:
            return answers.INVALID_BODY
        row.once = once_alone(client, "track", row.once, event.content)
        answer = answers.TRACKED
        if event.event_name in screens.SCREEN_EVENTS:
            wanted = self.wanted_screens((event,), client.key)
            answer = answers.tracked(wanted) if wanted else answer
        tally = self.with_remarks(_ONE_EVENT)
        return Validated(self._encode((row,)), 1, tally, answer)

    def people(self, body: bytes, client: ClientContext) -> Validated | Answer:
        update = read_people(body)
        if isinstance(update, Answer):
            return update
        refusal = why_no_person(update.distinct_id)
        if refusal is not None:
            return refusal
        numbers = SequenceNumbers(0, self._sequence.take(1), 0, self._sequence.now // 1000)
        rows = self.traits(update, client, numbers, onces_of(client))
        tally = self.with_remarks(_ONE_PERSON)
        return Validated(self._encode(rows), len(rows), tally, answers.ACCEPTED)

    def alias(self, body: bytes, client: ClientContext) -> Validated | Answer:
        return self.take_alias(read_alias(body), client)

    def take_alias(self, alias: AliasPayload | Answer, client: ClientContext) -> Validated | Answer:
        if isinstance(alias, Answer):
            return alias
        if not alias.alias_id:
            return answers.MISSING_ALIAS_ID
        if not alias.distinct_id:
            return answers.MISSING_DISTINCT_ID
        if is_garbage(alias.alias_id) or is_garbage(alias.distinct_id):
            return GARBAGE
        number = self._sequence.take(1)
        received = self._sequence.now // 1000
        row = alias_row(
            alias,
            client.key,
            number,
            received,
            self._placeholders,
            self._remarks,
            client.door or "alias",
            client.software,
        )
        row.once = once_alone(client, "alias", row.once, alias.content)
        tally = self.with_remarks(_ONE_ALIAS)
        return Validated(self._encode((row,)), 1, tally, answers.ACCEPTED)

    def batch(self, body: bytes, client: ClientContext) -> Validated | Answer:
        operations: Sequence[Operation | None] | Answer = read_batch(body)
        if isinstance(operations, Answer) and client.key.project.malformed == "drop":
            operations = read_well_formed(body)
        if isinstance(operations, Answer):
            return operations
        most = self.max_operation
        sizes = sizes_of_operations(body) if most and len(body) > most else ()
        kept = keep(operations, sizes, most)
        tally = kept.tally
        if not tally.accepted:
            return discarded_all(tally)
        flat = 1 + sum(2 + objects_in(event.payload) for event in kept.events)
        nested = body.count(b"{") > flat  # told at once: to look at each event takes long
        rows = list(self.rows(kept, client, self.numbers(tally), onces_of(client), nested=nested))
        tally = self.with_remarks(tally)
        wanted = self.wanted_screens((event.payload for event in kept.events), client.key)
        return Validated(self._encode(rows), len(rows), tally, summary(tally, client.key, wanted))

    def numbers(self, tally: Counts, more: int = 0) -> SequenceNumbers:
        """Acceptance numbers for a batch: aliases before people, people before events; ``more`` of
        them for people."""
        first = self._sequence.take(tally.accepted + more)
        people = first + tally.aliases
        return SequenceNumbers(
            first, people, people + tally.people + more, self._sequence.now // 1000
        )

    def rows(
        self,
        kept: ValidOperations,
        client: ClientContext,
        numbers: SequenceNumbers,
        onces: Onces | None,
        *,
        nested: bool = True,
    ) -> Iterator[Row]:
        """The journal rows of (some of) a batch; moves ``numbers`` on. ``onces``: the batch's;
        ``nested``: see ``event_row``."""
        key, agent, place = client.key, client.agent, client.place
        received = numbers.received
        for alias in kept.aliases:
            said = alias_row(
                alias.payload,
                key,
                numbers.alias,
                received,
                self._placeholders,
                self._remarks,
                client.door or "batch",
                client.software,
            )
            if onces is not None:
                said.once = onces.of("alias", said.once, alias.payload.content)
            yield said
            numbers.alias += 1
        for update in kept.people:
            yield from self.traits(update.payload, client, numbers, onces)
        next_id, number, remarks = self._event_ids, numbers.event, self._remarks
        for event in kept.events:
            id_, payload = next_id(), event.payload
            if payload.distinct_id == COOKIELESS:
                payload = msgspec.structs.replace(payload, distinct_id=client.day_id)
            row = event_row(
                payload, key, agent, place, id_, number, received, remarks, nested=nested
            )
            if onces is not None:
                row.once = onces.of("track", row.once, payload.content)
            yield row
            number += 1
        numbers.event = number

    def traits(
        self,
        update: PeoplePayload,
        client: ClientContext,
        numbers: SequenceNumbers,
        onces: Onces | None,
    ) -> list[TraitRow]:
        """The rows of an update of a person; moves ``numbers`` on. ``onces``: those of its request;
        None: none is looked for."""
        if update.distinct_id == COOKIELESS:
            update = msgspec.structs.replace(update, distinct_id=client.day_id)
        received = numbers.received
        rows = trait_rows(update, client.key, numbers.people, received, self._remarks)
        if onces is not None:
            once = onces.of("people", rows[0].once, partial(what_is_meant_once, update))
            for row in rows:
                row.once = once
        numbers.people += 1
        return rows

    def with_remarks(self, tally: Counts) -> Counts:
        """``tally`` with what was noted since the last call."""
        return tally.with_troubles(self._remarks.take()) if self._remarks.found else tally

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
