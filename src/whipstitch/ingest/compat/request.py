"""A request of another product's client, and what is inside its body, told by its content: clients
label gzip as text, and JSON as a form."""

import base64
import binascii
import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple, TypeGuard
from urllib.parse import parse_qsl

import msgspec

from whipstitch.ingest.http.decompression import Corrupt, Oversized, unpack

_GZIP: Final = b"\x1f\x8b"
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_MOST_FIELDS: Final = 1000
_MOST_VALUES: Final = 250_000
"""Values in a JSON text: a hundred for each of the most events that a client sends at once. To make
objects of more would take memory, and time of the event loop, before the key is known."""
_FEW: Final = 250_000
"""Bytes of a text that cannot have so many."""
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_BLANK: Final = b" \t\r\n"
_REPLACEMENT: Final = "\ufffd"


class Unreadable(ValueError):
    """A body that is nothing that the product's clients send."""


class CompatRequest(NamedTuple):
    """``path`` is without the product's prefix and without slashes at its end; ``headers`` have
    names in lower case; ``body`` is as received."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[bytes, bytes]
    body: bytes = b""

    def header(self, name: bytes) -> str:
        """Blank where it was not sent."""
        return self.headers.get(name, b"").decode("latin-1").strip()


class Content(NamedTuple):
    """``document``: the JSON value; None where there is none. ``fields``: those of a form."""

    document: Any
    fields: Mapping[str, str]


def peel(body: bytes, limit: int) -> bytes:
    """``body``, unpacked where it is packed.

    Raises:
        Oversized: it has more than ``limit`` bytes.
        Unreadable
    """
    encoding = ""
    if body.startswith(_GZIP):
        encoding = "gzip"
    elif body.startswith(_ZSTD):
        encoding = "zstd"
    try:
        return unpack(body, encoding, limit)
    except Corrupt as error:
        raise Unreadable("does not unpack") from error


def content_of(text: bytes, query: Mapping[str, str], field: str = "data") -> Content:
    """What is in an unpacked body: JSON; or a form with JSON, plain or in base64, in its ``field``;
    or, where there is no body, the same in the query.

    Raises:
        Unreadable
    """
    start = text.lstrip(_BLANK)
    if start[:1] in (b"{", b"["):
        return Content(read_json(start), {})
    fields: Mapping[str, str] = query
    if start:
        fields = form_fields(text)
    packed = fields.get(field)
    return Content(None if packed is None else _embedded(packed), fields)


def form_fields(text: bytes) -> Mapping[str, str]:
    """Raises:
    Unreadable: too many, or not UTF-8.
    """
    try:
        return dict(parse_qsl(text.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError as error:
        raise Unreadable("no form") from error


def _embedded(packed: str) -> Any:
    text = packed.strip()
    if text[:1] in ("{", "["):
        return read_json(text.encode())
    # Plus signs that were not escaped came as spaces.
    plain = decode_base64(text.replace(" ", "+"))
    if plain is None:
        raise Unreadable("neither JSON nor base64")
    return read_json(plain)


def decode_base64(text: str) -> bytes | None:
    """Of either alphabet, with or without padding; None: it is no base64."""
    text = text.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def read_json(text: bytes) -> Any:
    """Also where numbers are ``NaN`` (null) or a text has half of an emoji (U+FFFD), as clients in
    Python and JavaScript write them.

    Raises:
        Unreadable
        Oversized: as objects it would take too much memory.
    """
    if len(text) > _FEW and sum(map(text.count, (b"{", b"[", b","))) > _MOST_VALUES:
        raise Oversized
    try:
        return msgspec.json.decode(text)
    except (ValueError, RecursionError):
        pass
    try:
        return _without_surrogates(
            json.loads(text, parse_constant=lambda _: None, parse_float=_finite)
        )
    except (ValueError, RecursionError) as error:
        raise Unreadable("no JSON") from error


def _finite(text: str) -> float | None:
    number = float(text)
    return number if abs(number) != float("inf") else None


def _without_surrogates(value: Any) -> Any:
    match value:
        case str():
            return _SURROGATE.sub(_REPLACEMENT, value)
        case list():
            return [_without_surrogates(one) for one in value]
        case dict():
            return {
                _SURROGATE.sub(_REPLACEMENT, name): _without_surrogates(one)
                for name, one in value.items()
            }
    return value


def basic_user(request: CompatRequest) -> str:
    """The user of Basic authentication; blank where there is none."""
    scheme, _, credentials = request.header(b"authorization").partition(" ")
    if scheme.lower() != "basic":
        return ""
    plain = decode_base64(credentials.strip()) or b""
    return plain.partition(b":")[0].decode("latin-1")


def bearer(request: CompatRequest) -> str:
    """The token of Bearer authentication; blank where there is none."""
    scheme, _, token = request.header(b"authorization").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def text_of(value: Any) -> str:
    """An id or a name, as text: clients send numbers, too. Blank where it is neither."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, float) and math.isfinite(value):
        return str(int(value)) if value.is_integer() else str(value)
    return ""


def mapping_of(value: Any) -> dict[str, Any]:
    """``value`` if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def without(properties: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """A copy of ``properties`` without these."""
    rest = properties.copy()  # three times as quick as a comprehension
    for name in names:
        rest.pop(name, None)
    return rest


def looks_anonymous(one: str) -> bool:
    """Whether an id is more likely a device's than a person's, where nothing says so."""
    lower = one.lower()
    return lower.startswith(("$device:", "anon", "device", "guest", "visitor")) or (
        len(one) >= 32 and all(letter in "0123456789abcdef-" for letter in lower)
    )


def is_number(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
