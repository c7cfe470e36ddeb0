"""Parameters that several endpoints take, and ids and names of properties in addresses.

Any that can be ingested has to be meant by one, and no other. ``ANY_ID`` (``ANY_NAME``) in a path
is the rest of the path, slashes and line breaks among it. (Starlette's own ``path`` ends before a
line break at the end, and so means somebody else.) Clients and proxies resolve ``.`` and ``..`` in
paths before they send them, and some join slashes; so each of these endpoints can also be asked
with it as a parameter."""

from typing import Annotated, Any, Final, TypeVar

import msgspec
from msgspec import Meta
from starlette.convertors import StringConvertor, register_url_convertor

from whipstitch.analytics.events.pages import InvalidCursor, position_of
from whipstitch.core.errors import InvalidQuery
from whipstitch.web.api.endpoints import InEnvironment

P = TypeVar("P", bound=msgspec.Struct)


class _AnyId(StringConvertor):
    regex = "(?s:.+)"


register_url_convertor("any_id", _AnyId())
ANY_ID: Final = "{id:any_id}"
ANY_NAME: Final = "{name:any_id}"
PersonId = Annotated[str, Meta(description="Any of their ids", min_length=1)]
OfPerson = Annotated[str | None, Meta(description="Any id of the person.")]
Cursor = Annotated[str | None, Meta(description="`next_cursor` of the page before")]
From = Annotated[str | None, Meta(description="RFC 3339, inclusive; by default 30 days ago")]
To = Annotated[str | None, Meta(description="RFC 3339, exclusive; by default now")]


class OnePerson(InEnvironment, kw_only=True):
    """A person, by any of their ids."""

    id: PersonId


def position(cursor: str | None, type_: type[P]) -> P | None:
    """Where the page begins, None: at the start.

    Raises:
        InvalidQuery: it is the cursor of another list.
    """
    try:
        return position_of(cursor, type_) if cursor else None
    except InvalidCursor:
        raise InvalidQuery("cursor", "not one that this endpoint gave out") from None


def json_of(text: str, field: str) -> Any:
    """What a parameter says as JSON text; None: it is blank.

    Raises:
        InvalidQuery
    """
    try:
        return msgspec.json.decode(text) if text else None
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        raise InvalidQuery(field, "must be JSON text") from None
