"""Filters: conditions on the rows of events (interfaces, "Filter"; ``docs/queries.md``).

Each negative operator lets through exactly what its positive one does not: what has no value, too.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, cast, get_args

from whipstitch.errors import InvalidQuery
from whipstitch.queries import person_properties, properties
from whipstitch.queries.cohorts import member_keys
from whipstitch.queries.persons import Persons
from whipstitch.queries.properties import PERSON_ID, Expressions, checked_name, is_text
from whipstitch.queries.values import Values

Scalar = str | bool | int | float
Positive = Literal["is", "contains", "gt", "gte", "lt", "lte", "is_set", "regex"]
Negative = Literal["is_not", "not_contains", "is_not_set"]
Operator = Positive | Negative
On = Literal["event", "person"]

OPERATORS: Final[tuple[str, ...]] = (*get_args(Positive), *get_args(Negative))
_OPPOSITES: Final[Mapping[str, Positive]] = {
    "is_not": "is",
    "not_contains": "contains",
    "is_not_set": "is_set",
}
_COMPARISONS: Final = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_MOST: Final = 50
_MOST_VALUES: Final = 1000
_LONGEST: Final = 1000
_LONGEST_TOGETHER: Final = 100_000
_LONGEST_REGEX: Final = 1000
_EXACT: Final = 2**53
"""Above it not every whole number is a Float64."""


@dataclass(frozen=True, slots=True)
class PropertyFilter:
    """``operator`` as in the interfaces; any of ``values`` will do. ``field`` is where the request
    has the filter."""

    property: str
    operator: Operator
    values: tuple[Scalar, ...] = ()
    on: On = "event"
    field: str = ""


@dataclass(frozen=True, slots=True)
class CohortFilter:
    """Whether the person is ``inside`` a cohort."""

    cohort: str
    inside: bool = True
    field: str = ""


Filter = PropertyFilter | CohortFilter


def parse(items: Sequence[Mapping[str, Any]], field: str) -> tuple[Filter, ...]:
    """The filters of a list of JSON objects that ``field`` holds.

    Raises:
        InvalidQuery
    """
    if len(items) > _MOST:
        raise InvalidQuery(field, f"must not be more than {_MOST} filters")
    parsed = tuple(_parse(item, f"{field}[{index}]") for index, item in enumerate(items))
    texts = (len(one) for filter_ in parsed for one in _texts(filter_))
    if sum(texts) > _LONGEST_TOGETHER:
        raise InvalidQuery(field, f"must not hold more than {_LONGEST_TOGETHER:,} characters")
    return parsed


def condition(filters: Iterable[Filter], values: Values, persons: Persons) -> str:
    """What a row of ``events`` must meet to pass all ``filters``; never NULL."""
    return " AND ".join(_condition(one, values, persons) for one in filters) or "1"
