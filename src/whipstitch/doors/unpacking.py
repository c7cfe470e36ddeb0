"""Request bodies with a ``Content-Encoding``, unpacked up to a bound."""

import codecs
import zlib
from io import BytesIO

import zstandard

_MOST_WINDOW = 128 * 1024 * 1024
_GZIP = 16 + zlib.MAX_WBITS
_GZIP_BEGINS = b"\x1f\x8b"
BOM = codecs.BOM_UTF8
"""Says nothing of a text that is UTF-8 anyway; it is passed over."""
_PIECE = 16 * 1024


class UnsupportedEncoding(ValueError):
    """Neither gzip nor deflate nor zstd."""


class Oversized(ValueError):
    """Unpacks to more than allowed."""


class Corrupt(ValueError):
    """Does not unpack, or ends too early."""


def encoding_of(header: str) -> str:
    """The one encoding that a ``Content-Encoding`` header names; blank for none.

    Raises:
        UnsupportedEncoding
    """
    encoding = header.strip().lower()
    if encoding in ("", "identity"):
        return ""
    if encoding in ("gzip", "x-gzip"):
        return "gzip"
    if encoding in ("deflate", "zstd"):
        return encoding
    raise UnsupportedEncoding(header)


def unpack(packed: bytes, encoding: str, limit: int) -> bytes:
    """``packed`` as it was before ``encoding`` (see ``encoding_of``), at most ``limit`` bytes,
    without a byte order mark.

    Raises:
        Oversized: it would be longer; no more than that was unpacked.
        Corrupt
    """
    if not encoding:
        plain = packed
    elif encoding == "zstd":
        plain = _unpack_zstd(packed, limit)
    else:
        plain = _inflate_any(packed, limit)
    if len(plain) > limit:
        raise Oversized
    return plain.removeprefix(BOM)


def _inflate_any(packed: bytes, limit: int) -> bytes:
    """Whichever of the three it is: clients that say gzip leave out its header, and HTTP's deflate
    is zlib's format, of which many send the bare stream. How gzip begins, neither of them can."""
    if packed.startswith(_GZIP_BEGINS):
        return _inflate(packed, _GZIP, limit)
    try:
        return _inflate(packed, zlib.MAX_WBITS, limit)
    except Corrupt:
        return _inflate(packed, -zlib.MAX_WBITS, limit)


def _inflate(packed: bytes, window: int, limit: int) -> bytes:
    """Members one behind another, as gzip allows, count as one text; zeros behind them, which fill
    up blocks, as nothing."""
    plain: list[bytes] = []
    stream = zlib.decompressobj(window)
    # In pieces, because a member's end hands back a copy of what is behind it: over the whole of
    # a body of empty members, that would take its length squared.
    for at in range(0, len(packed), _PIECE):
        rest = packed[at : at + _PIECE]
        while rest:
            if stream.eof:
                if window != _GZIP or not any(rest):
                    break
                stream = zlib.decompressobj(window)
            try:
                plain.append(stream.decompress(rest, limit + 1))
            except zlib.error as error:
                raise Corrupt from error
            limit -= len(plain[-1])
            if limit < 0:
                raise Oversized
            rest = stream.unused_data
    if not stream.eof:
        raise Corrupt
    return b"".join(plain)


def _unpack_zstd(packed: bytes, limit: int) -> bytes:
    reader = zstandard.ZstdDecompressor(max_window_size=_MOST_WINDOW).stream_reader(
        BytesIO(packed), read_across_frames=True
    )
    try:
        return reader.read(limit + 1)
    except zstandard.ZstdError as error:
        raise Corrupt from error
