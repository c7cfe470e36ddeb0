"""When an event happened: the first source that parses wins (contract README, "Time")."""

from datetime import UTC, datetime
from typing import Final

import msgspec

EARLIEST_MS: Final = -2_208_988_800_000
"""1900-01-01T00:00:00Z, the first moment that the events table can hold."""
LATEST_MS: Final = 10_413_791_999_999
"""2299-12-31T23:59:59.999Z, the last one."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_NAIVE: Final = datetime(1970, 1, 1)

_text = msgspec.json.Decoder(datetime).decode
_text_or_number = msgspec.json.Decoder(datetime | int | float).decode


def parse(raw: bytes | msgspec.Raw) -> int | None:
    """Unix milliseconds of a JSON string: RFC 3339 with any number of fraction digits, with ``Z``,
    an offset or neither (then UTC), a ``T`` or a space between date and time. None: it does not
    parse, or is a moment that cannot be stored, or was not sent (empty)."""
    if not raw:
        return None  # an error of the decoder costs more than all the rest
    try:
        return _milliseconds(_text(raw))
    except msgspec.DecodeError:
        return None


def parse_with_number(raw: bytes | msgspec.Raw) -> int | None:
    """The same for the field ``timestamp``, which may also be a JSON number of unix milliseconds.
    Empty: the field was not sent."""
    try:
        moment = _text_or_number(raw)
        if isinstance(moment, datetime):
            return _milliseconds(moment)
        milliseconds = int(moment)
    except (ValueError, OverflowError):
        return None  # a text, an object, true, 1e999, …: passed over, it never rejects an event
    return milliseconds if EARLIEST_MS <= milliseconds <= LATEST_MS else None


def _milliseconds(moment: datetime) -> int | None:
    epoch = _EPOCH_NAIVE if moment.tzinfo is None else _EPOCH
    since = moment - epoch
    # Written out: dividing by a timedelta takes three times as long.
    milliseconds = (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000
    return milliseconds if EARLIEST_MS <= milliseconds <= LATEST_MS else None
