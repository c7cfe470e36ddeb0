import gzip
import zlib
from collections.abc import Callable

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from whipstitch.ingest.http.decompression import (
    BOM,
    Corrupt,
    Oversized,
    UnsupportedEncoding,
    encoding_of,
    unpack,
)

PACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda plain: gzip.compress(plain, mtime=0),
    "deflate": zlib.compress,
    "bare deflate": lambda plain: zlib.compress(plain, wbits=-15),
    "zstd": zstandard.compress,
}
ENCODINGS = sorted(PACK)


def name_of(encoding: str) -> str:
    return encoding.removeprefix("bare ")


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(st.binary(max_size=100_000))
def test_what_was_packed_comes_back(encoding: str, plain: bytes) -> None:
    unpacked = unpack(PACK[encoding](plain), name_of(encoding), len(plain))
    assert unpacked == plain.removeprefix(BOM)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_one_byte_over_the_limit_is_too_much(encoding: str) -> None:
    with pytest.raises(Oversized):
        unpack(PACK[encoding](bytes(1_000)), name_of(encoding), 999)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_bomb_is_not_unpacked(encoding: str) -> None:
    with pytest.raises(Oversized):
        unpack(PACK[encoding](bytes(20_000_000)), name_of(encoding), 1_000)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "bare deflate"])
def test_a_stream_that_ends_too_early_is_corrupt(encoding: str) -> None:
    packed = PACK[encoding](b"some text to be packed" * 20)
    for end in range(len(packed)):
        with pytest.raises(Corrupt):
            unpack(packed[:end], name_of(encoding), 10_000)


def test_a_zstd_stream_that_ends_too_early_gives_no_more_than_it_holds() -> None:
    """Its last bytes may be a checksum only."""
    plain = b"some text to be packed" * 20
    packed = zstandard.compress(plain)
    for end in range(len(packed)):
        try:
            assert plain.startswith(unpack(packed[:end], "zstd", 10_000))
        except Corrupt:
            continue


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "zstd"])
@pytest.mark.parametrize("junk", [b"{}", b"\x00" * 50, b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd" * 9])
def test_junk_is_corrupt(encoding: str, junk: bytes) -> None:
    with pytest.raises(Corrupt):
        unpack(junk, encoding, 1_000)


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
@given(st.lists(st.binary(max_size=200), min_size=1, max_size=20))
def test_members_one_behind_another_are_one_text(encoding: str, members: list[bytes]) -> None:
    packed = b"".join(PACK[encoding](member) for member in members)
    assert unpack(packed, encoding, 4_000) == b"".join(members).removeprefix(BOM)


def test_the_limit_holds_for_all_members_together() -> None:
    with pytest.raises(Oversized):
        unpack(gzip.compress(bytes(600)) * 2, "gzip", 1_000)


def test_a_second_member_that_is_torn_or_junk_is_corrupt() -> None:
    whole = gzip.compress(b"first")
    for second in (whole[:-1], b"junk", b"\x00junk", b"\x00" + whole):
        with pytest.raises(Corrupt):
            unpack(whole + second, "gzip", 1_000)


@pytest.mark.parametrize("padding", [1, 511, 100_000])
def test_zeros_behind_the_last_member_are_padding(padding: int) -> None:
    assert unpack(gzip.compress(b"text") + bytes(padding), "gzip", 1_000) == b"text"


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
@pytest.mark.parametrize("packing", ["gzip", "deflate", "bare deflate"])
@given(st.binary(max_size=1_000))
def test_the_three_formats_of_deflate_are_told_apart(
    packing: str, encoding: str, plain: bytes
) -> None:
    assert unpack(PACK[packing](plain), encoding, 1_000) == plain.removeprefix(BOM)


@pytest.mark.parametrize("encoding", ["", *ENCODINGS])
def test_one_byte_order_mark_is_passed_over(encoding: str) -> None:
    pack = PACK.get(encoding, bytes)
    assert unpack(pack(BOM + b"{}"), name_of(encoding), 1_000) == b"{}"
    assert unpack(pack(BOM + BOM), name_of(encoding), 1_000) == BOM


def test_a_great_many_empty_members_are_read_in_pieces() -> None:
    """Read at once they would be copied once for each of them: 50 GB."""
    assert unpack(gzip.compress(b"") * 50_000, "gzip", 1_000) == b""


@pytest.mark.parametrize(
    ("header", "encoding"),
    [
        ("", ""),
        ("identity", ""),
        ("gzip", "gzip"),
        (" GZip ", "gzip"),
        ("x-gzip", "gzip"),
        ("deflate", "deflate"),
        ("Zstd", "zstd"),
    ],
)
def test_an_encoding_is_named_in_any_case(header: str, encoding: str) -> None:
    assert encoding_of(header) == encoding


@pytest.mark.parametrize("header", ["br", "gzip, gzip", "compress", "gzip;q=1", "snappy"])
def test_another_encoding_is_unsupported(header: str) -> None:
    with pytest.raises(UnsupportedEncoding):
        encoding_of(header)
