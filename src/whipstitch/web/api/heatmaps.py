"""``POST /api/v1/heatmaps``."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Final
from zoneinfo import ZoneInfo

from msgspec import Meta

from whipstitch.analytics.expressions.event_matcher import Match, checked_event_name
from whipstitch.analytics.people.drill_down import SelectedPeople
from whipstitch.analytics.reports import heatmaps
from whipstitch.analytics.reports.heatmaps import HeatmapQuery
from whipstitch.analytics.reports.report import Report
from whipstitch.analytics.session import QuerySession
from whipstitch.core.errors import InvalidQuery
from whipstitch.web.api.asking import Asking
from whipstitch.web.api.bodies import EventName
from whipstitch.web.api.endpoints import InEnvironment, Routes
from whipstitch.web.api.reports import REFUSALS, PeopleOf, ReportBody, ask

routes = Routes("/api/v1", "screens", cancellable=True)


class PeopleOfHeatmap(PeopleOf, kw_only=True):
    """Who tapped in a cell; without one, who tapped in any."""

    column: Annotated[int, Meta(ge=0)] | None = None
    row: Annotated[int, Meta(ge=0)] | None = None

    async def selector(
        self, session: QuerySession, query: HeatmapQuery, zone: ZoneInfo
    ) -> tuple[int, int] | None:
        if self.column is None and self.row is None:
            return None
        for name, value, end in (
            ("column", self.column, query.columns),
            ("row", self.row, query.rows * query.depth),
        ):
            if value is None or value >= end:
                raise InvalidQuery(f"people_of.{name}", f"must be less than {end:,}")
        return self.column or 0, self.row or 0


class HeatmapBody(ReportBody, kw_only=True):
    """Which screen, and how fine the grid over it is."""

    report: ClassVar[Report[Any, Any]] = heatmaps.REPORT
    screen: Annotated[str, Meta(examples=["Checkout"])]
    event_name: EventName = None
    columns: Annotated[
        int, Meta(ge=1, le=heatmaps.MOST_COLUMNS, description="Cells beside each other")
    ] = heatmaps.COLUMNS
    rows: Annotated[
        int, Meta(ge=1, le=heatmaps.MOST_ROWS, description="Cells in the height of a screen")
    ] = heatmaps.ROWS
    depth: Annotated[
        int, Meta(ge=1, le=heatmaps.DEEPEST, description="Heights of a screen, scrolled down")
    ] = heatmaps.DEPTH
    people_of: PeopleOfHeatmap | None = None

    def parsed(self, zone: ZoneInfo, now: datetime) -> HeatmapQuery:
        """Raises InvalidQuery."""
        return HeatmapQuery(
            heatmaps.checked_screen(self.screen),
            self.range(zone, now),
            Match(checked_event_name(self.event_name, "event_name"), self.parsed_filters()),
            self.columns,
            self.rows,
            self.depth,
        )


_RANGE: Final = {"from": "2026-05-01T00:00:00Z", "to": "2026-06-01T00:00:00Z"}
_EXAMPLES: Final = {
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
_ANSWERS: Final = {
    "taps": {
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
    },
    "people": {"ok": True, "people": ["user_123"], "next_cursor": None},
}


@routes.add(
    "POST",
    "/heatmaps",
    "Where people tap and click on a screen",
    examples=_EXAMPLES,
    shown=_ANSWERS,
    refusals=REFUSALS,
)
async def ask_heatmap(
    asking: Asking, sent: InEnvironment, body: HeatmapBody
) -> heatmaps.Heatmap | SelectedPeople:
    """The taps and clicks of all events, or of `event_name`, that name the screen and have a
    position, counted in the cells of a grid over the screen's contents. With `people_of`, the
    people behind one cell."""
    answer: heatmaps.Heatmap | SelectedPeople = await ask(asking, body)
    return answer
