"""Ids of people, and names of properties, in addresses. Any that can be ingested has to be meant by
one, and no other.

``ANY_ID`` (``ANY_NAME``) in a path is the rest of the path, slashes and line breaks among it.
(Starlette's own ``path`` ends before a line break at the end, and so means somebody else.) Clients
and proxies resolve ``.`` and ``..`` in paths before they send them, and some join slashes; so each
of these endpoints can also be asked with it as a parameter."""

from typing import Annotated, Final

from fastapi import Query
from starlette.convertors import StringConvertor, register_url_convertor


class _AnyId(StringConvertor):
    regex = "(?s:.+)"


register_url_convertor("any_id", _AnyId())
ANY_ID: Final = "{id:any_id}"
ANY_NAME: Final = "{name:any_id}"
PersonId = Annotated[str, Query(description="Any of their ids", min_length=1)]
