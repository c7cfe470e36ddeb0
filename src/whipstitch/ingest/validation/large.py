"""Admission of bodies of up to hundreds of megabytes in little more memory than the body itself:
operations are read some at once, and the lines of a row of any size come in pieces.

A body is a view of memory that may be written to, so that no other is needed."""

from codecs import getincrementaldecoder
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from typing import Final

import msgspec

from whipstitch.core.projects import ProjectSnapshot
from whipstitch.core.sequence import Sequence as Numbering
from whipstitch.ingest.client import COOKIELESS, ClientContext
from whipstitch.ingest.validation import answers, screens
from whipstitch.ingest.validation.answers import Answer
from whipstitch.ingest.validation.batches import SequenceNumbers, ValidOperations, keep
from whipstitch.ingest.validation.bodies import MALFORMED, RawOperation, well_formed, why_refused
from whipstitch.ingest.validation.counts import Counts
from whipstitch.ingest.validation.large_people import LargePeople, lines_of_trait
from whipstitch.ingest.validation.message_ids import ABSENT, ids_in, once
from whipstitch.ingest.validation.onces import Onces, onces_of, what_is_meant_once
from whipstitch.ingest.validation.outcomes import Validated, discarded_all, summary, why_no_person
from whipstitch.ingest.validation.payloads import (
    AliasOperation,
    AliasPayload,
    Operation,
    PeopleOperation,
    PeoplePayload,
    TrackOperation,
    TrackPayload,
    is_object_or_null,
)
from whipstitch.ingest.validation.rows import EventRow, Row, encode_lines
from whipstitch.ingest.validation.runs import RUN, runs
from whipstitch.ingest.validation.surrogates import replace_lone_surrogates
from whipstitch.ingest.validation.validate import Validator, seen_screens

Lines = Iterable[bytes | memoryview]
"""Journal lines, in pieces."""
Put = Callable[[Lines, int], None]
"""Takes some lines, and how many they are."""
_PIECE: Final = 1024 * 1024
_NEVER_DROPPED: Final = (answers.NO_OPERATIONS, answers.UNKNOWN_OPERATION)
"""What refuses a batch also where malformed operations are dropped."""
_Utf8Decoder: Final = getincrementaldecoder("utf-8")
_EMPTY: Final = msgspec.Raw(b"{}")
_NO_PROPERTIES: Final = b'"properties":{},"default_properties":{}'


class _LargePeopleOperation(msgspec.Struct, frozen=True, tag_field="type", tag="people"):
    payload: LargePeople


class _RawBatch(msgspec.Struct, frozen=True):
    operations: msgspec.Raw


_any: Final = msgspec.json.Decoder(msgspec.Raw)
_track: Final = msgspec.json.Decoder(TrackPayload)
_people: Final = msgspec.json.Decoder(LargePeople)
_alias: Final = msgspec.json.Decoder(AliasPayload)
_batch: Final = msgspec.json.Decoder(_RawBatch)
_operations: Final = msgspec.json.Decoder(list[Operation])
_large_operation: Final = msgspec.json.Decoder(
    TrackOperation | _LargePeopleOperation | AliasOperation
)
_raw_operations: Final = msgspec.json.Decoder(list[RawOperation])
_raw_operation: Final = msgspec.json.Decoder(RawOperation)
_raws: Final = msgspec.json.Decoder(list[msgspec.Raw])


def _prepare(body: memoryview) -> None:
    """Checks that ``body`` is JSON, makes its lone surrogates U+FFFD and its line breaks spaces:
    inside strings those are escaped, and the journal has one row a line.

    Raises:
        ValueError, RecursionError: it is none.
    """
    # The decoder passes over raw values without looking at their encoding; ClickHouse does not.
    decoder = _Utf8Decoder()
    for at in range(0, len(body), _PIECE):
        decoder.decode(body[at : at + _PIECE])
    decoder.decode(b"", final=True)
    replace_lone_surrogates(body)
    _any.decode(body)
    for at in range(0, len(body), _PIECE):
        piece = bytes(body[at : at + _PIECE])
        if b"\n" in piece or b"\r" in piece:
            body[at : at + _PIECE] = piece.replace(b"\n", b" ").replace(b"\r", b" ")


