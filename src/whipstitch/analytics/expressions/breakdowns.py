"""Breakdowns: what is counted, told apart by a property's value.

The values that weigh most stand alone, the rest is ``$other``; what has no value is a group of its
own, beside the limit. Of two values that weigh the same, the one that sorts first stands alone."""

from dataclasses import dataclass
from typing import Final

from msgspec import UNSET, UnsetType

from whipstitch.analytics.expressions import properties
from whipstitch.analytics.expressions.filters import On
from whipstitch.analytics.expressions.properties import checked_name
from whipstitch.analytics.expressions.syntax import Node
from whipstitch.analytics.people import person_properties
from whipstitch.core.errors import InvalidQuery
from whipstitch.identity.person_map import Persons
from whipstitch.warehouse.parameters import Parameters

OTHER: Final = "$other"
ALL: Final = "$all"
"""What the line of all groups together is called."""
DEFAULT_LIMIT: Final = 25
MOST: Final = 100
MOST_CELLS: Final = 100_000
"""So many are ranked in a tenth of a second."""

Group = str | None
"""A value, None for what has none, or OTHER."""

# Groups in SQL: one text that keeps a value that reads like another group apart from it.
_VALUE: Final = "="
MISSING: Final = "-"
_REST: Final = "+"


@dataclass(frozen=True, slots=True)
class Breakdown:
    """By which property, and how many of its values stand alone."""

    property: str
    limit: int = DEFAULT_LIMIT
    on: On = "event"
    elements: bool = False
    """Whether the elements of a list are values, each row being in the group of each of its."""
    computed: Node | None = None
    """How the value is worked out, of a virtual property."""


@dataclass(frozen=True, slots=True)
class Broken:
    """``source``: the rows of ``events`` with what tells them apart; ``group``: which group one
    belongs to (by elements: a row for each), as ``read_group`` reads it; never NULL."""

    source: str
    group: str


def parse(
    property_: str,
    limit: int | None,
    on: On,
    field: str = "breakdown",
    *,
    elements: bool = False,
) -> Breakdown:
    """Raises:
    InvalidQuery
    """
    limit = DEFAULT_LIMIT if limit is None else limit
    if not 1 <= limit <= MOST:
        raise InvalidQuery(f"{field}.limit", f"must lie between 1 and {MOST}")
    return Breakdown(checked_name(property_, f"{field}.property"), limit, on, elements)


def valued(breakdown: Breakdown, values: Parameters, persons: Persons) -> tuple[str, str]:
    """Where the value of a row of ``events`` comes from, and what it is, a Nullable(String)."""
    if breakdown.on == "event":
        value = properties.of_event(breakdown.property, persons, values, breakdown.computed)
        if breakdown.elements:
            found = value.elements()
            each = f"if(empty({found}), [NULL], {found})"
            return f"events ARRAY JOIN {each} AS element", "element"
        return "events", value.text
    trait = person_properties.VALUE
    text, join = trait.text, "LEFT ANY JOIN"
    if breakdown.elements:
        text, join = f"toNullable(arrayJoin({trait.elements()}))", "LEFT JOIN"
    joined = with_trait(breakdown.property, f"{text} AS text", values, persons, join=join)
    return f"events{joined}", "traits.text"


def broken(
    breakdown: Breakdown, weight: str, where: str, values: Parameters, persons: Persons
) -> Broken:
    """How the rows of ``events`` that meet ``where`` fall into groups; ``weight`` is the aggregate
    over them that says which values stand alone."""
    if breakdown.elements:
        # (Groups made of joined elements, rather than joined themselves, are a fault of ClickHouse:
        # it does not find its column again.)
        source, groups = _of_elements(breakdown, weight, where, values, persons)
        return Broken(f"{source} ARRAY JOIN {groups} AS element", "element")
    source, value = valued(breakdown, values, persons)
    top = top_values(breakdown, weight, where, values, persons)
    return Broken(source, group_or_rest(value, f"{value} IN ({top})"))


def in_several(
    breakdown: Breakdown, weight: str, where: str, values: Parameters, persons: Persons
) -> Broken:
    """The same by elements, where each row has to stay one: ``group`` is an array of groups, each
    once."""
    source, groups = _of_elements(breakdown, weight, where, values, persons)
    return Broken(source, f"arrayDistinct({groups})")


