"""When an event happened: the first source that parses wins (contract README, "Time").

The usual forms (RFC 3339 with seconds, whole numbers) are read by the JSON decoder itself. What it
refuses, or might have rounded, is read again here, exactly and ten times as slowly."""

import re
from datetime import UTC, date, datetime
from decimal import ROUND_FLOOR, Context
from email.utils import parsedate_tz
from typing import Final

import msgspec

from whipstitch.core.reasons import Reason
from whipstitch.ingest.validation.counts import Remarks

EARLIEST_MS: Final = -2_208_988_800_000
"""1900-01-01T00:00:00Z, the first moment that the events table can hold."""
LATEST_MS: Final = 10_413_791_999_999
"""2299-12-31T23:59:59.999Z, the last one."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_NAIVE: Final = datetime(1970, 1, 1)
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_DAY_MS: Final = 86_400_000

_FIRST_MILLISECONDS: Final = 10**11
"""A number below it is seconds."""
_FIRST_MICROSECONDS: Final = 10**14
_TOO_LARGE: Final = 10**17
"""Beyond all moments that can be stored, in any unit."""

_MICROSECOND_BYTES: Final = len('"2026-05-09T12:00:00.123456"')
_LONGEST_FAITHFUL: Final = len('"2026-05-09T12:00:00.123Z"')
"""Bytes. The decoder reads all that is no longer as it was meant."""
_SEVENTH_DIGIT: Final = slice(_MICROSECOND_BYTES - 1, _MICROSECOND_BYTES)
_LONGEST: Final = 4096
"""Characters. Nothing longer is read again."""
_EXACT: Final = Context(prec=_LONGEST, rounding=ROUND_FLOOR, traps=[])

_ISO: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)? ?(Z|UTC|GMT|([+-])(\d\d)(?::?(\d\d))?)?)?",
    re.ASCII | re.IGNORECASE,
)
_RFC_2822: Final = re.compile(
    r"(?:[A-Z]{3}, {0,3})?\d{1,2} [A-Z]{3} \d{2,4} \d{1,2}:\d\d(?::\d\d)?"
    r"(?: (?:[A-Z]{1,5}|[+-]\d{4}))?(?: \([^()]{0,40}\))?",
    re.ASCII | re.IGNORECASE,
)
_DIGITS: Final = re.compile(r"-?\d+(?:\.\d+)?", re.ASCII)
_NUMBER_STARTS: Final = frozenset(b"-0123456789")

_NULL: Final = b"null"

_usual: Final = msgspec.json.Decoder(datetime | int | float).decode
_text: Final = msgspec.json.Decoder(str).decode


def is_null(raw: bytes | msgspec.Raw) -> bool:
    """Whether ``raw``, which is JSON, says that nothing was sent."""
    return len(raw) == len(_NULL) and bytes(raw) == _NULL


def parse(raw: bytes | msgspec.Raw) -> int | None:
    """Unix milliseconds of a JSON text or number in a form that the contract lists; further digits
    are cut. None: it does not parse, or is a moment that cannot be stored, or was not sent
    (empty)."""
    try:
        moment = _usual(raw)
    except (ValueError, OverflowError):
        return _unusual(raw)
    if isinstance(moment, datetime):
        if len(raw) > _LONGEST_FAITHFUL:
            # The decoder rounds by the seventh digit of a fraction, and passes over all that
            # stands behind an escaped NUL.
            text = bytes(raw)
            if text[_SEVENTH_DIGIT].isdigit() or b"\\" in text:
                return _unusual(text)
        since = moment - (_EPOCH_NAIVE if moment.tzinfo is None else _EPOCH)
        # Written out: dividing by a timedelta takes three times as long.
        milliseconds = (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000
    elif isinstance(moment, int):
        size = abs(moment)
        if size < _FIRST_MILLISECONDS:
            milliseconds = moment * 1000
        elif size < _FIRST_MICROSECONDS:
            milliseconds = moment
        else:
            milliseconds = moment // 1000
    else:
        return _unusual(raw)  # as a float it is no longer what was sent
    return milliseconds if EARLIEST_MS <= milliseconds <= LATEST_MS else None


def time_sent(raw: msgspec.Raw, remarks: Remarks) -> int | None:
    """As ``parse``; None also where nothing was sent. ``remarks`` takes note of what does not
    parse."""
    if not len(raw):
        return None
    timestamp = parse(raw)
    if timestamp is None and not is_null(raw):
        remarks.note(Reason.UNREAD_TIME)
    return timestamp


def _unusual(sent: bytes | msgspec.Raw) -> int | None:
    if not len(sent) or len(sent) > _LONGEST:
        return None
    raw = bytes(sent)
    if raw[0] in _NUMBER_STARTS:
        return _of_number(raw.decode())
    try:
        text = _text(raw).strip()
    except ValueError:
        return None  # an object, true, null, a lone surrogate
    if match := _ISO.fullmatch(text):
        return _of_iso(match)
    if _DIGITS.fullmatch(text):
        return _of_number(text)
    return _of_rfc_2822(text) if _RFC_2822.fullmatch(text) else None


def _of_number(text: str) -> int | None:
    number = _EXACT.create_decimal(text)
    size = number.copy_abs()
    if not size < _TOO_LARGE:
        return None
    if size < _FIRST_MILLISECONDS:
        number = number.scaleb(3, _EXACT)
    elif size >= _FIRST_MICROSECONDS:
        number = number.scaleb(-3, _EXACT)
    return _stored(int(number.to_integral_value(context=_EXACT)))


def _of_iso(match: re.Match[str]) -> int | None:
    year, month, day, hour, minute, second, fraction, _, sign, hours, minutes = match.groups()
    offset = int(hours or 0) * 60 + int(minutes or 0)
    if int(hours or 0) > 23 or int(minutes or 0) > 59:
        return None
    return _moment(
        (int(year), int(month), int(day)),
        (int(hour or 0), int(minute or 0), int(second or 0)),
        fraction or "",
        -offset * 60 if sign == "-" else offset * 60,
    )


def _of_rfc_2822(text: str) -> int | None:
    parts = parsedate_tz(text)
    if parts is None:
        return None
    year, month, day, hour, minute, second, *_, offset = parts
    return _moment((year, month, day), (hour, minute, second), "", offset or 0)


def _moment(
    day: tuple[int, int, int], clock: tuple[int, int, int], fraction: str, offset: int
) -> int | None:
    """``clock`` may show 24:00, the end of the day, and a leap second, which unix time gives the
    number of the next second; ``offset`` in seconds."""
    hour, minute, second = clock
    at_end = hour == 24 and not minute and not second and not fraction.strip("0")
    if minute > 59 or second > 60 or (hour > 23 and not at_end):
        return None
    try:
        days = date(*day).toordinal() - _EPOCH_DAY
    except ValueError:
        return None
    seconds = (hour * 60 + minute) * 60 + second - offset
    return _stored(days * _DAY_MS + seconds * 1000 + int(fraction[:3].ljust(3, "0")))


def _stored(milliseconds: int) -> int | None:
    return milliseconds if EARLIEST_MS <= milliseconds <= LATEST_MS else None
