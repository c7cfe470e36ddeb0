"""Protocol buffers without a schema."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whipstitch.ingest.compat.otlp_records import records_of_protobuf
from whipstitch.ingest.compat.protobuf import double, field, fields, fixed64, signed, varint
from whipstitch.ingest.compat.request import Unreadable

NUMBERS = st.integers(1, 2**29 - 1)
VALUES = st.integers(0, 2**64 - 1) | st.binary()


@given(st.lists(st.tuples(NUMBERS, VALUES)))
def test_what_was_written_is_read(written: list[tuple[int, int | bytes]]) -> None:
    message = b"".join(field(number, value) for number, value in written)
    assert [(number, value) for number, _, value in fields(message)] == written


@given(st.integers(-(2**63), 2**63 - 1))
def test_a_negative_number_is_read(number: int) -> None:
    ((_, _, found),) = fields(field(1, number % 2**64))
    assert isinstance(found, int)
    assert signed(found) == number


def test_of_a_number_with_more_bits_64_count() -> None:
    ((_, _, found),) = fields(varint(1 << 3) + varint(2**69 - 1))
    assert found == 2**64 - 1


@given(st.floats(allow_nan=False))
def test_a_fixed_number_is_read(number: float) -> None:
    packed = varint(4 << 3 | 1) + struct.pack("<d", number)
    ((_, _, found),) = fields(packed)
    assert isinstance(found, bytes)
    assert double(found) == number
    assert fixed64(found) == struct.unpack("<Q", packed[1:])[0]


@given(st.binary())
def test_any_bytes_are_records_or_refused(message: bytes) -> None:
    try:
        for record in records_of_protobuf(message):
            assert isinstance(record.attributes, dict)
    except Unreadable:
        pass


@pytest.mark.parametrize(
    "message", [b"\x00", b"\x0a\x05abc", b"\x0b", b"\x80" * 11, b"\x09abc", b"\x07"]
)
def test_what_is_no_message_is_told(message: bytes) -> None:
    with pytest.raises(ValueError, match=r"field|early|wire|varint"):
        list(fields(message))


def test_values_inside_values_have_an_end() -> None:
    value = field(1, b"x")
    for _ in range(100):
        value = field(5, field(1, value))
    record = field(5, value)
    with pytest.raises(Unreadable):
        list(records_of_protobuf(field(1, field(2, field(2, record)))))
