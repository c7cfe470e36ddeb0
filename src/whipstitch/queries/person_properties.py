"""Properties of people, for filters and breakdowns: what is known of all ids of a person.

A dotted name is a trait of that name, else the first part is the trait and the others walk into its
object. The reserved names are found in both spellings that clients send (``email``,
``$email``)."""

from typing import Final

from whipstitch.queries.persons import key_of
from whipstitch.queries.properties import Expressions, number_in
from whipstitch.queries.run import IN_SCOPE, LINKED
from whipstitch.queries.traits import NAMED, WHO
from whipstitch.queries.values import Values

_RESERVED: Final = ("name", "email", "avatar", "phone")
VALUE: Final = Expressions(
    text=(
        "toNullable(multiIf(JSONType(value) = 'String', JSONExtractString(value), "
        "JSONType(value) = 'Double', toString(JSONExtractFloat(value)), value))"
    ),
    number=number_in("toNullable(if(JSONType(value) = 'String', JSONExtractString(value), value))"),
    exists="1",
)
"""The value in one row of ``of_people``."""


def of_people(name: str, values: Values) -> str:
    """A query of ``key`` and ``value``, JSON text, of everybody who has the property."""
    head, *steps = name.split(".")
    names = _spellings(name)
    value = _latest(names, values)
    if steps:
        walk = ", ".join(values.add(step) for step in steps)
        nested = f"JSONExtractRaw({_latest(_spellings(head), values)}, {walk})"
        value = f"if({value} != '', {value}, {nested})"
        names = names + _spellings(head)
    return (
        f"SELECT {key_of(WHO)} AS key, {value} AS value FROM {NAMED} "
        f"WHERE {IN_SCOPE} AND property IN {values.add(names, 'Array(String)')} "
        "GROUP BY key HAVING value NOT IN ('', 'null', '{}')"
    )


def keys_of(ids: str) -> str:
    """A query of the keys of the people whom ``ids``, the placeholder of an array, names by
    whichever of their ids."""
    named = f"SELECT arrayJoin({ids}) AS distinct_id"
    known = f"SELECT id, person FROM {LINKED} AND id IN {ids}"
    person = "if(known.person = '', named.distinct_id, known.person)"
    return (
        f"SELECT {key_of(person)} FROM ({named}) AS named "
        f"LEFT JOIN ({known}) AS known ON known.id = named.distinct_id"
    )


def _latest(names: list[str], values: Values) -> str:
    """The JSON text of a trait, blank where nobody said it or it was deleted last. Of two spellings
    in one update the plain one stands."""
    return (
        "argMaxIf(if(traits.deleted, '', traits.value), "
        "(traits.timestamp, traits.accepted, traits.property), "
        f"traits.property IN {values.add(names, 'Array(String)')})"
    )


def _spellings(name: str) -> list[str]:
    plain = name.removeprefix("$")
    return [plain, f"${plain}"] if plain in _RESERVED else [name]
