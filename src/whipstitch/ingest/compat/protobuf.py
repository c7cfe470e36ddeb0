"""Reads protocol buffers, as far as OTLP's logs need them: fields by number, without a schema."""

import struct
from collections.abc import Iterator
from typing import Final

VARINT: Final = 0
FIXED64: Final = 1
LENGTH: Final = 2
FIXED32: Final = 5
_FIXED64_BYTES: Final = 8
_MOST_OF_BYTE: Final = 0x7F
"""Of a number in one byte."""

Value = int | bytes


def fields(message: bytes) -> Iterator[tuple[int, int, Value]]:
    """Number, wire type and value of each field, in order: a number, or the bytes of a text, of a
    fixed number or of a message inside.

    Raises:
        ValueError: it is no such message.
    """
    at, end = 0, len(message)
    while at < end:
        tag = message[at]  # nearly always one byte, as a length is
        at += 1
        if tag > _MOST_OF_BYTE:
            tag, at = _varint(message, at - 1)
        number, kind = tag >> 3, tag & 7
        if not number:
            raise ValueError("field 0")
        if kind == VARINT:
            value: Value
            value, at = _varint(message, at)
        else:
            if kind == LENGTH:
                size = message[at] if at < end else _MOST_OF_BYTE + 1
                at += 1
                if size > _MOST_OF_BYTE:
                    size, at = _varint(message, at - 1)
            elif kind in (FIXED64, FIXED32):
                size = 8 if kind == FIXED64 else 4
            else:
                raise ValueError("unknown wire type")
            if size > end - at:
                raise ValueError("ends too early")
            value = message[at : at + size]
            at += size
        yield number, kind, value


def _varint(message: bytes, at: int) -> tuple[int, int]:
    number = 0
    for shift in range(0, 70, 7):
        if at >= len(message):
            break
        byte = message[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number & 0xFFFF_FFFF_FFFF_FFFF, at
    raise ValueError("no varint")


def signed(number: int) -> int:
    """An int64 of the varint's bits."""
    return number - (1 << 64) if number >= 1 << 63 else number


def double(value: bytes) -> float:
    found: float = struct.unpack("<d", value)[0]
    return found


def fixed64(value: bytes) -> int:
    """Raises:
    ValueError: it has another length.
    """
    if len(value) != _FIXED64_BYTES:
        raise ValueError("no fixed64 field")
    return int.from_bytes(value, "little")


def varint(number: int) -> bytes:
    """``number``, not negative, as it stands in a message."""
    parts = bytearray()
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    parts.append(number)
    return bytes(parts)


def field(number: int, value: int | bytes) -> bytes:
    """One field of a message."""
    if isinstance(value, int):
        return varint(number << 3 | VARINT) + varint(value)
    return varint(number << 3 | LENGTH) + varint(len(value)) + value
