"""``POST /api/v1/flows``."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Final
from zoneinfo import ZoneInfo

import msgspec
from fastapi import APIRouter, Body, Response
from pydantic import Field

from whipstitch.analytics.expressions import filters
from whipstitch.analytics.expressions.event_matcher import checked_event_name
from whipstitch.analytics.expressions.time_ranges import parse_range, parse_zone
from whipstitch.analytics.people import drill_down
from whipstitch.analytics.reports import flows
from whipstitch.analytics.reports.flows import Direction, FlowsQuery
from whipstitch.web.api import bodies
from whipstitch.web.api.asking import CancellableRoute, answers
from whipstitch.web.api.bodies import Filters, Moment, PeopleOf, Zone, plain
from whipstitch.web.api.cohort_validation import COHORTS_EXIST
from whipstitch.web.api.reading import CurrentReading, CurrentZone

router = APIRouter(
    prefix="/api/v1", tags=["flows"], route_class=CancellableRoute, dependencies=[COHORTS_EXIST]
)


class PeopleOfFlow(PeopleOf):
    """The people with a path through a node, or through both ends of a link."""

    node: Annotated[str | None, Field(description="`id` of one of the answer's `nodes`")] = None
    link: Annotated[
        list[str] | None,
        Field(
            min_length=2,
            max_length=2,
            description="Instead: [`source`, `target`] of one of the answer's `links`",
        ),
    ] = None


class FlowsBody(bodies.StrictBody):
    """What people do after an event, or before it."""

    event_name: str
    direction: Direction = "after"
    depth: Annotated[
        int, Field(ge=1, le=flows.DEEPEST, description="Steps after or before the event")
    ] = flows.DEFAULT_DEPTH
    limit: Annotated[
        int,
        Field(ge=1, le=flows.WIDEST, description="Events of a step; the others are `$other`"),
    ] = flows.DEFAULT_LIMIT
    from_: Annotated[Moment, Field(alias="from")] = None
    to: Moment = None
    filters: Filters = bodies.NO_FILTERS
    timezone: Zone = None
    people_of: PeopleOfFlow | None = None

    def parsed(self, zone: ZoneInfo, now: datetime) -> FlowsQuery:
        """Raises InvalidQuery."""
        checked_event_name(self.event_name, "event_name")
        return FlowsQuery(
            self.event_name,
            parse_range(self.from_, self.to, zone, now),
            self.direction,
            self.depth,
            self.limit,
            filters.parse(plain(self.filters), "filters"),
        )


_QUESTION: Final = {
    "event_name": "product_viewed",
    "direction": "after",
    "depth": 2,
    "limit": 2,
    "from": "2026-05-01T00:00:00Z",
    "to": "2026-05-31T00:00:00Z",
}
_EXAMPLES: Final = {
    "paths": {"summary": "What follows a look at a product", "value": _QUESTION},
    "people": {
        "summary": "Who put it into the cart then",
        "value": {
            **_QUESTION,
            "people_of": {"link": ["0:product_viewed", "1:added_to_cart"]},
        },
    },
}
_ANSWERS: Final = {
    "paths": {
        "value": {
            "ok": True,
            "nodes": [
                {
                    "id": "0:product_viewed",
                    "event_name": "product_viewed",
                    "step": 0,
                    "count": 120,
                },
                {"id": "1:added_to_cart", "event_name": "added_to_cart", "step": 1, "count": 40},
                {"id": "1:search", "event_name": "search", "step": 1, "count": 25},
                {"id": "1:$other", "event_name": "$other", "step": 1, "count": 11},
            ],
            "links": [
                {"source": "0:product_viewed", "target": "1:added_to_cart", "count": 40},
                {"source": "0:product_viewed", "target": "1:search", "count": 25},
                {"source": "0:product_viewed", "target": "1:$other", "count": 11},
            ],
        }
    },
    "people": {"value": {"ok": True, "people": ["user_123"], "next_cursor": None}},
}


@router.post(
    "/flows",
    summary="What people do after an event, or before it",
    response_class=Response,
    responses=answers(_ANSWERS),
)
async def ask_flows(
    reading: CurrentReading,
    project_zone: CurrentZone,
    body: Annotated[FlowsBody, Body(openapi_examples=_EXAMPLES)],
) -> Response:
    """Paths from the first occurrence of the event in each session on (without a session: as long
    as no pause takes 30 minutes). A node is an event at a step, a link counts the paths that go
    from one to the next; a path that ends at a node has no link from it. With `people_of`, the
    people behind a node or a link."""
    query = body.parsed(parse_zone(body.timezone, project_zone), datetime.now(UTC))
    rows = await reading.run(flows.build(query, reading.persons))
    found = await asyncio.to_thread(flows.shape, query, rows)
    answer: flows.Flows | drill_down.SelectedPeople = found
    if body.people_of is not None:
        page = body.people_of.page()
        nodes = flows.chosen(found, body.people_of.node, body.people_of.link)
        sql = flows.people(query, found, nodes, page, reading.persons)
        answer = drill_down.shape(page, await reading.run(sql))
    return Response(msgspec.json.encode(answer), media_type="application/json")
