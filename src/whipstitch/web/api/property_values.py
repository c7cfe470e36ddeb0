"""``GET /api/v1/properties/{name}/values``."""

from datetime import UTC, datetime
from typing import Annotated, Final

from msgspec import Meta

from whipstitch.analytics.events import property_values
from whipstitch.analytics.events.property_values import ValuesQuery
from whipstitch.analytics.expressions.filters import On
from whipstitch.analytics.expressions.properties import checked_name
from whipstitch.web.api.asking import Asking
from whipstitch.web.api.endpoints import InEnvironment, Refusals, Routes
from whipstitch.web.api.parameters import ANY_NAME

routes = Routes("/api/v1/properties", "events", cancellable=True)

_SHOWN: Final = {
    "exact": {
        "ok": True,
        "values": [{"value": "free", "count": 1204}, {"value": "pro", "count": 87}],
        "approximate": False,
    },
    "approximate": {
        "ok": True,
        "values": [{"value": "/products/7", "count": 20417}],
        "approximate": True,
        "since": "2026-05-02T09:12:44.020Z",
    },
}
_REFUSALS: Final[Refusals] = {
    400: "A parameter cannot be used; `error` names it.",
    408: "It took too long; `error` says what helps.",
    413: "It is too much; `error` says what helps.",
}


class Values(InEnvironment, kw_only=True):
    """Which values are listed."""

    name: Annotated[str, Meta(description="The property's name")]
    on: Annotated[On, Meta(description="Whose property it is")] = "event"
    event_name: (
        Annotated[
            str, Meta(max_length=1000, description="Only of events of this name; not of people")
        ]
        | None
    ) = None
    search: (
        Annotated[str, Meta(max_length=1000, description="A part of the value, in any case")] | None
    ) = None
    limit: Annotated[int, Meta(ge=1, le=property_values.MOST)] = property_values.DEFAULT_LIMIT


@routes.add(
    "GET",
    f"/{ANY_NAME}/values",
    "The values of a property, the most frequent first",
    shown=_SHOWN,
    refusals=_REFUSALS,
)
async def list_values(asking: Asking, sent: Values) -> property_values.ValuesAnswer:
    """For fields that suggest values: each with how many events, or people, have it. A name such as
    `..` does not survive in a path: `/api/v1/properties/values?name=` takes any."""
    name = checked_name(sent.name, "name")
    query = ValuesQuery(name, sent.on, sent.event_name, sent.search, sent.limit)
    reading = await asking.session()
    return await property_values.of(reading, reading.virtuals.resolved(query), datetime.now(UTC))


@routes.add(
    "GET",
    "/values",
    "The same, with the property's name as a parameter",
    shown=_SHOWN,
    refusals=_REFUSALS,
)
async def list_values_by_parameter(asking: Asking, sent: Values) -> property_values.ValuesAnswer:
    """The same as `/api/v1/properties/{name}/values`."""
    return await list_values(asking, sent)
