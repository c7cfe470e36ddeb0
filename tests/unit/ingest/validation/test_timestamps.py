import json
from datetime import UTC, date, datetime, time, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whipstitch.ingest.validation.timestamps import EARLIEST_MS, LATEST_MS, is_null, parse

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
    exact = milliseconds(moment.replace(tzinfo=UTC)) + int(digits[:3].ljust(3, "0"))
    assert parse(raw(f"{moment.isoformat()}.{digits}Z")) == exact


@given(
    MOMENTS.map(lambda moment: moment.replace(microsecond=0)),
    st.text("09", min_size=3, max_size=12),
    st.sampled_from(["Z", "", "+00:00", "-0000", "+00", " UTC", " +0000"]),
    st.sampled_from(["-", "\\u002d"]),
)
def test_further_digits_are_cut_and_never_rounded_up(
    moment: datetime, digits: str, zone: str, dash: str
) -> None:
    exact = milliseconds(moment.replace(tzinfo=UTC)) + int(digits[:3])
    text = f"{moment:%m-%dT%H:%M:%S}.{digits}{zone}"
    assert parse(f'"{moment.year:04}{dash}{text}"'.encode()) == exact


@given(MOMENTS, OFFSETS)
def test_a_date_of_an_email_is_that_moment(moment: datetime, offset: timezone) -> None:
    aware = moment.replace(tzinfo=offset, microsecond=0)
    assert parse(raw(format_datetime(aware))) == milliseconds(aware)


@given(MOMENTS, OFFSETS, st.sampled_from(["minutes", "seconds"]), st.sampled_from(["", " "]))
def test_an_offset_may_be_written_short(
    moment: datetime, offset: timezone, precise: str, between: str
) -> None:
    aware = moment.replace(tzinfo=offset, microsecond=0, second=moment.second * (precise > "n"))
    text = aware.replace(tzinfo=None).isoformat(timespec=precise)
    assert parse(raw(f"{text}{between}{aware:%z}")) == milliseconds(aware)


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
        "2026-05-09T12:00Z",
        "2026-05-09 12:00",
        "2026-05-09T14:00+02",
        "2026-05-09T14:00:00+02",
        "2026-05-09T14:00:00+0200",
        "2026-05-09T06:30:00.000-0530",
        "2026-05-09 12:00:00 UTC",
        "2026-05-09 12:00:00.0009 UTC",
        "2026-05-09 14:00:00 +0200",
        "2026-05-09T11:59:60Z",
        " 2026-05-09T12:00:00Z ",
        "Sat, 09 May 2026 12:00:00 GMT",
        "Sat, 9 May 2026 14:00:00 +0200",
        "9 May 2026 12:00 -0000",
        "09 May 2026 08:00:00 EDT",
        "Sat, 09 May 2026 12:00:00 +0000 (UTC)",
        "1778328000",
        "1778328000.0009",
        "1778328000000",
        "1778328000000999",
    ],
)
def test_the_forms_of_the_contract_are_read(sent: str) -> None:
    assert parse(raw(sent)) == NOON_MS


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "now",
        "2026-05-09T",
        "2026-05-09T12",
        "20 26",
        "2026-13-09T12:00:00Z",
        "2026-02-30T12:00:00Z",
        "2026-05-09T25:00:00Z",
        "2026-05-09T12:00:61Z",
        "2026-05-09T12:60:00Z",
        "2026-05-09T24:00:01Z",
        "2026-05-09T24:00:00.001Z",
        "2026-05-09T12:00:00+24",
        "2026-05-09T12:00:00+0260",
        "2026-02-30",
        "Sat, 32 May 2026 12:00:00 GMT",
        "Sat, 09 Mai 2026 12:00:00 GMT",
        "Sat, 09 May 2026",
        "1e12",
        "1778328000000 ms",
        "2026-05-09T12:00:00.Z",
        "12:00:00",
        "\u0660" * 4 + "-05-09T12:00:00Z",
        "2026-05-09T12:00:00\0",
        "2026-05-09T12:00:00.1234\0Z",
    ],
)
def test_what_is_no_time_is_passed_over(sent: str) -> None:
    assert parse(raw(sent)) is None


