"""Filters: conditions on the rows of events (interfaces, "Filter"; ``docs/queries.md``).

Each negative operator lets through exactly what its positive one does not: what has no value, too.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, Final, Literal, cast, get_args

from whipstitch.analytics.cohorts.members_sql import member_keys
from whipstitch.analytics.expressions import numbers, properties, searching, version_order
from whipstitch.analytics.expressions.numbers import (
    EXACT,
    Scalar,
    number_in,
    number_of,
    reads_as_number,
)
from whipstitch.analytics.expressions.properties import (
    PERSON_ID,
    Expressions,
    checked_name,
    is_text,
)
from whipstitch.analytics.people import person_properties
from whipstitch.core.errors import InvalidQuery
from whipstitch.identity.person_map import Persons
from whipstitch.warehouse.parameters import Parameters

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
]
Negative = Literal["is_not", "not_contains", "is_not_set", "none_of"]
Operator = Positive | Negative
On = Literal["event", "person"]

OPERATORS: Final[tuple[str, ...]] = (*get_args(Positive), *get_args(Negative))
_OPPOSITES: Final[Mapping[str, Positive]] = {
    "is_not": "is",
    "not_contains": "contains",
    "is_not_set": "is_set",
    "none_of": "any_of",
}
_COMPARISONS: Final = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_OF_VERSIONS: Final = {f"semver_{name}": sign for name, sign in _COMPARISONS.items()}
_MOST: Final = 50
_MOST_VALUES: Final = 1000
_LONGEST: Final = 1000
_LONGEST_TOGETHER: Final = 100_000
_FEWER_VALUES: Final = {"regex": 20, "all_of": 100}


@dataclass(frozen=True, slots=True)
class PropertyFilter:
    """``operator`` as in the interfaces; any of ``values`` will do. ``path`` is where the request
    has the filter."""

    property: str
    operator: Operator
    values: tuple[Scalar, ...] = ()
    on: On = "event"
    path: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class CohortFilter:
    """Whether the person is ``inside`` a cohort."""

    cohort: str
    inside: bool = True
    path: str = field(default="", compare=False)


Filter = PropertyFilter | CohortFilter


def parse(items: Sequence[Mapping[str, Any]], path: str) -> tuple[Filter, ...]:
    """The filters of a list of JSON objects that ``path`` holds.

    Raises:
        InvalidQuery
    """
    if len(items) > _MOST:
        raise InvalidQuery(path, f"must not be more than {_MOST} filters")
    parsed = tuple(parse_one(item, f"{path}[{index}]") for index, item in enumerate(items))
    if sum(map(_length, parsed)) > _LONGEST_TOGETHER:
        raise InvalidQuery(path, f"must not hold more than {_LONGEST_TOGETHER:,} characters")
    return parsed


def condition(filters: Iterable[Filter], values: Parameters, persons: Persons) -> str:
    """What a row of ``events`` must meet to pass all ``filters``; never NULL."""
    return " AND ".join(_condition(one, values, persons) for one in filters) or "1"


def within(query: object) -> Iterator[Filter]:
    """The filters in a query, wherever its values have some."""
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


def parse_one(item: Mapping[str, Any], path: str) -> Filter:
    """The filter that a JSON object gives, which is at ``path``.

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
    if on not in get_args(On):
        raise InvalidQuery(f"{path}.on", "must be event or person")
    return PropertyFilter(
        checked_name(item.get("property"), f"{path}.property"),
        operator,
        _parse_values(_positive(operator), item.get("value"), f"{path}.value"),
        on,
        path,
    )


_FIELDS: Final = frozenset({"property", "operator", "value", "on"})


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
        if operator in _COMPARISONS or operator in _OF_VERSIONS:
            raise InvalidQuery(path, "must be one value, for this operator")
        most = _FEWER_VALUES.get(operator, _MOST_VALUES)
        if not 0 < len(value) <= most:
            raise InvalidQuery(path, f"must have from 1 to {most:,} values")
        return tuple(
            _parse_value(operator, one, f"{path}[{index}]") for index, one in enumerate(value)
        )
    return (_parse_value(operator, value, path),)


def _parse_value(operator: Positive, value: object, path: str) -> Scalar:
    if operator in _OF_VERSIONS:
        if (
            not isinstance(value, str)
            or len(value) > _LONGEST
            or not version_order.is_version(value)
        ):
            raise InvalidQuery(path, 'must be a version as text, such as "2.4" or "2.4.1-rc.1"')
        return value
    if isinstance(value, bool):
        if operator in _COMPARISONS:
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


