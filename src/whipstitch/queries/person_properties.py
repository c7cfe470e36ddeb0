"""Properties of people, for filters and breakdowns: what is known of all ids of a person, the later
timestamp winning, of two equal ones the one accepted later.

A dotted name is a trait of that name, else the first part is the trait and the others walk into its
object. The reserved names are found in both spellings that clients send (``email``,
``$email``)."""

from typing import Final

from whipstitch.queries.persons import key_of
from whipstitch.queries.properties import Expressions, number_in
from whipstitch.queries.run import IN_SCOPE
from whipstitch.queries.values import Values

_RESERVED: Final = ("name", "email", "avatar", "phone")
VALUE: Final = Expressions(
    text=(
        "toNullable(multiIf(JSONType(value) = 'String', JSONExtractString(value), "
        "JSONType(value) = 'Double', toString(JSONExtractFloat(value)), value))"
    ),
    number=number_in("if(JSONType(value) = 'String', JSONExtractString(value), value)"),
    exists="1",
)
"""The value of one row of ``of_people``."""


def of_people(name: str, values: Values) -> str:
    """A query that gives ``key`` and ``value``, JSON text, of everybody who has the property."""
    head, *steps = name.split(".")
    own = _latest(_spellings(name), values)
    if not steps:
        return _people(own, _spellings(name), values)
    walk = ", ".join(values.add(step) for step in steps)
    nested = f"JSONExtractRaw({_latest(_spellings(head), values)}, {walk})"
    return _people(f"if({own} != '', {own}, {nested})", _spellings(name) + _spellings(head), values)


def person_keys(ids: str) -> str:
    """A query of the keys of the people that the array ``ids``, a placeholder, names by whichever
    of their ids."""
    return (
        f"SELECT {key_of(_PERSON)} AS key FROM (SELECT arrayJoin({ids}) AS distinct_id) AS named "  # noqa: S608
        f"LEFT JOIN (SELECT id, person FROM person_ids FINAL WHERE {IN_SCOPE} AND id IN {ids}) "
        "AS ids ON ids.id = named.distinct_id"
    )


_PERSON: Final = "if(ids.person = '', distinct_id, ids.person)"


def _people(value: str, names: tuple[str, ...], values: Values) -> str:
    wanted = values.add(list(names), "Array(String)")
    return (
        f"SELECT {key_of(_PERSON)} AS key, {value} AS value FROM person_traits AS traits "  # noqa: S608
        f"LEFT JOIN (SELECT id, person FROM person_ids FINAL WHERE {IN_SCOPE}) AS ids "
        "ON ids.id = traits.distinct_id "
        f"WHERE {IN_SCOPE} AND property IN {wanted} "
        "GROUP BY key HAVING value NOT IN ('', 'null', '{}')"
    )


def _latest(names: tuple[str, ...], values: Values) -> str:
    """The JSON text of a trait, blank where nobody said it or it was deleted last. Of two spellings
    in one request the plain one stands."""
    wanted = values.add(list(names), "Array(String)")
    return (
        "argMaxIf(if(traits.deleted, '', traits.value), "
        f"(traits.timestamp, traits.accepted, traits.property), traits.property IN {wanted})"
    )


def _spellings(name: str) -> tuple[str, ...]:
    plain = name.removeprefix("$")
    return (plain, f"${plain}") if plain in _RESERVED else (name,)
