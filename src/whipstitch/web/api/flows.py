"""``POST /api/v1/flows``."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Final
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from whipstitch.analytics.expressions.event_matcher import checked_event_name
from whipstitch.analytics.people.drill_down import SelectedPeople
from whipstitch.analytics.reports import flow_query, flows
from whipstitch.analytics.reports.flow_answer import Flows
from whipstitch.analytics.reports.flow_query import Direction, FlowsQuery, StepKind, Through
from whipstitch.analytics.reports.flows import FlowSelector
from whipstitch.analytics.reports.report import Report
from whipstitch.analytics.session import QuerySession
from whipstitch.web.api.asking import Asking
from whipstitch.web.api.bodies import StrictBody
from whipstitch.web.api.endpoints import InEnvironment, Routes
from whipstitch.web.api.reports import REFUSALS, PeopleOf, ReportBody, ask

routes = Routes("/api/v1", "flows", cancellable=True)


class PeopleOfFlow(PeopleOf, kw_only=True):
    """The people with a path through a node, or through both ends of a link."""

    node: Annotated[str | None, Meta(description="`id` of one of the answer's `nodes`")] = None
    link: (
        Annotated[
            list[str],
            Meta(
                min_length=2,
                max_length=2,
                description="Instead: [`source`, `target`] of one of the answer's `links`",
            ),
        ]
        | None
    ) = None

    async def selector(
        self, session: QuerySession, query: FlowsQuery, zone: ZoneInfo
    ) -> FlowSelector:
        return flows.chosen(await flows.answer(session, query), self.node, self.link)


class ThroughBody(StrictBody, kw_only=True):
    """What all paths have in common: an event at a step."""

    step: Annotated[int, Meta(ge=-flow_query.DEEPEST, le=flow_query.DEEPEST)]
    event_name: str


class FlowsBody(ReportBody, kw_only=True):
    """What people do after an event, before it, or both. By screen or page, the names of events are
    those of screens or pages."""

    report: ClassVar[Report[Any, Any]] = flows.REPORT
    event_name: Annotated[
        str | None,
        Meta(description="null: paths go from a visit's first event on, or back from its last."),
    ]
    direction: Direction = "after"
    by: Annotated[
        StepKind,
        Meta(description="What steps are; what has no screen (or page) is none."),
    ] = "event"
    exclude: Annotated[
        list[str], Meta(description="Events (screens, pages) that are no steps.")
    ] = msgspec.field(default_factory=list)
    through: Annotated[
        list[ThroughBody],
        Meta(
            max_length=2 * flow_query.DEEPEST + 1,
            description="Only paths with these events at these steps: what goes on from there.",
        ),
    ] = msgspec.field(default_factory=list)
    depth: Annotated[
        int, Meta(ge=1, le=flow_query.DEEPEST, description="Steps after or before the event")
    ] = flow_query.DEFAULT_DEPTH
    limit: Annotated[
        int,
        Meta(ge=1, le=flow_query.WIDEST, description="Events of a step; the others are `$other`"),
    ] = flow_query.DEFAULT_LIMIT
    people_of: PeopleOfFlow | None = None

    def parsed(self, zone: ZoneInfo, now: datetime) -> FlowsQuery:
        """Raises InvalidQuery."""
        checked_event_name(self.event_name, "event_name")
        for index, name in enumerate(self.exclude):
            checked_event_name(name, f"exclude[{index}]")
        for index, one in enumerate(self.through):
            checked_event_name(one.event_name, f"through[{index}].event_name")
        return flow_query.checked(
            FlowsQuery(
                self.event_name,
                self.range(zone, now),
                self.direction,
                self.depth,
                self.limit,
                self.parsed_filters(),
                self.by,
                tuple(self.exclude),
                tuple(Through(one.step, one.event_name) for one in self.through),
            )
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
    "pages": {
        "summary": "Which pages follow the second one, where that was /pricing",
        "value": {
            "event_name": None,
            "by": "page",
            "exclude": ["/login"],
            "through": [{"step": 1, "event_name": "/pricing"}],
        },
    },
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
    },
    "people": {"ok": True, "people": ["user_123"], "next_cursor": None},
}


@routes.add(
    "POST",
    "/flows",
    "What people do after an event, or before it",
    examples=_EXAMPLES,
    shown=_ANSWERS,
    refusals=REFUSALS,
)
async def ask_flows(asking: Asking, sent: InEnvironment, body: FlowsBody) -> Flows | SelectedPeople:
    """Paths from the first occurrence of the event in each session on (without a session: as long
    as no pause takes 30 minutes). A node is an event at a step, a link counts the paths that go
    from one to the next; a path that ends at a node has no link from it. What is excluded,
    or has no screen or page, still keeps a visit together. With `people_of`, the people behind a
    node or a link."""
    answer: Flows | SelectedPeople = await ask(asking, body)
    return answer
