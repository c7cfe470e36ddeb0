"""Filters in SQL: conditions on the rows of events."""

from collections.abc import Iterable, Sequence

from whipstitch.analytics.cohorts.members_sql import member_keys
from whipstitch.analytics.expressions import moments, numbers, properties, searching, version_order
from whipstitch.analytics.expressions.filters import (
    COMPARISONS,
    OF_MOMENTS,
    OF_VERSIONS,
    OPPOSITES,
    CohortFilter,
    Filter,
    FilterGroup,
    Positive,
    positive,
)
from whipstitch.analytics.expressions.numbers import Scalar, number_in, reads_as_number
from whipstitch.analytics.expressions.properties import PERSON_ID
from whipstitch.analytics.expressions.values import Expressions
from whipstitch.analytics.people import person_properties
from whipstitch.identity.person_map import Persons
from whipstitch.warehouse.parameters import Parameters


def all_met(filters: Iterable[Filter], values: Parameters, persons: Persons) -> str:
    """What a row of ``events`` must meet to pass all ``filters``; never NULL."""
    return " AND ".join(_condition(one, values, persons) for one in filters) or "1"


def _condition(filter_: Filter, values: Parameters, persons: Persons) -> str:
    if isinstance(filter_, FilterGroup):
        joined = " AND " if filter_.every else " OR "
        return f"({joined.join(_condition(one, values, persons) for one in filter_.filters)})"
    if isinstance(filter_, CohortFilter):
        inside = "IN" if filter_.inside else "NOT IN"
        return f"{persons.key} {inside} ({member_keys(filter_.cohort, values)})"
    operator = positive(filter_.operator)
    if filter_.on == "person":
        people = person_properties.of_people(filter_.property, values)
        passed = met(person_properties.VALUE, operator, filter_.values, values)
        condition = f"{persons.key} IN (SELECT key FROM ({people}) WHERE {passed})"
    elif filter_.property == PERSON_ID and operator in ("is", "any_of"):
        ids = values.add(list(map(str, filter_.values)), "Array(String)")
        condition = f"{persons.key} IN ({person_properties.keys_of(ids)})"
    else:
        value = properties.of_event(filter_.property, persons, values, filter_.computed)
        wanted = filter_.values
        if filter_.property == properties.OS and operator != "regex":
            wanted = tuple(one.lower() if isinstance(one, str) else one for one in wanted)
        condition = met(value, operator, wanted, values)
    return f"NOT ({condition})" if filter_.operator in OPPOSITES else f"({condition})"


def met(
    value: Expressions, operator: Positive, wanted: Sequence[Scalar], values: Parameters
) -> str:
    """Whether ``value`` is there and meets a positive operator."""
    if operator == "is_set":
        return value.exists
    if operator in COMPARISONS:
        met = _compared(value, COMPARISONS[operator], wanted[0], values)
    elif operator in OF_VERSIONS:
        asked = values.add(str(wanted[0]))
        met = version_order.compared(value.text, OF_VERSIONS[operator], asked)
    elif operator in OF_MOMENTS:
        met = moments.compared(
            value.text, value.number, OF_MOMENTS[operator], str(wanted[0]), values
        )
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
