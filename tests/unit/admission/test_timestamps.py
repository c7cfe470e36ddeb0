import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whipstitch.admission.timestamps import EARLIEST_MS, LATEST_MS, parse, parse_with_number

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOMENTS = st.datetimes(datetime(1900, 1, 2), datetime(2299, 12, 30))
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
NOON_MS = 1_778_328_000_000


def milliseconds(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(milliseconds=1)


def raw(value: object) -> bytes:
    return json.dumps(value).encode()


@given(MOMENTS, OFFSETS, st.sampled_from("T "))
def test_a_moment_with_an_offset_is_that_moment(
    moment: datetime, offset: timezone, between: str
) -> None:
    aware = moment.replace(tzinfo=offset)
    assert parse(raw(aware.isoformat(between))) == milliseconds(aware)


@given(MOMENTS, st.sampled_from("T "), st.sampled_from(["", "Z"]))
def test_a_moment_without_an_offset_is_in_utc(moment: datetime, between: str, zone: str) -> None:
    sent = moment.isoformat(between) + zone
    assert parse(raw(sent)) == milliseconds(moment.replace(tzinfo=UTC))


@given(MOMENTS.map(lambda moment: moment.replace(microsecond=0)), st.text("0123456789", min_size=1))
def test_any_number_of_fraction_digits_keeps_the_milliseconds(
    moment: datetime, digits: str
) -> None:
    """Digits behind the sixth may round it up, by no more than a microsecond."""
    parsed = parse(raw(f"{moment.isoformat()}.{digits}Z"))
    assert parsed is not None
    exact = milliseconds(moment.replace(tzinfo=UTC)) + int(digits[:3].ljust(3, "0"))
    rounded_up = digits[3:6] == "999" and digits[6:7] >= "5"
    assert parsed in ((exact, exact + 1) if rounded_up else (exact,))


@pytest.mark.parametrize(
    "sent",
    [
        "2026-05-09T12:00:00Z",
        "2026-05-09T12:00:00.000Z",
        "2026-05-09T12:00:00.000000001Z",
        "2026-05-09t12:00:00z",
        "2026-05-09T12:00:00-00:00",
        "2026-05-09T14:00:00+02:00",
        "2026-05-09 12:00:00",
        "2026-05-09 12:00:00.000",
        "2026-05-09T12:00:00",
    ],
)
def test_the_forms_of_the_contract_are_read(sent: str) -> None:
    assert parse(raw(sent)) == NOON_MS
    assert parse_with_number(raw(sent)) == NOON_MS


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "now",
        "2026-05-09",
        "2026-05-09T12:00Z",
        "2026-13-09T12:00:00Z",
        "2026-02-30T12:00:00Z",
        "2026-05-09T25:00:00Z",
        "2026-05-09T12:00:60Z",
        "2026-05-09T12:00:00.Z",
        "12:00:00",
        "1778328000000",
        "\u0660" * 4 + "-05-09T12:00:00Z",
    ],
)
def test_what_is_no_time_is_passed_over(sent: str) -> None:
    assert parse(raw(sent)) is None
    assert parse_with_number(raw(sent)) is None


@given(st.text())
def test_no_text_does_any_harm(sent: str) -> None:
    parse(raw(sent))


@given(st.integers(EARLIEST_MS, LATEST_MS))
def test_a_number_is_unix_milliseconds(sent: int) -> None:
    assert parse_with_number(raw(sent)) == sent
    assert parse(raw(sent)) is None


@pytest.mark.parametrize(
    "sent",
    [b"1e999", b"-1e999", b"1" * 5_000, b"true", b"null", b"{}", b"[1]", b"1e40", b'"\\ud800"'],
)
def test_what_is_no_number_either_is_passed_over(sent: bytes) -> None:
    assert parse_with_number(sent) is None


def test_a_number_with_a_fraction_or_an_exponent_is_one() -> None:
    assert parse_with_number(b"1778328000000.75") == NOON_MS
    assert parse_with_number(b"1.778328e12") == NOON_MS


def test_a_moment_that_cannot_be_stored_is_passed_over() -> None:
    assert parse(raw("1899-12-31T23:59:59.999Z")) is None
    assert parse(raw("1900-01-01T00:00:00Z")) == EARLIEST_MS
    assert parse(raw("2299-12-31T23:59:59.999Z")) == LATEST_MS
    assert parse(raw("2300-01-01T00:00:00Z")) is None
    assert parse(raw("0001-01-01T00:00:00+14:00")) is None
    assert parse(raw("9999-12-31T23:59:59.9999999Z")) is None


def test_what_was_not_sent_is_no_time() -> None:
    assert parse(b"") is None
    assert parse_with_number(b"") is None
