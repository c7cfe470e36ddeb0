"""The parameters of every list."""

from typing import Annotated, TypeVar

import msgspec
from fastapi import HTTPException, Query

from whipstitch.analytics.events.pages import InvalidCursor, position_of

P = TypeVar("P", bound=msgspec.Struct)

Cursor = Annotated[str | None, Query(description="`next_cursor` of the page before")]


def position(cursor: str | None, type_: type[P]) -> P | None:
    """Where the page begins, None: at the start. A cursor of another list is answered with 400."""
    try:
        return position_of(cursor, type_) if cursor else None
    except InvalidCursor:
        raise HTTPException(400, "cursor: not one that this endpoint gave out") from None
