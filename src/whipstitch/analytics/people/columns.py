"""Columns of lists of people: by which they are sorted, and which a file has."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from whipstitch.analytics.expressions.properties import checked_name
from whipstitch.analytics.people import person_properties
from whipstitch.core.errors import InvalidQuery
from whipstitch.identity.person_map import LINKED, key_of
from whipstitch.warehouse.parameters import Parameters

BUILT_IN: Final = {
    "distinct_id": "people.who",
    "event_count": "people.events",
    "first_seen": "people.first",
    "last_seen": "people.last",
    "ids": "",
}
"""What columns that are no trait are, of a ``selection.found`` called ``people``; ``ids``, how many
somebody has, stand in another table."""
_TRAIT: Final = "properties."
MOST_COLUMNS: Final = 20


@dataclass(frozen=True, slots=True)
class PeopleColumn:
    """``name``: of ``BUILT_IN``, or of a trait, which may have dots."""

    name: str
    is_trait: bool = False


class Joined(NamedTuple):
    """What is joined with ``people``, and the value of each column: of a trait the JSON text, blank
    where there is none."""

    joins: str
    values: Sequence[str]


def parse_column(name: str, field: str) -> PeopleColumn:
    """The column of that name, ``properties.NAME`` for a trait.

    Raises:
        InvalidQuery
    """
    if name.startswith(_TRAIT):
        return PeopleColumn(checked_name(name.removeprefix(_TRAIT), field), is_trait=True)
    if name not in BUILT_IN:
        raise InvalidQuery(field, f"must be one of {', '.join(BUILT_IN)}, or {_TRAIT}NAME")
    return PeopleColumn(name)


def parse_columns(names: Sequence[str], field: str) -> tuple[PeopleColumn, ...]:
    """Raises InvalidQuery."""
    if len(names) > MOST_COLUMNS:
        raise InvalidQuery(field, f"must not be more than {MOST_COLUMNS}")
    return tuple(parse_column(name, f"{field}[{index}]") for index, name in enumerate(names))


def joined(columns: Sequence[PeopleColumn], values: Parameters) -> Joined:
    """The columns of people."""
    joins, expressions = "", []
    for index, column in enumerate(columns):
        if column.is_trait:
            trait = person_properties.of_people(column.name, values)
            joins += (
                f" LEFT JOIN ({trait}) AS trait{index} ON trait{index}.key = {key_of('people.who')}"
            )
            expressions.append(f"trait{index}.value")
        elif column.name == "ids":
            linked = f"SELECT person, count() AS others FROM {LINKED} GROUP BY person"
            joins += f" LEFT JOIN ({linked}) AS ids{index} ON ids{index}.person = people.who"
            expressions.append(f"(1 + ids{index}.others)")
        else:
            expressions.append(BUILT_IN[column.name])
    return Joined(joins, expressions)
