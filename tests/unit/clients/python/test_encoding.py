import dataclasses
import enum
import json
import math
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whipstitch_client.encoding import encode, plain_object, text


class Colour(enum.Enum):
    RED = "red"


@dataclasses.dataclass
class Item:
    sku: str
    price: Decimal


class Opaque:
    pass


def plain(value: object) -> Any:
    left: list[tuple[str, str]] = []
    found = plain_object({"v": value}, lambda place, why: left.append((place, why)))
    return left or found.get("v", "nothing")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (datetime(2026, 5, 9, 12, 0, 0, 123456, UTC), "2026-05-09T12:00:00.123456Z"),
        (datetime(2026, 5, 9, 12, tzinfo=timezone(timedelta(hours=2))), "2026-05-09T10:00:00Z"),
        (date(2026, 5, 9), "2026-05-09"),
        (timedelta(minutes=1.5), 90.0),
        (Decimal("19.99"), 19.99),
        (Decimal("3.00"), 3),
        (Decimal("0.1234567890123456789"), "0.1234567890123456789"),
        (Decimal("NaN"), "nothing"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        ({3, 1, 2}, [1, 2, 3]),
        ({"b", 1}, ["b", 1]),
        ((1, (2,)), [1, [2]]),
        (math.nan, "nothing"),
        ([1.5, math.inf], [1.5, None]),
        ({"a": math.nan, 1: "x", None: 2}, {"1": "x", "None": 2}),
        (Colour.RED, "red"),
        ({Colour.RED: 1}, {"red": 1}),
        (Item("a", Decimal("2.5")), {"sku": "a", "price": 2.5}),
        (b"caf\xc3\xa9", "café"),
        (b"\xff", "/w=="),
        ("cut \ud83d", "cut \ufffd"),
        (True, True),
        (2**70, 2**70),
        (None, None),
    ],
)
def test_a_value_becomes_what_can_be_counted(value: object, expected: object) -> None:
    found = plain(value)
    assert found == expected
    assert type(found) is type(expected)


def test_a_naive_time_is_local() -> None:
    naive = datetime(2026, 5, 9, 12)
    assert datetime.fromisoformat(plain(naive)).timestamp() == naive.timestamp()


def test_what_has_no_form_in_json_is_left_out_and_named() -> None:
    left: list[str] = []
    found = plain_object(
        {"a": 1, "cart": {"item": Opaque(), "n": 2}}, lambda place, _: left.append(place)
    )
    assert found == {"a": 1, "cart": {"n": 2}}
    assert left == ["cart.item"]


def test_an_object_in_itself_ends() -> None:
    endless: dict[str, object] = {"n": 1}
    endless["again"] = endless
    left: list[str] = []
    plain_object(endless, lambda place, _: left.append(place))
    assert len(left) == 1


@pytest.mark.parametrize(("value", "expected"), [(7, "7"), ("x\udc00", "x\ufffd")])
def test_an_id_is_text(value: object, expected: str) -> None:
    assert text(value) == expected


_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    # Surrogates are replaced: see above.
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), _json))
def test_what_is_json_already_stays_as_it_is(value: dict[str, object]) -> None:
    def fail(place: str, why: str) -> None:
        raise AssertionError(place, why)

    assert json.loads(encode(plain_object(value, fail))) == value


@given(st.dictionaries(st.text(), st.text() | st.floats() | st.binary() | st.sets(st.text())))
def test_whatever_is_sent_is_json_in_utf_8(value: dict[str, object]) -> None:
    encode(plain_object(value, lambda *_: None)).decode()
