"""Bodies read into what they say, or into the answer that refuses them (contract README, "Order of
checks")."""

from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

import msgspec

from whipstitch.ingest.validation.answers import (
    INVALID_BODY,
    INVALID_PAYLOAD,
    NO_OPERATIONS,
    UNKNOWN_OPERATION,
    Answer,
)
from whipstitch.ingest.validation.message_ids import ABSENT
from whipstitch.ingest.validation.payloads import (
    AliasOperation,
    AliasPayload,
    Operation,
    PeopleOperation,
    PeoplePayload,
    TrackOperation,
    TrackPayload,
)
from whipstitch.ingest.validation.surrogates import without_lone_surrogates

T = TypeVar("T")
_LF: Final = ord("\n")
_CR: Final = ord("\r")
_LONGEST_KIND: Final = 64
"""Bytes: ``people`` with each letter escaped, in quotes."""


class _Batch(msgspec.Struct, frozen=True):
    operations: list[Operation]


class RawOperation(msgspec.Struct, frozen=True):
    """One whose shape is not known yet."""

    type: msgspec.Raw = ABSENT
    payload: msgspec.Raw = ABSENT


class _RawBatch(msgspec.Struct, frozen=True):
    operations: list[RawOperation]


class _Sizes(msgspec.Struct, frozen=True):
    operations: list[msgspec.Raw]


_track = msgspec.json.Decoder(TrackPayload)
_people = msgspec.json.Decoder(PeoplePayload)
_alias = msgspec.json.Decoder(AliasPayload)
_batch = msgspec.json.Decoder(_Batch)
_operations = msgspec.json.Decoder(list[Operation])
_sizes = msgspec.json.Decoder(_Sizes)
_raw_batch = msgspec.json.Decoder(_RawBatch)
_string = msgspec.json.Decoder(str)
_payloads: dict[str, msgspec.json.Decoder[Any]] = {
    "track": _track,
    "people": _people,
    "alias": _alias,
}

# RecursionError: nesting beyond what the decoder follows. UnicodeDecodeError is a ValueError, as
# msgspec's own errors are.
MALFORMED = (ValueError, RecursionError)


def read_track(body: bytes) -> TrackPayload | Answer:
    """The event in ``body``, or the answer that refuses it. Whether it is ``well_formed`` is left
    to the caller."""
    try:
        return _decode(_track, body)
    except MALFORMED:
        return INVALID_BODY


def read_people(body: bytes) -> PeoplePayload | Answer:
    """The trait update in ``body``, or the answer that refuses it."""
    try:
        return _decode(_people, body)
    except MALFORMED:
        return INVALID_BODY


def read_alias(body: bytes) -> AliasPayload | Answer:
    """The alias in ``body``, or the answer that refuses it."""
    try:
        return _decode(_alias, body)
    except MALFORMED:
        return INVALID_BODY


def read_batch(body: bytes) -> list[Operation] | Answer:
    """The operations in ``body`` in the order sent, or the answer that refuses all of them."""
    try:
        operations = _decode(_batch, body).operations
    except MALFORMED:
        return _why_refused(body)
    return check_operations(operations) or _why_refused(body)


def read_well_formed(body: bytes) -> list[Operation | None] | Answer:
    """The operations in ``body`` in the order sent, None for each of the wrong shape; or the answer
    that refuses all of them all the same."""
    try:
        operations = _decode(_raw_batch, body).operations
    except MALFORMED:
        return INVALID_BODY
    refusal = why_refused(lambda: [operations])
    if refusal not in INVALID_PAYLOAD.values() and refusal is not INVALID_BODY:
        return refusal
    return [well_formed(one) for one in operations]


def well_formed(operation: RawOperation) -> Operation | None:
    """The operation, of a known type; None: its payload has the wrong shape."""
    kind = _operation_kind(operation)
    try:
        payload = None if kind is None else _payloads[kind].decode(operation.payload)
    except MALFORMED:
        return None
    if payload is None or not payload.complete:
        return None
    if isinstance(payload, TrackPayload):
        return TrackOperation(payload)
    if isinstance(payload, PeoplePayload):
        return PeopleOperation(payload)
    return AliasOperation(payload)


def sizes_of_operations(body: bytes) -> list[int]:
    """How many bytes each operation of a sound batch has."""
    return [len(raw) for raw in _sizes.decode(without_lone_surrogates(body)).operations]


def check_operations(operations: list[Operation]) -> list[Operation] | None:
    for operation in operations:
        if not operation.payload.complete:
            return None
    return operations or None


def _decode(decoder: "msgspec.json.Decoder[T]", body: bytes) -> T:
    """``body``, its raw values without line breaks. Inside JSON strings those are escaped, so bare
    ones stand between tokens and are as good as spaces; the journal has one row a line.

    Raises:
        ValueError, RecursionError: not UTF-8, not JSON, or of another shape.
    """
    if not body.isascii():
        _check_utf8(body)
    body = without_lone_surrogates(body)
    decoded = decoder.decode(body)
    if _LF in body or _CR in body:
        return decoder.decode(body.replace(b"\n", b" ").replace(b"\r", b" "))
    return decoded


def text_of(raw: msgspec.Raw) -> str:
    """The string that ``raw`` holds; blank where it holds anything else."""
    if raw is ABSENT:
        return ""
    if bytes(memoryview(raw)[:1]) != b'"':
        return ""
    try:
        return _string.decode(raw)
    except msgspec.DecodeError:
        return ""  # a lone surrogate


def _check_utf8(body: bytes) -> None:
    """The decoder passes over raw values without looking at their encoding; ClickHouse does not.

    Raises:
        UnicodeDecodeError: ``body`` is not UTF-8.
    """
    body.decode()


def _why_refused(body: bytes) -> Answer:
    try:
        _check_utf8(body)
        operations = _raw_batch.decode(without_lone_surrogates(body)).operations
    except MALFORMED:
        return INVALID_BODY
    return why_refused(lambda: [operations])


def why_refused(operations: Callable[[], Iterable[list[RawOperation]]]) -> Answer:
    """Looks at a refused batch again, step by step, for the first check that fails (batch page,
    "Validation": all types before any payload). ``operations`` gives them anew, some at once; what
    it raises of ``MALFORMED`` counts as the first check."""
    unknown, empty = False, True
    try:
        for some in operations():
            empty = empty and not some
            unknown = unknown or any(_operation_kind(one) is None for one in some)
    except MALFORMED:
        return INVALID_BODY
    if empty:
        return NO_OPERATIONS
    if unknown:
        return UNKNOWN_OPERATION
    for some in operations():
        for one in some:
            kind = _operation_kind(one)
            assert kind is not None  # noqa: S101 - just checked; tells the type checker
            try:
                if _payloads[kind].decode(one.payload).complete:
                    continue
            except MALFORMED:
                pass
            return INVALID_PAYLOAD[kind]
    return INVALID_BODY


def _operation_kind(operation: RawOperation) -> str | None:
    if len(operation.type) > _LONGEST_KIND:
        return None
    kind = text_of(operation.type)
    return kind if kind in _payloads else None
