"""Filters as requests have them (interfaces, "Filter"; ``docs/queries.md``).

Each negative operator lets through exactly what its positive one does not: what has no value, too.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, Final, Literal, cast, get_args

from whipstitch.analytics.expressions import moments, version_order
from whipstitch.analytics.expressions.numbers import EXACT, Scalar, number_of
from whipstitch.analytics.expressions.properties import checked_name, is_text
from whipstitch.analytics.expressions.syntax import Node
from whipstitch.core.errors import InvalidQuery

Positive = Literal[
    "is",
    "contains",
    "gt",
    "gte",
    "lt",
    "lte",
    "is_set",
    "regex",
    "any_of",
    "all_of",
    "semver_gt",
    "semver_gte",
    "semver_lt",
    "semver_lte",
    "before",
    "after",
]
Negative = Literal["is_not", "not_contains", "is_not_set", "none_of"]
Operator = Positive | Negative
On = Literal["event", "person"]
FilterOn = Literal[On, "session"]

OPERATORS: Final[tuple[str, ...]] = (*get_args(Positive), *get_args(Negative))
OPPOSITES: Final[Mapping[str, Positive]] = {
    "is_not": "is",
    "not_contains": "contains",
    "is_not_set": "is_set",
    "none_of": "any_of",
}
COMPARISONS: Final = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
OF_VERSIONS: Final = {f"semver_{name}": sign for name, sign in COMPARISONS.items()}
OF_MOMENTS: Final = {"before": "<", "after": ">"}
_OF_ONE_VALUE: Final = frozenset((*COMPARISONS, *OF_VERSIONS, *OF_MOMENTS))
_MOST: Final = 50
_DEEPEST: Final = 5
_MOST_VALUES: Final = 1000
_LONGEST: Final = 1000
_LONGEST_TOGETHER: Final = 100_000
_FEWER_VALUES: Final = {"regex": 20, "all_of": 100}


@dataclass(frozen=True, slots=True)
class PropertyFilter:
    """``operator`` as in the interfaces; any of ``values`` will do. ``path`` is where the request
    has the filter. On a session: see ``sessions/session_filters.py``. ``computed``: how the value
    of a virtual property is worked out."""

    property: str
    operator: Operator
    values: tuple[Scalar, ...] = ()
    on: FilterOn = "event"
    path: str = field(default="", compare=False)
    computed: Node | None = None


@dataclass(frozen=True, slots=True)
class CohortFilter:
    """Whether the person is ``inside`` a cohort."""

    cohort: str
    inside: bool = True
    path: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class FilterGroup:
    """Met where ``every`` one of ``filters`` is met, or else any of them."""

    filters: tuple["Filter", ...]
    every: bool


Filter = PropertyFilter | CohortFilter | FilterGroup


def parse(
    items: Sequence[Mapping[str, Any]], path: str, *, of_sessions: bool = False
) -> tuple[Filter, ...]:
    """The filters of a list of JSON objects that ``path`` holds. ``of_sessions``: whether some may
    be on the session; these do not stand in groups.

    Raises:
        InvalidQuery
    """
    parsed = _parse_several(items, path, 0, _ON_SESSIONS if of_sessions else _ON)
    leaves = list(within(parsed))
    if len(leaves) > _MOST:
        raise InvalidQuery(path, f"must not be more than {_MOST} filters")
    if sum(map(_length, leaves)) > _LONGEST_TOGETHER:
        raise InvalidQuery(path, f"must not hold more than {_LONGEST_TOGETHER:,} characters")
    return parsed


def within(query: object) -> Iterator[PropertyFilter | CohortFilter]:
    """The single filters in a query, wherever its values have some."""
    if isinstance(query, PropertyFilter | CohortFilter):
        yield query
    elif isinstance(query, tuple):
        for one in query:
            yield from within(one)
    elif is_dataclass(query):
        for one in fields(query):
            yield from within(getattr(query, one.name))


def cohorts_of(query: object) -> dict[str, str]:
    """The ids of the cohorts that a query names, by the fields of the request that name them:
    whoever answers the request knows whether they exist."""
    return {
        f"{one.path}.cohort": one.cohort for one in within(query) if isinstance(one, CohortFilter)
    }


def patterns_of(query: object) -> list[tuple[str, str]]:
    """The regular expressions in a query, each behind the field of the request that has it."""
    found = []
    for one in within(query):
        if isinstance(one, PropertyFilter) and one.operator == "regex":
            several = len(one.values) > 1
            for index, value in enumerate(one.values):
                place = f"[{index}]" if several else ""
                found.append((f"{one.path}.value{place}", str(value)))
    return found


# From JSON


def parse_one(
    item: Mapping[str, Any], path: str, ons: tuple[str, ...] = get_args(On)
) -> PropertyFilter | CohortFilter:
    """The single filter that a JSON object gives, which is at ``path``; ``ons``: what it may be on.

    Raises:
        InvalidQuery
    """
    if not isinstance(item, Mapping):
        raise InvalidQuery(path, "must be an object")
    allowed = {"cohort", "operator"} if "cohort" in item else _FIELDS
    for name in item:
        if name not in allowed:
            raise InvalidQuery(f"{path}.{name}", "does not belong here")
    if "cohort" in item:
        return _parse_cohort(item, path)
    operator = item.get("operator")
    if operator not in OPERATORS:
        raise InvalidQuery(f"{path}.operator", f"must be one of {', '.join(OPERATORS)}")
    on = item.get("on", "event")
    if on not in ons:
        raise InvalidQuery(f"{path}.on", f"must be {' or '.join(ons)}")
    return PropertyFilter(
        checked_name(item.get("property"), f"{path}.property"),
        operator,
        _parse_values(positive(operator), item.get("value"), f"{path}.value"),
        on,
        path,
    )


_FIELDS: Final = frozenset({"property", "operator", "value", "on"})
_ON: Final[tuple[str, ...]] = get_args(On)
_ON_SESSIONS: Final[tuple[str, ...]] = get_args(FilterOn)


def _parse_several(
    items: object, path: str, depth: int, ons: tuple[str, ...] = _ON
) -> tuple[Filter, ...]:
    if not isinstance(items, list | tuple):
        raise InvalidQuery(path, "must be a list of filters")
    if len(items) > _MOST:
        raise InvalidQuery(path, f"must not be more than {_MOST} filters")
    return tuple(
        _parse_nested(item, f"{path}[{index}]", depth, ons) for index, item in enumerate(items)
    )


def _parse_nested(item: Mapping[str, Any], path: str, depth: int, ons: tuple[str, ...]) -> Filter:
    """The filter, or the group of filters, that ``depth`` groups hold."""
    if not isinstance(item, Mapping) or not ("any" in item or "all" in item):
        return parse_one(item, path, ons)
    if len(item) > 1:
        raise InvalidQuery(path, "must have nothing beside any or all")
    ((name, items),) = item.items()
    if depth == _DEEPEST:
        raise InvalidQuery(path, f"must not lie in more than {_DEEPEST} groups")
    parsed = _parse_several(items, f"{path}.{name}", depth + 1)
    if not parsed:
        raise InvalidQuery(f"{path}.{name}", "must not be empty")
    return FilterGroup(parsed, name == "all")


def _parse_cohort(item: Mapping[str, Any], path: str) -> CohortFilter:
    cohort, operator = item["cohort"], item.get("operator", "in")
    if not isinstance(cohort, str) or not cohort or len(cohort) > _LONGEST or not is_text(cohort):
        raise InvalidQuery(f"{path}.cohort", "must be the id of a cohort")
    if operator not in ("in", "not_in"):
        raise InvalidQuery(f"{path}.operator", "must be in or not_in, for a cohort")
    return CohortFilter(cohort, operator == "in", path)


def _parse_values(operator: Positive, value: object, path: str) -> tuple[Scalar, ...]:
    if operator == "is_set":
        if value is not None:
            raise InvalidQuery(path, "is not used by this operator: leave it out")
        return ()
    if isinstance(value, list):
        if operator in _OF_ONE_VALUE:
            raise InvalidQuery(path, "must be one value, for this operator")
        most = _FEWER_VALUES.get(operator, _MOST_VALUES)
        if not 0 < len(value) <= most:
            raise InvalidQuery(path, f"must have from 1 to {most:,} values")
        return tuple(
            _parse_value(operator, one, f"{path}[{index}]") for index, one in enumerate(value)
        )
    return (_parse_value(operator, value, path),)


def _parse_value(operator: Positive, value: object, path: str) -> Scalar:
    if operator in OF_VERSIONS:
        if (
            not isinstance(value, str)
            or len(value) > _LONGEST
            or not version_order.is_version(value)
        ):
            raise InvalidQuery(path, 'must be a version as text, such as "2.4" or "2.4.1-rc.1"')
        return value
    if operator in OF_MOMENTS:
        if not isinstance(value, str) or not moments.is_moment(value):
            raise InvalidQuery(path, 'must be a time such as "2026-05-09T14:32:01Z", or "-7d"')
        return value
    if isinstance(value, bool):
        if operator in COMPARISONS:
            raise InvalidQuery(path, "must be a number or text")
        return "true" if value else "false"
    if isinstance(value, int | float):
        if not math.isfinite(number_of(value)):
            raise InvalidQuery(path, "must be a number that a Float64 can hold")
        return int(value) if value == int(value) and abs(value) <= EXACT else value
    if not isinstance(value, str):
        raise InvalidQuery(
            path, "must be text, a number or a boolean (is_not_set finds what has no value)"
        )
    if len(value) > _LONGEST:
        raise InvalidQuery(path, f"must not be longer than {_LONGEST:,} characters")
    if not is_text(value):
        raise InvalidQuery(path, "must be Unicode text")
    if not value and operator in ("contains", "regex"):
        raise InvalidQuery(path, "must not be blank")
    return value


def positive(operator: Operator) -> Positive:
    """The operator itself, or the one that it negates."""
    return OPPOSITES[operator] if operator in OPPOSITES else cast(Positive, operator)


def _length(filter_: PropertyFilter | CohortFilter) -> int:
    return sum(len(str(one)) for one in getattr(filter_, "values", ()))
