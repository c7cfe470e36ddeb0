"""``GET /api/v1/export``."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from whipstitch.analytics.events import export
from whipstitch.analytics.events.export import FORMATS, ExportQuery, Format
from whipstitch.analytics.expressions.time_ranges import TimeRange, parse_range
from whipstitch.analytics.people.person_lookup import person_of
from whipstitch.analytics.session import SessionFactory
from whipstitch.core.projects import Environment, Scope
from whipstitch.web.api.errors import Refused
from whipstitch.web.api.reading import CurrentZone
from whipstitch.web.api.streaming import ConcurrencyLimit, Streamed
from whipstitch.web.auth.access import CurrentReader, Reader

router = APIRouter(prefix="/api/v1", tags=["events"])

_LINE: Final = (
    '{"id":"evt_V1StGXR8_Z5jdHi6B-myT","event_name":"checkout_started","distinct_id":"user_123",'
    '"anon_id":"","session_id":"sess_abc123","timestamp":"2026-05-09T14:32:01.482Z",'
    '"received_at":"2026-05-09T14:32:01.520Z","environment":"live",'
    '"properties":{"cart_value":49.99},"default_properties":{"$app_version":"2.4.1"},"os":"ios",'
    '"browser":"","device_model":"iPhone 15","bot":false,"city":"Paris",'
    '"region":"Île-de-France","country":"FR","timezone":"Europe/Paris",'
    '"lib_version":"ios@2.1.0"}\n'
)
_CONTENT: Final = {
    FORMATS["jsonl"].media_type: {"example": _LINE},
    "text/csv": {"schema": {"type": "string"}},
    FORMATS["parquet"].media_type: {"schema": {"type": "string", "format": "binary"}},
}


@router.get(
    "/export",
    summary="All events of a range, as a file",
    response_class=Response,
    responses={
        200: {"content": _CONTENT},
        400: {"model": Refused, "description": "A parameter cannot be used; `error` names it."},
        401: {"model": Refused, "description": "No token, or one that is not valid."},
        429: {"model": Refused, "description": "Other exports are under way."},
        503: {"model": Refused, "description": "ClickHouse or the registry does not answer."},
    },
)
async def export_events(
    request: Request,
    reader: CurrentReader,
    zone: CurrentZone,
    format: Annotated[Format, Query(description="How the file is written")] = "jsonl",  # noqa: A002 - its public name
    from_: Annotated[
        str | None, Query(alias="from", description="RFC 3339, inclusive; by default 30 days ago")
    ] = None,
    to: Annotated[str | None, Query(description="RFC 3339, exclusive; by default now")] = None,
    event_name: str | None = None,
    distinct_id: Annotated[str | None, Query(description="Any id of the person.")] = None,
    environment: Environment = "live",
) -> Response:
    """Events as `GET /events` gives them, in no order, in one file of any size. In `csv` and
    `parquet`, `properties` are JSON text. A `csv` begins with a byte order mark, and text in it
    that a spreadsheet would take for a formula with an apostrophe. Where the file cannot be
    finished, or is read too slowly, the connection is cut."""
    range_ = parse_range(from_, to, zone, datetime.now(UTC))
    chunks = _file(request, reader, environment, range_, format, event_name, distinct_id)
    name = f"events_{range_.start:%Y-%m-%d}_{range_.end:%Y-%m-%d}.{format}"
    disposition = {"content-disposition": f'attachment; filename="{name}"'}
    seconds = request.app.state.export_seconds
    return Streamed(chunks, FORMATS[format].media_type, disposition, seconds=seconds)


async def _file(
    request: Request,
    reader: Reader,
    environment: Environment,
    range_: TimeRange,
    format_: Format,
    event_name: str | None,
    distinct_id: str | None,
) -> AsyncGenerator[bytes]:
    places: ConcurrencyLimit = request.app.state.exports
    readings: SessionFactory = request.app.state.readings
    # The reading lasts as long as the file: who is who does not change from row to row.
    scope = Scope(reader.project_id, environment)
    with places.taken(reader):
        async with readings.open(scope, reader.id) as reading:
            person = None if distinct_id is None else await person_of(reading, distinct_id)
            query = ExportQuery(range_, format_, event_name, person)
            sql = export.build(query, reading.persons)
            prefix = FORMATS[format_].prefix
            async with aclosing(reading.pour(sql, FORMATS[format_].clickhouse)) as chunks:
                async for chunk in chunks:
                    yield prefix + chunk
                    prefix = b""
