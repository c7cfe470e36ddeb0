"""What a request may look at: its token's project, in the environment that it names."""

from collections.abc import AsyncIterator
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Depends, Request

from whipstitch.analytics.session import QuerySession, SessionFactory
from whipstitch.core.projects import Environment, Scope
from whipstitch.web.auth.access import CurrentReader


async def _scope(reader: CurrentReader, environment: Environment = "live") -> Scope:
    return Scope(reader.project_id, environment)


CurrentScope = Annotated[Scope, Depends(_scope)]


async def _reading(
    request: Request, scope: CurrentScope, reader: CurrentReader
) -> AsyncIterator[QuerySession]:
    readings: SessionFactory = request.app.state.readings
    async with readings.open(scope, reader.id) as reading:
        yield reading


CurrentReading = Annotated[QuerySession, Depends(_reading)]
"""One reading for the whole request."""


async def _zone(reader: CurrentReader) -> ZoneInfo:
    return ZoneInfo(reader.timezone)


CurrentZone = Annotated[ZoneInfo, Depends(_zone)]
"""The project's time zone."""