def _of_elements(
    breakdown: Breakdown, weight: str, where: str, values: Parameters, persons: Persons
) -> tuple[str, str]:
    """Where rows come from, and the group of each of a row's elements: all that do not stand alone
    are in one."""
    source, found = "events", ""
    if breakdown.on == "event":
        found = properties.of_event(
            breakdown.property, persons, values, breakdown.computed
        ).elements()
    else:
        elements = f"{person_properties.VALUE.elements()} AS found"
        source += with_trait(breakdown.property, elements, values, persons)
        found = "traits.found"
    top = top_values(breakdown, weight, where, values, persons)
    group = group_or_rest("element", f"element IN ({top})")
    return source, f"if(empty({found}), ['{MISSING}'], arrayMap(element -> {group}, {found}))"


def top_values(
    breakdown: Breakdown, weight: str, where: str, values: Parameters, persons: Persons
) -> str:
    """A query of the values that stand alone."""
    source, value = valued(breakdown, values, persons)
    limit = values.add(breakdown.limit, "UInt32")
    return (
        f"SELECT value FROM (SELECT {value} AS value, {weight} AS weight FROM {source} "
        f"WHERE {where} GROUP BY value HAVING isNotNull(value) "
        f"ORDER BY weight DESC, value LIMIT {limit})"
    )


def ranked(breakdown: Breakdown, cells: str, most: int, values: Parameters) -> str:
    """A query of ``cells`` with the group that each belongs to, ``breakdown``, and ``among`` how
    many cells it was ranked. ``cells`` is a query of aggregated rows, a ``value`` (as ``valued``
    gives it) in one or several of them; their ``weight``, a number, adds up.

    Where there are more than ``most``, it gives but one of them: it stops counting as soon as that
    is plain, and ranks none."""
    some = (
        f"{cells} LIMIT {most + 1} "
        f"SETTINGS max_rows_to_group_by = {most}, group_by_overflow_mode = 'break'"
    )
    counted = (
        f"SELECT *, count() OVER () AS among FROM ({some}) "
        f"QUALIFY among <= {most} OR row_number() OVER () = 1"
    )
    weighed = f"SELECT *, sum(weight) OVER (PARTITION BY value) AS value_weight FROM ({counted})"
    placed = (
        "SELECT *, dense_rank() OVER (ORDER BY isNull(value), value_weight DESC, value) AS place "
        f"FROM ({weighed})"
    )
    alone = f"place <= {values.add(breakdown.limit, 'UInt32')}"
    return f"SELECT *, {group_or_rest('value', alone)} AS breakdown FROM ({placed})"


def read_group(text: str) -> Group:
    """The group that ``Broken.group`` gave."""
    if text.startswith(_VALUE):
        return text.removeprefix(_VALUE)
    return OTHER if text == _REST else None


def is_leftover(text: str) -> bool:
    """Whether ``Broken.group`` gave no value that stands alone."""
    return not text.startswith(_VALUE)


def is_alike(text: str) -> bool | UnsetType:
    """True where ``Broken.group`` gave a value that is called as OTHER or ALL, else nothing."""
    return True if text in (f"{_VALUE}{OTHER}", f"{_VALUE}{ALL}") else UNSET


def is_in(found: str, group: Group, is_value: bool | None, values: Parameters) -> str:
    """Whether ``found``, what ``Broken.group`` gives, is ``group``. A value may be called as OTHER:
    ``is_value`` says whether it is meant or the rest; None: both."""
    if group is None:
        return f"{found} = '{MISSING}'"
    value = f"{found} = {values.add(f'{_VALUE}{group}')}"
    if group != OTHER or is_value:
        return value
    rest = f"{found} = '{_REST}'"
    return rest if is_value is False else f"({rest} OR {value})"


def group_or_rest(value: str, alone: str) -> str:
    """Which group a value belongs to; ``alone``: the condition on which it stands alone."""
    return (
        f"multiIf(isNull({value}), '{MISSING}', {alone}, "
        f"{group_of(f'assumeNotNull({value})')}, '{_REST}')"
    )


def group_of(value: str) -> str:
    """The group of a value that stands alone; never NULL, as the value."""
    return f"concat('{_VALUE}', {value})"


def with_trait(
    property_: str,
    columns: str,
    values: Parameters,
    persons: Persons,
    *,
    join: str = "LEFT ANY JOIN",
    alias: str = "traits",
) -> str:
    """What joins ``columns``, made of ``person_properties.VALUE``, of the person's trait to rows of
    ``events``."""
    people = f"SELECT key, {columns} FROM ({person_properties.of_people(property_, values)})"
    return f" {join} ({people}) AS {alias} ON {persons.key} = {alias}.key"
