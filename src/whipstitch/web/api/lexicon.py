"""``GET /api/v1/lexicon``, and of traits."""

from datetime import UTC, datetime
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from whipstitch.analytics.events import lexicon
from whipstitch.analytics.events.lexicon import LexiconQuery
from whipstitch.analytics.expressions.time_ranges import parse_range
from whipstitch.web.api.asking import Asking
from whipstitch.web.api.endpoints import InEnvironment, Refusals, Routes
from whipstitch.web.api.parameters import Cursor, From, To, position

routes = Routes("/api/v1", "events", cancellable=True)

_EXAMPLE: Final = {
    "ok": True,
    "events": [
        {
            "event_name": "checkout_started",
            "count": 1204,
            "first_seen": "2026-05-01T08:00:12.004Z",
            "last_seen": "2026-05-09T14:32:01.482Z",
            "properties": [
                {"name": "$os", "types": ["string"], "samples": ["ios", "android"]},
                {"name": "cart_value", "types": ["number"], "samples": [49.99, 12]},
                {"name": "delivery.express", "types": ["boolean"], "samples": [True]},
            ],
        }
    ],
    "next_cursor": None,
}
_TRAITS_EXAMPLE: Final = {
    "ok": True,
    "traits": [
        {"name": "company.size", "types": ["number"], "samples": [12, 400]},
        {"name": "plan", "types": ["string"], "samples": ["free", "pro"]},
    ],
}
_REFUSALS: Final[Refusals] = {
    400: "A parameter cannot be used; `error` names it.",
    408: "It took too long; `error` says what helps.",
    413: "It is too much; `error` says what helps.",
}


class Names(InEnvironment, kw_only=True):
    """Which names are listed."""

    search: (
        Annotated[str, Meta(max_length=1000, description="A part of the event's name, in any case")]
        | None
    ) = None
    from_: From = msgspec.field(name="from", default=None)
    to: To = None
    limit: Annotated[int, Meta(ge=1, le=lexicon.MOST)] = lexicon.DEFAULT_LIMIT
    cursor: Cursor = None
    properties: Annotated[
        bool, Meta(description="false: without properties, which takes less time")
    ] = True


@routes.add(
    "GET",
    "/lexicon",
    "Which events and properties there are",
    shown={"page": _EXAMPLE},
    refusals=_REFUSALS,
)
async def list_lexicon(asking: Asking, sent: Names) -> lexicon.Lexicon:
    """Events by name, each with how often and when it occurred in the range, and with the
    properties of its newest occurrences: their types in JSON and their most frequent values."""
    reading = await asking.session()
    query = LexiconQuery(
        parse_range(sent.from_, sent.to, asking.zone, datetime.now(UTC)),
        sent.limit,
        sent.search,
        position(sent.cursor, lexicon.LexiconPosition),
    )
    return await lexicon.page(reading, query, described=sent.properties)


@routes.add(
    "GET",
    "/lexicon/traits",
    "Which traits people have",
    shown={"traits": _TRAITS_EXAMPLE},
    refusals=_REFUSALS,
)
async def list_traits(asking: Asking, sent: InEnvironment) -> lexicon.TraitsAnswer:
    """What is known of people: traits by name, their types in JSON and their most frequent
    values."""
    reading = await asking.session()
    return lexicon.shape_traits(await reading.run(lexicon.traits()))
