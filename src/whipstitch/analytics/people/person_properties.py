"""Properties of people, for filters and breakdowns: what is known of all ids of a person.

A dotted name is a trait of that name, else the first part is the trait and the others walk into its
object. Values are what they are among properties of events (``properties``). The reserved names are
found in both spellings that clients send (``email``, ``$email``)."""

from typing import Final

from whipstitch.analytics.expressions.values import of_json
from whipstitch.analytics.people.trait_value import value_of
from whipstitch.analytics.people.traits import RESERVED, TRAIT
from whipstitch.identity.person_map import LINKED, key_of
from whipstitch.warehouse.parameters import Parameters
from whipstitch.warehouse.sql import IN_SCOPE

VALUE: Final = of_json("value")
"""The value in one row of ``of_people``."""
_KEY: Final = "if(known.person_key = 0, traits.id_key, known.person_key)"
"""The person of a row of ``_NAMED``."""
_NAMED: Final = (
    "FROM traits_by_property AS traits LEFT JOIN "
    f"(SELECT {key_of('id')} AS id_key, {key_of('person')} AS person_key FROM {LINKED}) AS known "
    "ON known.id_key = traits.id_key"
)


def of_people(name: str, values: Parameters) -> str:
    """A query of ``key`` and ``value``, JSON text, of everybody who has the property."""
    head, *steps = name.split(".")
    names = _spellings(name)
    value = _latest(names, values, alone=not steps)
    if steps:
        nested = _latest(_spellings(head), values, alone=False)
        for step in steps:
            # Of a key that stands twice the last one counts.
            named = f"arrayFilter(pair -> pair.1 = {values.add(step)}, "
            nested = f"{named}JSONExtractKeysAndValuesRaw({nested}))[-1].2"
        value = f"if({value} != '', {value}, {nested})"
        names = names + _spellings(head)
    return (
        f"SELECT {_KEY} AS key, {value} AS value {_NAMED} "
        f"WHERE {IN_SCOPE} AND property IN {values.add(names, 'Array(String)')} "
        f"GROUP BY key HAVING {VALUE.exists}"
    )


def of_everybody(most: int, longest: int) -> str:
    """A query of ``key``, ``trait`` and ``value``, as above, of the ``most`` traits that were said
    of most ids and have names of at most ``longest`` bytes; of a reserved one the plain name."""
    common = (
        f"SELECT {TRAIT} AS name FROM traits_by_property AS traits "
        f"WHERE {IN_SCOPE} AND length(property) <= {longest} "
        f"GROUP BY name ORDER BY uniqExact(id_key) DESC, name LIMIT {most}"
    )
    latest = value_of("traits", "(traits.version, traits.property)", "traits.id_key")
    return (
        f"SELECT {_KEY} AS key, {TRAIT} AS trait, {latest} AS value {_NAMED} "
        f"WHERE {IN_SCOPE} AND trait IN ({common}) GROUP BY key, trait HAVING {VALUE.exists}"
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


def _latest(names: list[str], values: Parameters, *, alone: bool) -> str:
    """The JSON text of a trait, blank where nobody said it or it was deleted last. Of two spellings
    in one update the plain one stands. ``alone``: rows of no other trait are read."""
    latest = "traits.version" if len(names) == 1 else "(traits.version, traits.property)"
    meant = "" if alone else f"traits.property IN {values.add(names, 'Array(String)')}"
    return value_of("traits", latest, "traits.id_key", meant)


def _spellings(name: str) -> list[str]:
    plain = name.removeprefix("$")
    return [plain, f"${plain}"] if plain in RESERVED else [name]
