"""What clients may send, as types: decoding checks the shapes (contract README, "Order of checks").

``properties`` and ``timestamp`` stay raw bytes: what the client sent is stored as it was sent."""

from codecs import getincrementaldecoder
from typing import Any, Final, Literal, TypeVar

import msgspec

from whipstitch.admission.answers import (
    INVALID_BODY,
    INVALID_PAYLOAD,
    NO_OPERATIONS,
    UNKNOWN_OPERATION,
    Answer,
)

T = TypeVar("T")
Kind = Literal["track", "people", "alias"]
_LF: Final = ord("\n")
_CR: Final = ord("\r")
ABSENT: Final = msgspec.Raw(b"")
"""A raw value that was not sent."""
_OBJECT_STARTS = frozenset((b"{", b"n"))
"""How a raw value begins that is an object or null."""


class Track(msgspec.Struct, frozen=True, gc=False):
    """One event (track page, "Request body")."""

    event_name: str | None = None
    distinct_id: str | None = None
    properties: msgspec.Raw = ABSENT
    default_properties: msgspec.Raw = ABSENT
    timestamp: msgspec.Raw = ABSENT
    lib_version: str | None = None

    @property
    def complete(self) -> bool:
        """Whether a batch may hold it. An empty id is garbage there, not an error."""
        return bool(self.event_name) and self.distinct_id is not None and self.well_formed

    @property
    def well_formed(self) -> bool:
        properties, defaults = self.properties, self.default_properties
        return (properties is ABSENT or bytes(properties)[:1] in _OBJECT_STARTS) and (
            defaults is ABSENT or bytes(defaults)[:1] in _OBJECT_STARTS
        )


class People(msgspec.Struct, frozen=True):
    """A partial update of one person's traits (contract README, "People")."""

    distinct_id: str | None = None
    properties: dict[str, msgspec.Raw] | None = None
    timestamp: msgspec.Raw = ABSENT

    @property
    def complete(self) -> bool:
        return self.distinct_id is not None


class Alias(msgspec.Struct, frozen=True, gc=False):
    """All that was ever seen as ``alias_id`` is ``distinct_id`` (alias page)."""

    alias_id: str | None = None
    distinct_id: str | None = None
    timestamp: msgspec.Raw = ABSENT

    @property
    def complete(self) -> bool:
        return self.alias_id is not None and self.distinct_id is not None


class TrackOperation(msgspec.Struct, frozen=True, tag_field="type", tag="track"):
    payload: Track


class PeopleOperation(msgspec.Struct, frozen=True, tag_field="type", tag="people"):
    payload: People


class AliasOperation(msgspec.Struct, frozen=True, tag_field="type", tag="alias"):
    payload: Alias


Operation = TrackOperation | PeopleOperation | AliasOperation


class _Batch(msgspec.Struct, frozen=True):
    operations: list[Operation]


class _RawOperation(msgspec.Struct, frozen=True):
    type: msgspec.Raw = ABSENT
    payload: msgspec.Raw = ABSENT


class _RawBatch(msgspec.Struct, frozen=True):
    operations: list[_RawOperation]


class _SplitBatch(msgspec.Struct, frozen=True):
    operations: list[msgspec.Raw]


_track = msgspec.json.Decoder(Track)
_people = msgspec.json.Decoder(People)
_alias = msgspec.json.Decoder(Alias)
_batch = msgspec.json.Decoder(_Batch)
_operations = msgspec.json.Decoder(list[Operation])
_raw_batch = msgspec.json.Decoder(_RawBatch)
_split_batch = msgspec.json.Decoder(_SplitBatch)
_any = msgspec.json.Decoder()
_string = msgspec.json.Decoder(str)
_payloads: dict[str, msgspec.json.Decoder[Any]] = {
    "track": _track,
    "people": _people,
    "alias": _alias,
}

_Utf8Decoder = getincrementaldecoder("utf-8")
_UTF8_PIECE = 1024 * 1024

