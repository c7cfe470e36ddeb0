"""Ids that clients give their operations, so that one that is sent again can be told.

A row carries only a digest, ``once``: of the project, the environment, the kind of operation and
the id. The loader stores the first row of a digest and drops the others (``loader.repeats``)."""

from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b
from typing import Final, Literal

import msgspec

from whipstitch.core.projects import IngestionKey

Kind = Literal["track", "people", "alias"]
Content = Iterable[str | msgspec.Raw | memoryview]
"""What an operation says, in pieces."""
ABSENT: Final = msgspec.Raw(b"")
"""A raw value that was not sent."""
ALSO_BUSINESS: Final = ("event_id", "uuid", "eid")
"""Names under which many projects keep ids of their own, such as that of a concert, in
properties."""
_SHORT: Final = 16 * 1024
_FEW_PIECES: Final = 100
_FEW_BYTES: Final = 1024
_SIZES: Final = tuple(size.to_bytes(8) for size in range(_FEW_BYTES))
_NUMBER_STARTS: Final = b"-0123456789"
_string: Final = msgspec.json.Decoder(str)


class MessageIds(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The fields that may hold the id, in a payload or in its properties."""

    message_id: msgspec.Raw = ABSENT
    camel_id: msgspec.Raw = msgspec.field(default=ABSENT, name="messageId")
    dollar_insert_id: msgspec.Raw = msgspec.field(default=ABSENT, name="$insert_id")
    insert_id: msgspec.Raw = ABSENT
    event_id: msgspec.Raw = ABSENT
    uuid: msgspec.Raw = ABSENT
    eid: msgspec.Raw = ABSENT


NO_IDS: Final = MessageIds()
_ids: Final = msgspec.json.Decoder(MessageIds)


def ids_in(properties: msgspec.Raw) -> MessageIds:
    """Those in properties of any size; none where they are no object."""
    try:
        return _ids.decode(properties) if len(properties) else NO_IDS
    except (msgspec.DecodeError, RecursionError):
        return NO_IDS


def once(
    kind: Kind,
    key: IngestionKey,
    payload: MessageIds,
    properties: MessageIds,
    content: Content = (),
) -> str:
    """The digest of an operation's id, in hexadecimal digits; blank where it has none.

    An id counts whatever the operation says. Only of a name in ``ALSO_BUSINESS``, in properties,
    the ``content`` must be the same, too, or most events about one concert would be lost."""
    if _has_none(payload) and _has_none(properties):
        return ""
    text = (
        _text(payload.message_id)
        or _text(payload.camel_id)
        or _text(payload.dollar_insert_id)
        or _text(payload.insert_id)
        or _text(payload.event_id)
        or _text(payload.uuid)
        or _text(payload.eid)
        or _text(properties.message_id)
        or _text(properties.camel_id)
        or _text(properties.dollar_insert_id)
        or _text(properties.insert_id)
    )
    if text:
        return digest(kind, key, text)
    text = _text(properties.event_id) or _text(properties.uuid) or _text(properties.eid)
    return digest(kind, key, text, content) if text else ""


def content_of_people(
    distinct_id: str,
    timestamp: msgspec.Raw,
    *said: Iterable[tuple[str, msgspec.Raw | memoryview]],
) -> Content:
    """What an update of a person says; ``said``: its properties, and what it sets once and adds, by
    name."""
    yield distinct_id
    yield timestamp
    for named in said:
        for name, value in named:
            yield name
            yield value
        yield ""


def digest(kind: str, key: IngestionKey, text: str, content: Content = ()) -> str:
    """Of 128 bits, in hexadecimal digits. ``kind``: of what ``text`` and ``content`` are."""
    found = _begun(kind, key.project.id, key.environment).copy()
    # Hashed at once where it is short: to call the hash takes longer.
    pieces: list[bytes | msgspec.Raw | memoryview] = [text.encode("utf-8", "surrogatepass")]
    for part in content:
        value = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        size = len(value)
        pieces.append(_SIZES[size] if size < _FEW_BYTES else size.to_bytes(8))
        if size < _SHORT and len(pieces) < _FEW_PIECES:
            pieces.append(value)
        else:
            found.update(b"".join(pieces))
            found.update(memoryview(value))
            pieces.clear()
    found.update(b"".join(pieces))
    return found.hexdigest()


@lru_cache(maxsize=1024)
def _begun(kind: str, project_id: str, environment: str) -> "blake2b":
    return blake2b(f"{kind}\0{project_id}\0{environment}\0".encode(), digest_size=16)


def _has_none(sent: MessageIds) -> bool:
    # In one go: most operations have none, and to look at each field costs more than all else here.
    return (
        sent.message_id
        is sent.camel_id
        is sent.dollar_insert_id
        is sent.insert_id
        is sent.event_id
        is sent.uuid
        is sent.eid
        is ABSENT
    )


def _text(raw: msgspec.Raw) -> str:
    """A text that is not empty, or a number; blank for anything else."""
    if raw is ABSENT:
        return ""
    value = bytes(raw)
    if value[:1] == b'"':
        try:
            return _string.decode(value)
        except msgspec.DecodeError:
            return ""
    return value.decode() if value[:1] and value[:1] in _NUMBER_STARTS else ""
