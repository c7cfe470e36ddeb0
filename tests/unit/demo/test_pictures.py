import struct
import zlib

import pytest

from whipstitch.demo.pictures import picture
from whipstitch.demo.screens import SCREENS, area_of


def chunks(png: bytes) -> dict[bytes, bytes]:
    """The contents by kind; fails where a length or a checksum is wrong."""
    found: dict[bytes, bytes] = {}
    rest = png[8:]
    while rest:
        (length,) = struct.unpack(">I", rest[:4])
        kind, data = rest[4:8], rest[8 : 8 + length]
        assert struct.unpack(">I", rest[8 + length : 12 + length]) == (zlib.crc32(kind + data),)
        found[kind] = data
        rest = rest[12 + length :]
    return found


@pytest.mark.parametrize("screen", SCREENS)
def test_a_picture_is_a_small_png_of_the_size_asked_for(screen: str) -> None:
    png = picture(screen, 39, 84)

    found = chunks(png)
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert list(found) == [b"IHDR", b"PLTE", b"IDAT", b"IEND"]
    assert struct.unpack(">II", found[b"IHDR"][:8]) == (39, 84)
    assert len(zlib.decompress(found[b"IDAT"])) == (39 + 1) * 84
    assert len(png) < 1000


def test_what_is_tapped_is_what_is_seen() -> None:
    width, height = 390, 844
    area = area_of("Product", "add_to_cart")

    lines = zlib.decompress(chunks(picture("Product", width, height))[b"IDAT"])

    def colour(x: float, y: float) -> int:
        return lines[int(y * height) * (width + 1) + 1 + int(x * width)]

    middle = colour(area.x + area.width / 2, area.y + area.height / 2)
    assert middle == colour(area.x + 0.01, area.y + 0.01)
    assert middle != colour(area.x + area.width / 2, area.y + area.height + 0.02)