# RecursionError: nesting beyond what the decoder follows. UnicodeDecodeError is a ValueError, as
# msgspec's own errors are.
_MALFORMED = (ValueError, RecursionError)


def read_track(body: bytes) -> Track | Answer:
    """The event in ``body``, or the answer that refuses it. Whether it is ``well_formed`` is left
    to the caller."""
    try:
        return _decode(_track, body)
    except _MALFORMED:
        return INVALID_BODY


def read_people(body: bytes) -> People | Answer:
    """The trait update in ``body``, or the answer that refuses it."""
    try:
        return _decode(_people, body)
    except _MALFORMED:
        return INVALID_BODY


def read_alias(body: bytes) -> Alias | Answer:
    """The alias in ``body``, or the answer that refuses it."""
    try:
        return _decode(_alias, body)
    except _MALFORMED:
        return INVALID_BODY


def read_batch(body: bytes) -> list[Operation] | Answer:
    """The operations in ``body`` in the order sent, or the answer that refuses all of them."""
    try:
        operations = _decode(_batch, body).operations
    except _MALFORMED:
        return _why_refused(body)
    return check_operations(operations) or _why_refused(body)


def split_batch(body: bytes) -> list[msgspec.Raw] | Answer:
    """The undecoded operations of a batch too large to be decoded at once."""
    try:
        check_utf8(body)
        return _split_batch.decode(body).operations or NO_OPERATIONS
    except _MALFORMED:
        return INVALID_BODY


def read_operations(raws: list[msgspec.Raw], body: bytes) -> list[Operation] | Answer:
    """Some of the operations of ``body``, as ``split_batch`` gave them, or the answer that refuses
    the whole body."""
    try:
        operations = _decode(_operations, b"[%b]" % b",".join(raws))
    except _MALFORMED:
        return _why_refused(body)
    return check_operations(operations) or _why_refused(body)


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
        check_utf8(body)
    decoded = decoder.decode(body)
    if _LF in body or _CR in body:
        return decoder.decode(body.replace(b"\n", b" ").replace(b"\r", b" "))
    return decoded


def check_utf8(body: bytes) -> None:
    """The decoder passes over raw values without looking at their encoding; ClickHouse does not.

    Raises:
        UnicodeDecodeError: ``body`` is not UTF-8.
    """
    if body.isascii():
        return
    decoder = _Utf8Decoder()  # in pieces: as one text, half a gigabyte may become two
    for at in range(0, len(body), _UTF8_PIECE):
        decoder.decode(body[at : at + _UTF8_PIECE])
    decoder.decode(b"", final=True)


def text_of(raw: msgspec.Raw) -> str:
    """The string that ``raw`` holds; blank where it holds anything else."""
    if raw is ABSENT:
        return ""
    text = bytes(raw)
    if text[:1] != b'"':
        return ""
    try:
        return _string.decode(text)
    except msgspec.DecodeError:
        return ""  # a lone surrogate


def _why_refused(body: bytes) -> Answer:
    """Looks at a refused batch again, step by step, for the first check that fails (batch page,
    "Validation": all types before any payload)."""
    try:
        check_utf8(body)
        operations = _raw_batch.decode(body).operations
    except _MALFORMED:
        return INVALID_BODY
    if not operations:
        return NO_OPERATIONS
    kinds = [_operation_kind(operation) for operation in operations]
    if None in kinds:
        return UNKNOWN_OPERATION
    for kind, operation in zip(kinds, operations, strict=True):
        assert kind is not None  # noqa: S101 - just checked; tells the type checker
        try:
            if _payloads[kind].decode(operation.payload).complete:
                continue
        except _MALFORMED:
            pass
        return INVALID_PAYLOAD[kind]
    return INVALID_BODY


def _operation_kind(operation: _RawOperation) -> str | None:
    try:
        kind = _any.decode(operation.type)
    except _MALFORMED:
        return None
    return kind if isinstance(kind, str) and kind in _payloads else None
