"""What every list has in common: the cursor that leads to its next page, and times as text."""

import base64
import binascii
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

P = TypeVar("P", bound=msgspec.Struct)


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
        return msgspec.json.decode(text, type=type_)
    except (binascii.Error, ValueError) as error:
        raise InvalidCursor(cursor) from error


def rfc3339(milliseconds: int) -> str:
    """A unix time in milliseconds as the API writes it."""
    seconds, rest = divmod(milliseconds, 1000)
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest:03d}Z"
