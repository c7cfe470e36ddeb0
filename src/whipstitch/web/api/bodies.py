"""What the bodies of questions have in common, as OpenAPI describes them.

The models see to names and JSON types; what the values may be is the queries' own business."""

from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from whipstitch.analytics.expressions import breakdowns
from whipstitch.analytics.expressions.filters import OPERATORS, On
from whipstitch.analytics.people import drill_down

Moment = Annotated[
    str | None,
    Field(
        description="RFC 3339. Without an offset, or a mere day: as the clocks of `timezone` show.",
        examples=["2026-05-01T00:00:00Z", "2026-05-01"],
    ),
]
Zone = Annotated[
    str | None,
    Field(description="IANA name; by default the project's time zone.", examples=["Europe/Paris"]),
]
EventName = Annotated[str | None, Field(description="null: any event.")]

_SCALAR = {"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "boolean"}]}
_VALUE = {"anyOf": [*_SCALAR["anyOf"], {"type": "array", "items": _SCALAR}]}


class StrictBody(BaseModel):
    """An object of a request: fields that it does not know are refused, for they would be
    misspelt ones."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Filter(StrictBody):
    """A condition on a property of the event or of the person, or on the person's being in a
    cohort. Filters in a list all have to be met."""

    property: Annotated[
        str | None,
        Field(
            description="Dots walk into objects; `$os`, `$country` … name their columns, "
            "`properties.$os` … what the client sent under such a name."
        ),
    ] = None
    operator: Annotated[
        str,
        Field(description="`in` and `not_in` are for a `cohort`.", examples=["is"]),
        WithJsonSchema({"type": "string", "enum": [*OPERATORS, "in", "not_in"]}),
    ]
    value: Annotated[
        Any,
        Field(
            description="Of a list, any value will do (of `all_of`: all are wanted). Operators of "
            "versions take one version as text.",
            examples=[["pro", "team"]],
        ),
        WithJsonSchema(_VALUE),
    ] = None
    on: On = "event"
    cohort: Annotated[str | None, Field(description="Instead of `property`.")] = None


Filters = Annotated[
    list[Filter],
    Field(examples=[[{"property": "plan", "operator": "is", "value": ["pro", "team"]}]]),
]

NO_FILTERS: Final[list[Filter]] = []


def plain(filters: list[Filter]) -> list[dict[str, Any]]:
    """As they were sent."""
    return [one.model_dump(exclude_unset=True) for one in filters]


class BreakdownBody(StrictBody):
    """By the values of a property: the `limit` ones that weigh most each stand alone, the rest is
    `$other`; what has no value is null."""

    property: Annotated[str, Field(examples=["plan"])]
    limit: Annotated[int, Field(ge=1, le=breakdowns.MOST)] = breakdowns.DEFAULT_LIMIT
    on: On = "event"
    elements: Annotated[
        bool,
        Field(description="By each element of a list: what has several is in several groups."),
    ] = False

    def parsed(self) -> breakdowns.Breakdown:
        """Raises InvalidQuery."""
        return breakdowns.parse(self.property, self.limit, self.on, elements=self.elements)


IsValue = Annotated[
    bool | None,
    Field(
        description="Where a value is called `$other`, too: true means it (its line says so), "
        "false the rest; left out: both."
    ),
]


class PeopleOf(StrictBody):
    """Which number's people are asked for; each surface adds what tells its numbers apart."""

    limit: Annotated[int, Field(ge=1, le=drill_down.MOST)] = drill_down.DEFAULT_LIMIT
    cursor: Annotated[str | None, Field(description="`next_cursor` of the page before")] = None

    def page(self) -> drill_down.SelectedPage:
        """Raises InvalidQuery."""
        return drill_down.parse(self.limit, self.cursor)
