"""Keys that stand twice in one JSON object: the last one counts, at any depth.

The decoder keeps the last of two, but what clients send is stored as they sent it, and ClickHouse
takes ``{"a": 1, "a": {"b": 2}}`` for two places. So the others are taken out before the text is
stored, where objects lie within: on the first level alone ClickHouse sees by itself what stands
twice."""

import json
from typing import Any, Final

import msgspec

from whipstitch.ingest.validation.payloads import TrackPayload

_LARGEST: Final = 2**20
"""Bytes. Queries have no copy of what is larger."""
_NO_OBJECT: Final = (0, 4)
"""Bytes of what was not sent, and of null."""
_ESCAPED_QUOTE: Final = b"\\u0022"
"""Is written anew with a quote."""
_any: Final = msgspec.json.Decoder()
_object: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_list: Final = msgspec.json.Decoder(list[msgspec.Raw])
_encode: Final = msgspec.json.Encoder().encode


def objects_in(event: TrackPayload) -> int:
    """How many objects its properties are, as far as can be told at a glance, never too many."""
    properties, defaults = len(event.properties), len(event.default_properties)
    return (properties not in _NO_OBJECT) + (defaults not in _NO_OBJECT)


def last_of_equal_keys(sent: msgspec.Raw, objects: int = 1) -> msgspec.Raw:
    """The JSON value ``sent`` without the keys that stand again later; itself where there are none,
    or fewer than so many ``objects``. Numbers and texts stay as they were written."""
    if len(sent) > _LARGEST:  # for which there may be no room twice
        return sent
    text = bytes(sent)
    if text.count(b"{") < objects:
        return sent
    try:
        if _all_keys_differ(text):
            return sent
        return msgspec.Raw(_cleaned(text))
    except (ValueError, RecursionError):
        return sent  # the loader mends what is odd


def _all_keys_differ(text: bytes) -> bool:
    # Counted in no time: decoded and written anew, each key is there once, and so are its quotes.
    try:
        written = _encode(_any.decode(text))
        if _ESCAPED_QUOTE not in text and text.count(b'"') == written.count(b'"'):
            return True
    except msgspec.DecodeError:
        pass  # a number beyond a double's range
    differ = True

    def look(pairs: list[tuple[str, Any]]) -> None:
        nonlocal differ
        differ = differ and len(dict(pairs)) == len(pairs)

    json.loads(text, strict=False, parse_int=str, parse_float=str, object_pairs_hook=look)
    return differ


def _cleaned(text: bytes) -> bytes:
    text = text.strip()
    start = text[:1]
    if start == b"{":
        members = (
            b"%b:%b" % (_encode(key), _cleaned(bytes(value)))
            for key, value in _object.decode(text).items()
        )
        return b"{%b}" % b",".join(members)
    if start == b"[":
        return b"[%b]" % b",".join(_cleaned(bytes(value)) for value in _list.decode(text))
    return text
