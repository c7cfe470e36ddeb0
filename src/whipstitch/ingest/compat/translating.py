"""A body of another product's client as the body of ``/api/v1/batch``."""

from pathlib import Path
from typing import NamedTuple

from whipstitch.ingest.compat.request import CompatRequest, Unreadable, peel
from whipstitch.ingest.compat.routing import RouteMatch
from whipstitch.ingest.compat.translation import Translation
from whipstitch.ingest.validation.answers import JSON


class UnreadableFor(Exception):
    """Names the product whose client is told so."""

    def __init__(self, match: RouteMatch) -> None:
        super().__init__(match.ecosystem.name)
        self.match = match


class Translated(NamedTuple):
    """``batch``: the operations as the body of ``/api/v1/batch``; blank where there are none."""

    match: RouteMatch
    translation: Translation
    batch: bytes


def peel_and_translate(
    found: list[RouteMatch], request: CompatRequest, spool: Path | None, limit: int
) -> tuple[CompatRequest, Translated]:
    """Of a body that lies in the file ``spool``, or (None) in the request."""
    if spool is not None:
        request = request._replace(body=spool.read_bytes())
    return request, translate_for(found, request, peel(request.body, limit))


def translate_for(found: list[RouteMatch], request: CompatRequest, body: bytes) -> Translated:
    """As the first of the products in ``found`` that claims ``body`` reads it.

    Raises:
        UnreadableFor, Oversized
    """
    match = found[0]
    if len(found) > 1:
        claiming = (one for one in found if one.route.claims and one.route.claims(body))
        match = next(claiming, match)
    assert match.route.translate is not None  # noqa: S101 - tells the type checker
    try:
        translation = match.route.translate(request, body)
        operations = translation.operations
        batch = JSON.encode({"operations": operations}) if operations else b""
    except (Unreadable, RecursionError) as error:
        raise UnreadableFor(match) from error
    return Translated(match, translation, batch)
