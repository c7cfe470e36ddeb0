"""Values of Python as JSON, so that they can be counted and summed on the server."""

import base64
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from numbers import Integral, Real
from pathlib import PurePath
from typing import Any, Final
from uuid import UUID

_DEEPEST: Final = 100
_SURROGATES: Final = re.compile("[\ud800-\udfff]")
_PLAIN: Final = frozenset((str, int, bool, type(None)))

OnLeftOut = Callable[[str, str], None]
"""Is told the place of a value (``cart.total``) and why it is not sent."""


class Unserialisable(ValueError):
    """A value that has no form in JSON."""


class _NoValue(Exception):
    """Says nothing, as NaN does: the key is left out."""


def rfc3339(moment: datetime) -> str:
    """``moment`` in UTC to the microsecond. One without an offset is local time, as for the rest
    of Python."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def encode(value: object) -> bytes:
    """The JSON of what ``plain`` gave."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def plain_object(properties: Mapping[Any, object], left_out: OnLeftOut) -> dict[str, Any]:
    """``properties`` as JSON has them. A value that has no form in JSON is left out; ``left_out``
    is told of it and may raise. NaN and infinities are left out without a word: they say that
    there is no value."""
    return _object(properties, "", left_out, 0)


def text(value: object) -> str:
    """An id or a name; of a number its digits, of a UUID its usual form."""
    return _whole(value if isinstance(value, str) else str(_key(value)))


def _object(
    values: Mapping[Any, object], place: str, left_out: OnLeftOut, depth: int
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in values.items():
        name = text(key)
        where = f"{place}.{name}" if place else name
        try:
            found[name] = _value(value, where, left_out, depth + 1)
        except _NoValue:
            continue
        except Unserialisable as error:
            left_out(where, str(error))
    return found


def _list(values: Iterable[object], place: str, left_out: OnLeftOut, depth: int) -> list[Any]:
    found: list[Any] = []
    for value in values:
        try:
            found.append(_value(value, place, left_out, depth + 1))
        except _NoValue:
            found.append(None)  # the others keep their places
        except Unserialisable as error:
            left_out(place, str(error))
    return found


def _value(value: Any, place: str, left_out: OnLeftOut, depth: int) -> Any:
    """Raises:
    _NoValue, Unserialisable
    """
    if type(value) in _PLAIN:
        return _whole(value) if type(value) is str else value
    if depth > _DEEPEST:
        raise Unserialisable(f"nested more than {_DEEPEST} deep")
    match value:
        case Enum():
            return _value(value.value, place, left_out, depth)
        case str():
            return _whole(str(value))
        case bool():
            return bool(value)
        case Decimal():
            return _decimal(value)
        case Integral():
            return int(value)
        case Real():
            return _finite(float(value))
        case datetime():
            return rfc3339(value)
        case date() | time():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case UUID() | PurePath():
            return _whole(str(value))
        case bytes() | bytearray() | memoryview():
            return _bytes(bytes(value))
        case Mapping():
            return _object(value, place, left_out, depth)
        case set() | frozenset():
            return _list(_in_order(value), place, left_out, depth)
        case list() | tuple():
            return _list(value, place, left_out, depth)
    if is_dataclass(value) and not isinstance(value, type):
        named = {one.name: getattr(value, one.name) for one in fields(value)}
        return _object(named, place, left_out, depth)
    raise Unserialisable(f"a {type(value).__qualname__} has no form in JSON")


def _key(key: object) -> object:
    if isinstance(key, Enum):
        return key.value
    return rfc3339(key) if isinstance(key, datetime) else key


def _finite(number: float) -> float:
    if not math.isfinite(number):
        raise _NoValue
    return number


def _decimal(number: Decimal) -> int | float | str:
    """A number, so that it can be summed, unless that would change its digits."""
    if not number.is_finite():
        raise _NoValue
    if number == number.to_integral_value() and abs(number) < 2**63:
        return int(number)
    as_float = float(number)
    return as_float if Decimal(repr(as_float)) == number else str(number)


def _bytes(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return base64.b64encode(value).decode()


def _in_order(values: Iterable[Any]) -> list[Any]:
    """Of a set, so that the same set is always the same text."""
    try:
        return sorted(values)
    except TypeError:
        return sorted(values, key=repr)


def _whole(value: str) -> str:
    """``value`` with U+FFFD for halves of cut characters, which UTF-8 cannot hold."""
    return value if value.isascii() else _SURROGATES.sub("\ufffd", value)
