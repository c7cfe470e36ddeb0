"""Pictures of the shop's screens: wireframes, as PNG of an indexed colour a pixel."""

import struct
import zlib
from typing import Final

from whipstitch.demo.screens import SCREENS

_TONES: Final = {
    "paper": (0xFA, 0xFA, 0xF8),
    "bar": (0xEC, 0xED, 0xEA),
    "card": (0xDF, 0xE3, 0xE0),
    "field": (0xD2, 0xD9, 0xDC),
    "text": (0x8A, 0x93, 0x96),
    "accent": (0x2F, 0x7F, 0x79),
}
_INDEX: Final = {tone: bytes([number]) for number, tone in enumerate(_TONES)}


def picture(screen: str, width: int, height: int) -> bytes:
    """The screen of that name, ``width`` by ``height`` pixels, as a PNG file."""
    rows = [bytearray(_INDEX["paper"] * width) for _ in range(height)]
    for area in SCREENS[screen]:
        left, right = round(area.x * width), round((area.x + area.width) * width)
        for row in rows[round(area.y * height) : round((area.y + area.height) * height)]:
            row[left:right] = _INDEX[area.tone] * (right - left)
    return _png(width, height, b"".join(b"\0" + row for row in rows))


def _png(width: int, height: int, lines: bytes) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0))
        + chunk(b"PLTE", bytes(part for colour in _TONES.values() for part in colour))
        + chunk(b"IDAT", zlib.compress(lines, 9))
        + chunk(b"IEND", b"")
    )
