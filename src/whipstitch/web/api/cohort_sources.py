"""The people behind a number of a surface, all of them, for cohorts made in one call."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal, TypeVar
from zoneinfo import ZoneInfo

from pydantic import Field

from whipstitch.analytics.expressions.time_ranges import parse_zone
from whipstitch.analytics.people.drill_down import SelectedPage
from whipstitch.analytics.reports import flows, funnels, heatmaps, insights, retention
from whipstitch.analytics.session import QuerySession
from whipstitch.core.errors import InvalidQuery
from whipstitch.identity.person_map import Persons
from whipstitch.registry.values import ReportKind
from whipstitch.warehouse.sql import Sql
from whipstitch.web.api import bodies
from whipstitch.web.api.flows import FlowsBody
from whipstitch.web.api.funnels import FunnelBody
from whipstitch.web.api.heatmaps import HeatmapBody
from whipstitch.web.api.insights import InsightsBody
from whipstitch.web.api.retention import RetentionBody
from whipstitch.web.api.surfaces import inside, read

Select = Callable[[Persons], Sql]
"""Makes a query of the keys and distinct ids of people."""
T = TypeVar("T")
_Sent = dict[str, Any]

_PATH: Final = "people_of.query"
_EVERYBODY: Final = SelectedPage(limit=2**32 - 2)


class PeopleSource(bodies.StrictBody):
    """The request that another surface answers with people, as it is sent there. Its `limit` and
    `cursor` do not matter: all of them become members."""

    surface: Literal[ReportKind, "heatmaps"]
    query: Annotated[dict[str, Any], Field(description="The body of the request, with `people_of`")]

    async def parsed(self, reading: QuerySession, zone: ZoneInfo, now: datetime) -> Select:
        """``zone`` is the project's. Raises InvalidQuery, and what queries raise."""
        try:
            return await _SURFACES[self.surface](self.query, reading, zone, now)
        except InvalidQuery as error:
            raise inside(error, _PATH) from None


async def _of_insights(sent: _Sent, _: QuerySession, zone: ZoneInfo, now: datetime) -> Select:
    body = read(sent, InsightsBody)
    zone = parse_zone(body.timezone, zone)
    query = body.parsed(zone, now)
    counted = _there(body.people_of).counted(query, zone)
    return lambda persons: insights.people(query, counted, _EVERYBODY, persons)


async def _of_funnels(sent: _Sent, _: QuerySession, zone: ZoneInfo, now: datetime) -> Select:
    body = read(sent, FunnelBody)
    query = body.parsed(parse_zone(body.timezone, zone), now)
    counted = _there(body.people_of).counted(query)
    return lambda persons: funnels.people(query, counted, _EVERYBODY, persons)


async def _of_retention(sent: _Sent, _: QuerySession, zone: ZoneInfo, now: datetime) -> Select:
    body = read(sent, RetentionBody)
    zone = parse_zone(body.timezone, zone)
    query = body.parsed(zone, now)
    counted = _there(body.people_of).counted(query, zone)
    return lambda persons: retention.people(query, counted, _EVERYBODY, persons)


async def _of_heatmaps(sent: _Sent, _: QuerySession, zone: ZoneInfo, now: datetime) -> Select:
    body = read(sent, HeatmapBody)
    query = body.parsed(parse_zone(body.timezone, zone), now)
    cell = _there(body.people_of).cell(query)
    return lambda persons: heatmaps.people(query, cell, _EVERYBODY, persons)


async def _of_flows(sent: _Sent, reading: QuerySession, zone: ZoneInfo, now: datetime) -> Select:
    body = read(sent, FlowsBody)
    query = body.parsed(parse_zone(body.timezone, zone), now)
    asked = _there(body.people_of)
    # Which nodes there are is known when the paths are counted.
    rows = await reading.run(flows.build(query, reading.persons))
    found = await asyncio.to_thread(flows.shape, query, rows)
    nodes = flows.chosen(found, asked.node, asked.link)
    return lambda persons: flows.people(query, found, nodes, _EVERYBODY, persons)


_SURFACES: Final[
    Mapping[str, Callable[[_Sent, QuerySession, ZoneInfo, datetime], Awaitable[Select]]]
] = {
    "insights": _of_insights,
    "funnels": _of_funnels,
    "retention": _of_retention,
    "flows": _of_flows,
    "heatmaps": _of_heatmaps,
}


def _there(people_of: T | None) -> T:
    if people_of is None:
        raise InvalidQuery("people_of", "must say which number's people it is about")
    return people_of