def lines_of(rows: Sequence[Row]) -> Lines:
    """The journal lines of some rows. The properties of a large event are not copied."""
    if len(rows) == 1 and isinstance(row := rows[0], EventRow):
        sent = row.properties, row.default_properties
        if sum(map(len, sent)) > RUN:
            bare = msgspec.structs.replace(row, properties=_EMPTY, default_properties=_EMPTY)
            head, _, tail = encode_lines((bare,)).rpartition(_NO_PROPERTIES)
            properties, defaults = memoryview(sent[0]), memoryview(sent[1])
            ends = b',"default_properties":', defaults, tail
            return [head, b'"properties":', properties, *ends]
    return [encode_lines(rows)]


class LargeValidator:
    """Does for one large body what ``Validator`` does for small ones; its rows go to ``put``."""

    def __init__(
        self, validator: Validator, sequence: Numbering, put: Put, directory: ProjectSnapshot
    ) -> None:
        """``validator``, which has the same ``sequence``, hands its rows to ``put``, too."""
        self._validator = validator
        self._sequence = sequence
        self._put = put
        self._directory = directory

    def admit(
        self, endpoint: str, body: memoryview, client: ClientContext
    ) -> tuple[Counts, Answer]:
        """What was admitted, and the answer. Where nothing was, ``put`` was not called."""
        most = self._validator.max_operation
        if endpoint != "batch" and most and len(body) > most:
            return Counts(), answers.TOO_LARGE
        try:
            _prepare(body)
            if endpoint == "batch":
                return self._batch(memoryview(_batch.decode(body).operations), client)
            if endpoint == "people":
                return self._person(_people.decode(body), client)
            if endpoint == "track":
                admitted = self._validator.take_track(_track.decode(body), client)
            else:
                admitted = self._validator.take_alias(_alias.decode(body), client)
        except MALFORMED:
            return Counts(), answers.INVALID_BODY
        return _outcome(admitted)

    def _person(self, update: LargePeople, client: ClientContext) -> tuple[Counts, Answer]:
        if not is_object_or_null(update.properties):
            return Counts(), answers.INVALID_BODY
        if refusal := why_no_person(update.distinct_id):
            return _outcome(refusal)
        number = self._sequence.take(1)
        numbers = SequenceNumbers(0, number, 0, self._sequence.now // 1000)
        self._put_parts(update, client, numbers, onces_of(client))
        self._sequence.skip(numbers.people - 1)
        return self._validator.with_remarks(Counts(people=1)), answers.ACCEPTED

    def _put_parts(
        self,
        update: LargePeople,
        client: ClientContext,
        numbers: SequenceNumbers,
        onces: Onces | None,
    ) -> None:
        """Each part has a number of its own, so that the last of equal keys wins."""
        when, first = None, numbers.people
        if update.distinct_id == COOKIELESS:
            update = msgspec.structs.replace(update, distinct_id=client.day_id)
        once_ = once("people", client.key, update, ids_in(update.properties), update.content())
        if onces is not None:
            once_ = onces.of("people", once_, partial(what_is_meant_once, update))
        for part, value in update.parts():
            if when is not None:  # counted once, where it is passed over
                part = msgspec.structs.replace(part, timestamp=ABSENT)
            rows = self._validator.traits(part, client, numbers, None)
            if when is not None:
                del rows[0]  # the person's
                if not rows:  # it only has what means nothing
                    continue
                for row in rows:
                    row.timestamp = when
            when = rows[-1].timestamp
            for row in rows:
                row.once, row.part_of = once_, first if once_ else 0
            if value is None:
                self._put([encode_lines(rows)], len(rows))
            else:
                trait = rows.pop()
                trait.value = ""
                lines = chain([encode_lines(rows)], lines_of_trait(trait, value))
                self._put(lines, len(rows) + 1)

    # A batch

    def _batch(self, operations: memoryview, client: ClientContext) -> tuple[Counts, Answer]:
        """Twice through: whether all of it is right, and into rows."""
        if bytes(operations[:1]) != b"[":
            return Counts(), answers.INVALID_BODY
        total, spare, empty = Counts(), 0, True
        drops = client.key.project.malformed == "drop"
        if drops and (refusal := _why_refused(operations)) in _NEVER_DROPPED:
            return Counts(), refusal
        try:
            for kept, large in self._read(operations, drops=drops):
                empty = False
                total += kept.tally
                if large is not None:
                    total += Counts(people=1)
                    spare += sum(1 for _ in large.parts()) - 1
        except MALFORMED:
            return Counts(), _why_refused(operations)
        if empty:
            return Counts(), answers.NO_OPERATIONS
        if not total.accepted:
            return _outcome(discarded_all(total))
        numbers, onces = self._validator.numbers(total, spare), onces_of(client)
        seen: dict[tuple[str, str | None], None] = {}
        for kept, large in self._read(operations, drops=drops):
            if rows := list(self._validator.rows(kept, client, numbers, onces)):
                self._put(lines_of(rows), len(rows))
            if large is not None:
                self._put_parts(large, client, numbers, onces)
            seen.update(dict.fromkeys(seen_screens(event.payload for event in kept.events)))
        wanted = screens.missing(seen, client.key, self._directory)
        total = self._validator.with_remarks(total)
        return total, summary(total, client.key, wanted)

    def _read(
        self, operations: memoryview, *, drops: bool
    ) -> Iterator[tuple[ValidOperations, LargePeople | None]]:
        """What is kept of some operations at once, or of one that updates a person and is large.
        ``drops``: those of the wrong shape are dropped.

        Raises:
            ValueError, RecursionError: one has a wrong shape.
        """
        most = self._validator.max_operation
        for run in runs(operations):
            if len(run) <= RUN:
                text = b"".join((b"[", run, b"]"))
                some = _some_operations(text, drops=drops)
                sizes = [len(raw) for raw in _raws.decode(text)] if most else ()
                yield keep(some, sizes, most), None
                continue
            one = _one_large(run, drops=drops)
            sizes = [len(_any.decode(run))] if most else ()
            if not isinstance(one, _LargePeopleOperation):
                yield keep([one], sizes, most), None
                continue
            # Judged by its id and its size, as a small update is.
            kept = keep([PeopleOperation(PeoplePayload(one.payload.distinct_id))], sizes, most)
            yield msgspec.structs.replace(kept, people=[]), one.payload if kept.people else None


def _some_operations(text: bytes, *, drops: bool) -> Sequence[Operation | None]:
    try:
        some = _operations.decode(text)
        if all(one.payload.complete for one in some):
            return some
        raise ValueError("incomplete")
    except MALFORMED:
        if not drops:
            raise
    return [well_formed(one) for one in _raw_operations.decode(text)]


def _one_large(
    run: memoryview, *, drops: bool
) -> TrackOperation | _LargePeopleOperation | AliasOperation | None:
    try:
        one: TrackOperation | _LargePeopleOperation | AliasOperation = _large_operation.decode(run)
        if one.payload.complete:
            return one
        raise ValueError("incomplete")
    except MALFORMED:
        if not drops:
            raise
    _raw_operation.decode(run)  # raises: it is not even an object
    return None


def _outcome(admitted: Validated | Answer) -> tuple[Counts, Answer]:
    if isinstance(admitted, Answer):
        return Counts(), admitted
    return admitted.tally, admitted.answer


def _why_refused(operations: memoryview) -> Answer:
    def again() -> Iterator[list[RawOperation]]:
        for run in runs(operations):
            if len(run) <= RUN:
                yield _raw_operations.decode(b"".join((b"[", run, b"]")))
            else:
                yield [_raw_operation.decode(run)]

    return why_refused(again)
