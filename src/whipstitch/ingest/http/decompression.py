"""Request bodies with a ``Content-Encoding``, unpacked up to a bound."""

import codecs
import zlib
from io import BytesIO
from typing import BinaryIO, Protocol

import zstandard

_MOST_WINDOW = 128 * 1024 * 1024
_GZIP = 16 + zlib.MAX_WBITS
_GZIP_BEGINS = b"\x1f\x8b"
BOM = codecs.BOM_UTF8
"""Says nothing of a text that is UTF-8 anyway; it is passed over."""
_PIECE = 16 * 1024
_PLAIN_PIECE = 1024 * 1024


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


class Sink(Protocol):
    """Takes pieces of an unpacked text; a list of them is one."""

    def append(self, piece: bytes, /) -> object: ...
    def clear(self) -> object: ...


def unpack(packed: bytes, encoding: str, limit: int) -> bytes:
    """``packed`` as it was before ``encoding`` (see ``encoding_of``), at most ``limit`` bytes,
    without a byte order mark.

    Raises:
        Oversized: it would be longer; no more than that was unpacked.
        Corrupt
    """
    if not encoding:
        if len(packed) > limit:
            raise Oversized
        return packed.removeprefix(BOM)
    plain: list[bytes] = []
    unpack_file(BytesIO(packed), encoding, limit, plain)
    return b"".join(plain).removeprefix(BOM)


def unpack_file(packed: BinaryIO, encoding: str, limit: int, plain: Sink) -> None:
    """Hands to ``plain`` what ``packed`` was before ``encoding``, which is not blank.

    Raises as ``unpack`` does, and OSError."""
    if encoding == "zstd":
        _unpack_zstd(packed, limit, plain)
    else:
        _inflate_any(packed, limit, plain)


def _inflate_any(packed: BinaryIO, limit: int, plain: Sink) -> None:
    """Whichever of the three it is: clients that say gzip leave out its header, and HTTP's deflate
    is zlib's format, of which many send the bare stream. How gzip begins, neither of them can."""
    gzip = packed.read(len(_GZIP_BEGINS)) == _GZIP_BEGINS
    packed.seek(0)
    if gzip:
        _inflate(packed, _GZIP, limit, plain)
        return
    try:
        _inflate(packed, zlib.MAX_WBITS, limit, plain)
    except Corrupt:
        packed.seek(0)
        plain.clear()
        _inflate(packed, -zlib.MAX_WBITS, limit, plain)


def _inflate(packed: BinaryIO, window: int, limit: int, plain: Sink) -> None:
    """Members one behind another, as gzip allows, count as one text; zeros behind them, which fill
    up blocks, as nothing."""
    stream = zlib.decompressobj(window)
    # In pieces, because a member's end hands back a copy of what is behind it: over the whole of
    # a body of empty members, that would take its length squared.
    while rest := packed.read(_PIECE):
        while rest:
            if stream.eof:
                if window != _GZIP or not any(rest):
                    break
                stream = zlib.decompressobj(window)
            try:
                piece = stream.decompress(rest, limit + 1)
            except zlib.error as error:
                raise Corrupt from error
            limit -= len(piece)
            if limit < 0:
                raise Oversized
            plain.append(piece)
            rest = stream.unused_data
    if not stream.eof:
        raise Corrupt


def _unpack_zstd(packed: BinaryIO, limit: int, plain: Sink) -> None:
    reader = zstandard.ZstdDecompressor(max_window_size=_MOST_WINDOW).stream_reader(
        packed, read_across_frames=True, closefd=False
    )
    try:
        while piece := reader.read(_PLAIN_PIECE):
            limit -= len(piece)
            if limit < 0:
                raise Oversized
            plain.append(piece)
    except zstandard.ZstdError as error:
        raise Corrupt from error