@given(st.text())
def test_no_text_does_any_harm(sent: str) -> None:
    parse(raw(sent))


def test_the_end_of_a_day_and_a_leap_second_are_the_moment_after() -> None:
    assert parse(raw("2016-12-31T24:00:00Z")) == parse(raw("2017-01-01"))
    assert parse(raw("2016-12-31T24:00Z")) == parse(raw("2017-01-01"))
    assert parse(raw("2016-12-31T23:59:60Z")) == parse(raw("2017-01-01"))
    assert parse(raw("2016-12-31T23:59:60.5Z")) == parse(raw("2017-01-01T00:00:00.500Z"))
    assert parse(raw("Sat, 31 Dec 2016 23:59:60 GMT")) == parse(raw("2017-01-01"))
    assert parse(raw("2299-12-31T24:00:00Z")) is None


@given(st.dates(date(1900, 1, 1), date(2299, 12, 31)))
def test_a_day_alone_is_its_beginning_in_utc(day: date) -> None:
    assert parse(raw(day.isoformat())) == milliseconds(datetime.combine(day, time(), UTC))


@given(st.integers(-(10**11) + 1, 10**11 - 1), st.booleans())
def test_a_number_below_ten_to_the_eleventh_is_seconds(sent: int, as_text: bool) -> None:
    expected = sent * 1000
    written = raw(str(sent)) if as_text else raw(sent)
    assert parse(written) == (expected if EARLIEST_MS <= expected <= LATEST_MS else None)


@given(st.integers(10**11, LATEST_MS), st.booleans())
def test_from_there_on_it_is_milliseconds(sent: int, as_text: bool) -> None:
    assert parse(raw(str(sent)) if as_text else raw(sent)) == sent


@given(st.integers(10**14, LATEST_MS * 1000 + 999), st.booleans())
def test_from_ten_to_the_fourteenth_on_it_is_microseconds(sent: int, as_text: bool) -> None:
    assert parse(raw(str(sent)) if as_text else raw(sent)) == sent // 1000


@given(st.integers(EARLIEST_MS, -(10**11)))
def test_numbers_before_1970_are_told_apart_by_size_too(sent: int) -> None:
    assert parse(raw(sent)) == sent


@given(st.integers(10**8, 10**10), st.text("0123456789", min_size=1), st.booleans())
def test_the_fraction_of_a_number_is_cut_to_milliseconds(
    seconds: int, digits: str, as_text: bool
) -> None:
    text = f"{seconds}.{digits}"
    exact = seconds * 1000 + int(digits[:3].ljust(3, "0"))
    assert parse(raw(text) if as_text else text.encode()) == exact


@pytest.mark.parametrize(
    "sent",
    [
        b"1e999",
        b"-1e999",
        b"1" * 5_000,
        b"true",
        b"null",
        b"{}",
        b"[1]",
        b"1e40",
        b"1e18",
        b'"\\ud800"',
    ],
)
def test_what_is_no_number_either_is_passed_over(sent: bytes) -> None:
    assert parse(sent) is None


def test_a_number_with_a_fraction_or_an_exponent_is_one() -> None:
    assert parse(b"1778328000000.75") == NOON_MS
    assert parse(b"1.778328e12") == NOON_MS
    assert parse(b"1.778328e9") == NOON_MS
    assert parse(b"-0.0") == 0


def test_a_moment_that_cannot_be_stored_is_passed_over() -> None:
    assert parse(raw("1899-12-31T23:59:59.999Z")) is None
    assert parse(raw("1900-01-01T00:00:00Z")) == EARLIEST_MS
    assert parse(raw("2299-12-31T23:59:59.999Z")) == LATEST_MS
    assert parse(raw("2300-01-01T00:00:00Z")) is None
    assert parse(raw("0001-01-01T00:00:00+14:00")) is None
    assert parse(raw("9999-12-31T23:59:59.9999999Z")) is None


def test_what_was_not_sent_is_no_time() -> None:
    assert parse(b"") is None


def test_only_null_counts_as_not_sent() -> None:
    assert [is_null(sent) for sent in (b'"yesterday"', b"null", b"{}", b'""', b"1234")] == [
        False,
        True,
        False,
        False,
        False,
    ]