# To SQL


def _condition(filter_: Filter, values: Parameters, persons: Persons) -> str:
    if isinstance(filter_, CohortFilter):
        inside = "IN" if filter_.inside else "NOT IN"
        return f"{persons.key} {inside} ({member_keys(filter_.cohort, values)})"
    operator = _positive(filter_.operator)
    if filter_.on == "person":
        people = person_properties.of_people(filter_.property, values)
        met = _met(person_properties.VALUE, operator, filter_.values, values)
        condition = f"{persons.key} IN (SELECT key FROM ({people}) WHERE {met})"
    elif filter_.property == PERSON_ID and operator in ("is", "any_of"):
        ids = values.add(list(map(str, filter_.values)), "Array(String)")
        condition = f"{persons.key} IN ({person_properties.keys_of(ids)})"
    else:
        value = properties.of_event(filter_.property, persons)
        wanted = filter_.values
        if filter_.property == properties.OS and operator != "regex":
            wanted = tuple(one.lower() if isinstance(one, str) else one for one in wanted)
        condition = _met(value, operator, wanted, values)
    return f"NOT ({condition})" if filter_.operator in _OPPOSITES else f"({condition})"


def _positive(operator: Operator) -> Positive:
    return _OPPOSITES[operator] if operator in _OPPOSITES else cast(Positive, operator)


def _met(
    value: Expressions, operator: Positive, wanted: Sequence[Scalar], values: Parameters
) -> str:
    """Whether ``value`` is there and meets a positive operator."""
    if operator == "is_set":
        return value.exists
    if operator in _COMPARISONS:
        met = _compared(value, _COMPARISONS[operator], wanted[0], values)
    elif operator in _OF_VERSIONS:
        asked = values.add(str(wanted[0]))
        met = version_order.compared(value.text, _OF_VERSIONS[operator], asked)
    elif operator == "is":
        met = _equal(value.text, value.number, wanted, values)
    elif operator == "any_of":
        met = _holding(value, wanted, values)
    elif operator == "all_of":
        met = " AND ".join(_holding(value, [one], values) for one in wanted)
    elif operator == "contains":
        met = _containing(value.text, wanted, values)
    else:
        patterns = (values.add(str(one)) for one in wanted)
        met = " OR ".join(_matching(value.text, pattern) for pattern in patterns)
    return f"ifNull({met}, 0)"


def _equal(text: str, number: str, wanted: Sequence[Scalar], values: Parameters) -> str:
    """What reads as a number is compared as numbers are, so that 1 is 1.0 and "1", other texts as
    they are."""
    read = [one for one in wanted if reads_as_number(one)]
    texts = [str(one) for one in wanted if not reads_as_number(one)]
    parts = []
    if texts:
        parts.append(f"{text} IN {values.add(texts, 'Array(String)')}")
    if read:
        parts.append(numbers.equal(text, number, read, values))
    return " OR ".join(parts)


def _holding(value: Expressions, wanted: Sequence[Scalar], values: Parameters) -> str:
    """Whether some element is one of ``wanted``."""
    equal = _equal("element", number_in("element"), wanted, values)
    return f"arrayExists(element -> ifNull({equal}, 0), {value.elements()})"


def _containing(text: str, wanted: Sequence[Scalar], values: Parameters) -> str:
    """In any case of letters."""
    folded = [searching.folded(str(one)) for one in wanted]
    if len(folded) == 1:
        return searching.containing(text, values.add(folded[0]))
    parts = values.add(folded, "Array(String)")
    return f"arrayExists(part -> {searching.containing(text, 'part')}, {parts})"


def _matching(text: str, pattern: str) -> str:
    # Of a constant it is worked out even where there are no rows: what is no pattern is refused.
    return f"(match('', {pattern}) IN (0, 1) AND match({text}, {pattern}))"


def _compared(value: Expressions, comparison: str, wanted: Scalar, values: Parameters) -> str:
    """With what reads as a number as numbers, else as text (which is right for ISO dates)."""
    if reads_as_number(wanted):
        return numbers.compared(value.text, value.number, comparison, wanted, values)
    return f"{value.text} {comparison} {values.add(wanted)}"


def _length(filter_: Filter) -> int:
    return sum(len(str(one)) for one in getattr(filter_, "values", ()))
