"""Cursors and times."""

import base64

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whipstitch.analytics.events.pages import (
    Count,
    InvalidCursor,
    Moment,
    cursor_of,
    position_of,
    rfc3339,
)


class Place(msgspec.Struct, frozen=True, array_like=True):
    at: int | None
    id: str


class Row(msgspec.Struct, frozen=True, array_like=True):
    at: Moment
    number: Count
    id: str


@given(st.none() | st.integers(-(2**63), 2**63 - 1), st.text(st.characters(codec="utf-8")))
def test_a_cursor_leads_back_to_its_place(at: int | None, id_: str) -> None:
    cursor = cursor_of(Place(at, id_))

    assert position_of(cursor, Place) == Place(at, id_)
    assert cursor.replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize("content", [b"", b"[]", b'["1","a"]', b'[1,"\\ud800"]', b'{"at":1}', b"x"])
def test_what_is_no_cursor_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidCursor):
        position_of(base64.urlsafe_b64encode(content).decode(), Place)


@pytest.mark.parametrize(
    "content",
    [
        *(b'[-1,0,"a"]', b'[0,-1,"a"]', b'[-9223372036854775808,-1,"a"]', b'[0,1e30,"a"]'),
        *(b'[9223372036854775807,0,"a"]', b'[-2208988800001,0,"a"]', b'[0,1.5,"a"]'),
        *(b'[0,18446744073709551616,"a"]', b'[0,%b,"a"]' % (b"9" * 5_000)),
        b'[0,0,"a",' + b"[" * 100_000 + b"]" * 100_000 + b"]",
    ],
)
def test_what_clickhouse_would_not_take_is_refused(content: bytes) -> None:
    if content.startswith(b"[-1,0"):  # a moment before 1970 is one
        assert position_of(base64.urlsafe_b64encode(content).decode(), Row).at == -1
        return
    with pytest.raises(InvalidCursor):
        position_of(base64.urlsafe_b64encode(content).decode(), Row)


@pytest.mark.parametrize("text", ["A", "é", "====", "\0"])
def test_what_is_not_even_base64_is_refused(text: str) -> None:
    with pytest.raises(InvalidCursor):
        position_of(text, Place)


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (1_770_000_000_005, "2026-02-02T02:40:00.005Z"),
    ],
)
def test_times_are_written_to_the_millisecond(milliseconds: int, text: str) -> None:
    assert rfc3339(milliseconds) == text
