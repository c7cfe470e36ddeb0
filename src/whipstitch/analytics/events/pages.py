"""What every list has in common: the cursor that leads to its next page, and times as text."""

import base64
import binascii
from datetime import UTC, datetime
from typing import Annotated, Final, TypeVar

import msgspec

from whipstitch.ingest.validation.timestamps import EARLIEST_MS, LATEST_MS

P = TypeVar("P", bound=msgspec.Struct)

# What a place is made of. A client may write a cursor of its own: what ClickHouse would not take
# as a value must not come out of one.
Moment = Annotated[int, msgspec.Meta(ge=EARLIEST_MS, le=LATEST_MS)]
"""Unix milliseconds of an event."""
Count = Annotated[int, msgspec.Meta(ge=0)]
"""A UInt64: an acceptance number, a key."""
_MOST: Final = 2**64


class InvalidCursor(ValueError):
    """Not a cursor that this list gave out."""


def cursor_of(position: msgspec.Struct) -> str:
    """The text that stands for a place in a list."""
    return base64.urlsafe_b64encode(msgspec.json.encode(position)).decode().rstrip("=")


def position_of(cursor: str, type_: type[P]) -> P:
    """The place that ``cursor_of`` was given.

    Raises:
        InvalidCursor
    """
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        position = msgspec.json.decode(text, type=type_)
    except (binascii.Error, ValueError, OverflowError, RecursionError) as error:
        raise InvalidCursor(cursor) from error
    # The decoder's own bounds end at 2**63.
    if any(isinstance(one, int) and one >= _MOST for one in msgspec.structs.astuple(position)):
        raise InvalidCursor(cursor)
    return position


def rfc3339(milliseconds: int) -> str:
    """A unix time in milliseconds as the API writes it."""
    seconds, rest = divmod(milliseconds, 1000)
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest:03d}Z"
