"""``POST /api/v1/heatmaps``."""

from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
from fastapi import APIRouter, Body, Response
from pydantic import Field

from whipstitch.analytics.expressions import filters
from whipstitch.analytics.expressions.event_matcher import Match, checked_event_name
from whipstitch.analytics.expressions.time_ranges import parse_range, parse_zone
from whipstitch.analytics.people import drill_down
from whipstitch.analytics.reports import heatmaps
from whipstitch.analytics.reports.heatmaps import HeatmapQuery
from whipstitch.core.errors import InvalidQuery
from whipstitch.web.api import bodies
from whipstitch.web.api.asking import CancellableRoute, answers
from whipstitch.web.api.bodies import NO_FILTERS, EventName, Filters, Moment, Zone, plain
from whipstitch.web.api.cohort_validation import COHORTS_EXIST
from whipstitch.web.api.reading import CurrentReading, CurrentZone

router = APIRouter(
    prefix="/api/v1", tags=["screens"], route_class=CancellableRoute, dependencies=[COHORTS_EXIST]
)


class PeopleOfHeatmap(bodies.PeopleOf):
    """Who tapped in a cell; without one, who tapped in any."""

    column: Annotated[int | None, Field(ge=0)] = None
    row: Annotated[int | None, Field(ge=0)] = None

    def cell(self, query: HeatmapQuery) -> tuple[int, int] | None:
        if self.column is None and self.row is None:
            return None
        for name, value, end in (
            ("column", self.column, query.columns),
            ("row", self.row, query.rows * query.depth),
        ):
            if value is None or value >= end:
                raise InvalidQuery(f"people_of.{name}", f"must be less than {end:,}")
        return self.column or 0, self.row or 0


class HeatmapBody(bodies.StrictBody):
    """Which screen, and how fine the grid over it is."""

    screen: Annotated[str, Field(examples=["Checkout"])]
    event_name: EventName = None
    from_: Annotated[Moment, Field(alias="from")] = None
    to: Moment = None
    filters: Filters = NO_FILTERS
    columns: Annotated[
        int, Field(ge=1, le=heatmaps.MOST_COLUMNS, description="Cells beside each other")
    ] = heatmaps.COLUMNS
    rows: Annotated[
        int, Field(ge=1, le=heatmaps.MOST_ROWS, description="Cells in the height of a screen")
    ] = heatmaps.ROWS
    depth: Annotated[
        int, Field(ge=1, le=heatmaps.DEEPEST, description="Heights of a screen, scrolled down")
    ] = heatmaps.DEPTH
    timezone: Zone = None
    people_of: PeopleOfHeatmap | None = None

    def parsed(self, zone: ZoneInfo, now: datetime) -> HeatmapQuery:
        """Raises InvalidQuery."""
        return HeatmapQuery(
            heatmaps.checked_screen(self.screen),
            parse_range(self.from_, self.to, zone, now),
            Match(
                checked_event_name(self.event_name, "event_name"),
                filters.parse(plain(self.filters), "filters"),
            ),
            self.columns,
            self.rows,
            self.depth,
        )


_RANGE = {"from": "2026-05-01T00:00:00Z", "to": "2026-06-01T00:00:00Z"}
_EXAMPLES = {
    "taps": {
        "summary": "Where people with iOS tap on the checkout",
        "value": {
            "screen": "Checkout",
            **_RANGE,
            "filters": [{"property": "$os", "operator": "is", "value": "ios"}],
        },
    },
    "people": {
        "summary": "Who taps there",
        "value": {"screen": "Checkout", **_RANGE, "people_of": {"column": 16, "row": 56}},
    },
}
_ANSWERS = {
    "taps": {
        "value": {
            "ok": True,
            "taps": 930,
            "people": 412,
            "unplaced": 3,
            "columns": 32,
            "rows": 64,
            "cells": [{"column": 16, "row": 56, "taps": 120, "people": 98}],
            "events": [{"value": "$tap", "taps": 930}],
            "os": [{"value": "ios", "taps": 930}],
            "app_versions": [{"value": "2.4.1", "taps": 610}, {"value": None, "taps": 320}],
        }
    },
    "people": {"value": {"ok": True, "people": ["user_123"], "next_cursor": None}},
}


@router.post(
    "/heatmaps",
    summary="Where people tap and click on a screen",
    response_class=Response,
    responses=answers(_ANSWERS),
)
async def ask_heatmap(
    reading: CurrentReading,
    project_zone: CurrentZone,
    body: Annotated[HeatmapBody, Body(openapi_examples=_EXAMPLES)],
) -> Response:
    """The taps and clicks of all events, or of `event_name`, that name the screen and have a
    position, counted in the cells of a grid over the screen's contents. With `people_of`, the
    people behind one cell."""
    query = body.parsed(parse_zone(body.timezone, project_zone), datetime.now(UTC))
    answer: heatmaps.Heatmap | drill_down.SelectedPeople
    if body.people_of is None:
        answer = heatmaps.shape(query, await reading.run(heatmaps.build(query, reading.persons)))
    else:
        page = body.people_of.page()
        sql = heatmaps.people(query, body.people_of.cell(query), page, reading.persons)
        answer = drill_down.shape(page, await reading.run(sql))
    return Response(msgspec.json.encode(answer), media_type="application/json")
