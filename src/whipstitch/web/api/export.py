"""``GET /api/v1/export``."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta
from starlette.responses import Response

from whipstitch.analytics.events import export
from whipstitch.analytics.events.export import FORMATS, ExportQuery, Format
from whipstitch.analytics.expressions.time_ranges import TimeRange, parse_range
from whipstitch.analytics.people import export as people_export
from whipstitch.analytics.people.export import What
from whipstitch.analytics.people.person_lookup import person_of
from whipstitch.core.errors import InvalidQuery
from whipstitch.core.projects import Scope
from whipstitch.web.api.asking import Asking
from whipstitch.web.api.endpoints import InEnvironment, Routes
from whipstitch.web.api.events import EVENT
from whipstitch.web.api.parameters import From, OfPerson, To
from whipstitch.web.api.services import Services
from whipstitch.web.api.streaming import Streamed
from whipstitch.web.auth.access import Reader

routes = Routes("/api/v1", "events")

_CONTENT: Final = {
    FORMATS["jsonl"].media_type: {"example": msgspec.json.encode(EVENT).decode() + "\n"},
    "text/csv": {"schema": {"type": "string"}},
    FORMATS["parquet"].media_type: {"schema": {"type": "string", "format": "binary"}},
}


class Export(InEnvironment, kw_only=True):
    """What the file holds, and how it is written."""

    what: Annotated[
        Literal["events", "people", "aliases"],
        Meta(description="Events of the range, all traits of people, or all aliases in force"),
    ] = "events"

    format: Annotated[Format, Meta(description="How the file is written")] = "jsonl"
    from_: From = msgspec.field(name="from", default=None)
    to: To = None
    event_name: str | None = None
    distinct_id: OfPerson = None


@routes.add(
    "GET",
    "/export",
    "All events of a range, as a file",
    content=_CONTENT,
    refusals={
        400: "A parameter cannot be used; `error` names it.",
        429: "Other exports are under way.",
    },
)
async def export_events(asking: Asking, sent: Export) -> Response:
    """Events as `GET /events` gives them, in no order, in one file of any size. In `csv` and
    `parquet`, `properties` are JSON text. A `csv` begins with a byte order mark, and text in it
    that a spreadsheet would take for a formula with an apostrophe. Where the file cannot be
    finished, or is read too slowly, the connection is cut.

    `what=people` is all traits, one a line, and `what=aliases` all aliases in force: with the
    events all that the project holds, for `whipstitch import whipstitch`. Both are `jsonl`."""
    if sent.what != "events":
        return _of_people(asking, sent.what, sent.format)
    range_ = parse_range(sent.from_, sent.to, asking.zone, datetime.now(UTC))
    chunks = _file(asking.services, asking.reader, asking.scope, range_, sent)
    name = f"events_{range_.start:%Y-%m-%d}_{range_.end:%Y-%m-%d}.{sent.format}"
    disposition = {"content-disposition": f'attachment; filename="{name}"'}
    seconds = asking.services.export_seconds
    return Streamed(chunks, FORMATS[sent.format].media_type, disposition, seconds=seconds)


def _of_people(asking: Asking, what: What, format_: Format) -> Response:
    if format_ != "jsonl":
        raise InvalidQuery("format", f"{what} can be written as jsonl only.")
    disposition = {"content-disposition": f'attachment; filename="{what}.jsonl"'}
    lines = _lines(asking.services, asking.reader, asking.scope, what)
    seconds = asking.services.export_seconds
    return Streamed(lines, FORMATS["jsonl"].media_type, disposition, seconds=seconds)


async def _lines(
    services: Services, reader: Reader, scope: Scope, what: What
) -> AsyncGenerator[bytes]:
    with services.exports.taken(reader):
        async with services.sessions.open(scope, reader.id) as reading:
            sql = people_export.build(what)
            async with aclosing(reading.pour(sql, FORMATS["jsonl"].clickhouse)) as chunks:
                async for chunk in chunks:
                    yield chunk


async def _file(
    services: Services, reader: Reader, scope: Scope, range_: TimeRange, sent: Export
) -> AsyncGenerator[bytes]:
    format_ = FORMATS[sent.format]
    # The session lasts as long as the file: who is who does not change from row to row.
    with services.exports.taken(reader):
        async with services.sessions.open(scope, reader.id) as reading:
            person = None
            if sent.distinct_id is not None:
                person = await person_of(reading, sent.distinct_id)
            query = ExportQuery(range_, sent.format, sent.event_name, person)
            sql = export.build(reading.virtuals.resolved(query), reading.persons)
            prefix = format_.prefix
            async with aclosing(reading.pour(sql, format_.clickhouse)) as chunks:
                async for chunk in chunks:
                    yield prefix + chunk
                    prefix = b""
