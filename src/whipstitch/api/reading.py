"""What a request may look at: its token's project, in the environment that it names."""

from collections.abc import AsyncIterator
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Depends, Request

from whipstitch.api.access import CurrentReader
from whipstitch.projects import Environment, Scope
from whipstitch.queries.reading import Reading, Readings


async def _scope(reader: CurrentReader, environment: Environment = "live") -> Scope:
    return Scope(reader.project_id, environment)


CurrentScope = Annotated[Scope, Depends(_scope)]


async def _reading(
    request: Request, scope: CurrentScope, reader: CurrentReader
) -> AsyncIterator[Reading]:
    readings: Readings = request.app.state.readings
    async with readings.open(scope, reader.id) as reading:
        yield reading


CurrentReading = Annotated[Reading, Depends(_reading)]
"""One reading for the whole request."""


async def _zone(reader: CurrentReader) -> ZoneInfo:
    return ZoneInfo(reader.timezone)


CurrentZone = Annotated[ZoneInfo, Depends(_zone)]
"""The project's time zone."""
