"""``GET /api/v1/lexicon``, and of traits."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import msgspec
from msgspec import Meta
from starlette.concurrency import run_in_threadpool

from whipstitch.analytics.events import lexicon, lexicon_query, lexicon_traits
from whipstitch.analytics.events.lexicon_query import LexiconPosition, LexiconQuery, Sort
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
                {
                    "name": name,
                    "types": [type_],
                    "samples": samples,
                    "last_seen": "2026-05-09T14:32:01.482Z",
                }
                for name, type_, samples in (
                    ("$os", "string", ["ios", "android"]),
                    ("cart_value", "number", [49.99, 12]),
                    ("delivery.express", "boolean", [True]),
                )
            ],
        }
    ],
    "next_cursor": None,
}
_BEFORE_ALL: Final = "1900-01-01"
"""No event can be earlier."""
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
    limit: Annotated[int, Meta(ge=1, le=lexicon_query.MOST)] = lexicon_query.DEFAULT_LIMIT
    cursor: Cursor = None
    properties: Annotated[
        bool, Meta(description="false: without properties, which takes less time")
    ] = True
    sort: Annotated[
        Sort, Meta(description="`count`: the most frequent first, `last_seen`: the longest unused")
    ] = "name"
    unused_days: (
        Annotated[
            int,
            Meta(
                ge=1,
                le=36_500,
                description="Only events that did not occur in the last so many days; `from` is "
                "then, where it is left out, before all events",
            ),
        ]
        | None
    ) = None
    tag: Annotated[str, Meta(description="Only events with this tag")] | None = None
    hidden: Annotated[bool, Meta(description="false: without events that are hidden")] = True


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
    now = datetime.now(UTC)
    from_ = sent.from_
    if from_ is None and sent.unused_days is not None:
        from_ = _BEFORE_ALL
    only, without = await _chosen(asking, sent)
    query = LexiconQuery(
        parse_range(from_, sent.to, asking.zone, now),
        sent.limit,
        sent.search,
        position(sent.cursor, LexiconPosition),
        sent.sort,
        None if sent.unused_days is None else now - timedelta(days=sent.unused_days),
        only,
        without,
    )
    return await lexicon.page(reading, query, described=sent.properties)


async def _chosen(asking: Asking, sent: Names) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    """Which names are listed only, and which are not."""
    if sent.tag is None and sent.hidden:
        return None, ()
    known = await run_in_threadpool(asking.registry.list_meanings, asking.scope.project_id)
    of_events = [one for one in known if one.kind == "event"]
    tagged = tuple(one.name for one in of_events if sent.tag in one.tags)
    hidden = () if sent.hidden else tuple(one.name for one in of_events if one.is_hidden)
    return None if sent.tag is None else tagged, hidden


@routes.add(
    "GET",
    "/lexicon/traits",
    "Which traits people have",
    shown={"traits": _TRAITS_EXAMPLE},
    refusals=_REFUSALS,
)
async def list_traits(asking: Asking, sent: InEnvironment) -> lexicon_traits.TraitsAnswer:
    """What is known of people: traits by name, their types in JSON and their most frequent
    values."""
    reading = await asking.session()
    return lexicon_traits.shape_traits(await reading.run(lexicon_traits.traits()))
