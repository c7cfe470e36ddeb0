"""What the bodies of requests have in common.

The types see to names and JSON types; what the values may be is the queries' own business."""

from typing import Annotated, Any, Final, get_args

import msgspec
from msgspec import Meta

from whipstitch.analytics.expressions import breakdowns, groupings
from whipstitch.analytics.expressions.filters import OPERATORS, FilterOn, On
from whipstitch.core.errors import InvalidQuery

Moment = Annotated[
    str | None,
    Meta(
        description="RFC 3339. Without an offset, or a mere day: as the clocks of `timezone` show.",
        examples=["2026-05-01T00:00:00Z", "2026-05-01"],
    ),
]
Zone = Annotated[
    str | None,
    Meta(description="IANA name; by default the project's time zone.", examples=["Europe/Paris"]),
]
EventName = Annotated[str | None, Meta(description="null: any event.")]
Filters = Annotated[
    list[dict[str, Any]],
    Meta(
        examples=[[{"property": "plan", "operator": "is", "value": ["pro", "team"]}]],
        extra_json_schema={"items": {"$ref": "#/components/schemas/Filter"}},
    ),
]
"""Read by ``filters.parse`` alone."""

_SCALAR: Final = {"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "boolean"}]}
_NESTED: Final = {"$ref": "#/components/schemas/Filter"}
FILTER: Final = {
    "Filter": {
        "title": "Filter",
        "description": "A condition on a property of the event or of the person, or on the "
        "person's being in a cohort, or a group of filters: `any` or `all` of them. Filters in a "
        "list all have to be met.",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "property": {
                "type": "string",
                "description": "Dots walk into objects; `$os`, `$country` … name their columns, "
                "`properties.$os` … what the client sent under such a name.",
            },
            "operator": {
                "type": "string",
                "enum": [*OPERATORS, "in", "not_in"],
                "description": "`in` and `not_in` are for a `cohort`.",
            },
            "value": {
                "anyOf": [*_SCALAR["anyOf"], {"type": "array", "items": _SCALAR}],
                "description": "Of a list, any value will do (of `all_of`: all are wanted). "
                "Operators of versions take one version as text, `before` and `after` a time, or "
                "how long ago (`-7d`).",
                "examples": [["pro", "team"]],
            },
            "on": {
                "enum": list(get_args(FilterOn)),
                "default": "event",
                "description": "`session`: of `/api/v1/web` and `/api/v1/sessions`, outside of "
                "groups.",
            },
            "cohort": {"type": "string", "description": "Instead of `property`."},
            **{name: {"type": "array", "items": _NESTED, "minItems": 1} for name in ("any", "all")},
        },
    }
}
"""What an item of ``Filters`` may be, for the description."""


class StrictBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """An object of a request: fields that it does not know are refused, for they would be
    misspelt ones."""


class BreakdownBody(StrictBody, kw_only=True):
    """By the values of a property: the `limit` ones that weigh most each stand alone, the rest is
    `$other`; what has no value is null."""

    property: Annotated[str, Meta(examples=["plan"])]
    limit: Annotated[int, Meta(ge=1, le=breakdowns.MOST)] = breakdowns.DEFAULT_LIMIT
    on: On = "event"
    elements: Annotated[
        bool,
        Meta(description="By each element of a list: what has several is in several groups."),
    ] = False

    def parsed(self) -> breakdowns.Breakdown:
        """Raises InvalidQuery."""
        return breakdowns.parse(self.property, self.limit, self.on, elements=self.elements)


class GroupingBody(StrictBody, kw_only=True):
    """One of several breakdowns: by a property's values, by ranges of its numbers (`buckets`:
    edges, or how many with about as many rows each), or by the cohorts that people are in."""

    property: str | None = None
    limit: Annotated[int, Meta(ge=1, le=breakdowns.MOST)] | None = None
    on: On = "event"
    elements: bool = False
    buckets: int | list[float] | None = None
    cohorts: list[str] | None = None

    def parsed(self, path: str) -> groupings.Grouping:
        """Raises InvalidQuery."""
        if self.cohorts is not None:
            if self.property is not None or self.buckets is not None:
                raise InvalidQuery(f"{path}.cohorts", "stand alone: leave the rest out")
            return groupings.parse_cohorts(self.cohorts, path)
        if self.property is None:
            raise InvalidQuery(path, "must have a property, or cohorts")
        if self.buckets is not None:
            if self.elements or self.limit is not None:
                raise InvalidQuery(f"{path}.buckets", "have neither a limit nor elements")
            return groupings.parse_buckets(self.property, self.on, self.buckets, path)
        return breakdowns.parse(self.property, self.limit, self.on, path, elements=self.elements)
