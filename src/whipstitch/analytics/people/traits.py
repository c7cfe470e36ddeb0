"""What is known of people: the traits of all their ids as one, the later timestamp wins per key.

Traits stay under the id that they were sent for, rewritten or not, so their person is looked up
among all ids."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from whipstitch.analytics.expressions.searching import containing
from whipstitch.analytics.people.person_lookup import ALL_OF_ONE, ALONE, PEOPLE
from whipstitch.analytics.people.trait_value import value_of
from whipstitch.identity.person_map import LINKED
from whipstitch.warehouse.sql import IN_SCOPE, Sql

Traits = dict[str, msgspec.Raw]
"""The JSON text of each trait, as it was sent."""

_IDS: Final = f"SELECT id, person FROM {LINKED}"
WHO: Final = "if(known.person = '', traits.distinct_id, known.person)"
"""The person of a row of NAMED."""
NAMED: Final = f"person_traits AS traits LEFT JOIN ({_IDS}) AS known ON known.id = distinct_id"
RESERVED: Final = ("name", "email", "avatar", "phone")
"""These and their spellings with a ``$`` in front are one trait each: the one said last stands, of
two in one update the plain one."""
_LATEST: Final = "(traits.version, traits.property)"
_SAID: Final = (
    "argMax(traits.property, (if(traits.operation = 1, bitNot(traits.version), traits.version), "
    "traits.property))"
)
"""The spelling said last."""
_VALUE: Final = value_of("traits", _LATEST, "traits.distinct_id")
TRAIT: Final = (
    f"if(traits.property IN ({', '.join(repr(f'${name}') for name in RESERVED)}), "
    "substring(traits.property, 2), traits.property)"
)
"""What a trait is called, whichever way it is spelt."""
_SEARCHED: Final = "property IN ('name', '$name', 'email', '$email')"


def of(people: Sequence[str]) -> Sql:
    """Who of ``people`` was named by an update, and with which traits."""
    theirs = f"{_IDS} AND person IN ({PEOPLE})"
    who, named, ids = WHO, f"LEFT JOIN ({theirs}) AS known ON known.id = distinct_id ", ALL_OF_ONE
    if len(people) == 1:
        who, named = ALONE, ""
    else:
        ids = f"{PEOPLE} UNION ALL SELECT id FROM ({theirs})"
    return Sql(
        f"SELECT {who} AS who, {_SAID} AS said, {_VALUE} AS text "
        f"FROM person_traits AS traits {named}"
        f"WHERE {IN_SCOPE} AND distinct_id IN ({ids}) "
        f"GROUP BY who, {TRAIT} ORDER BY who, said",
        {"people": list(people)},
    )


def of_ids(ids: Sequence[str]) -> Sql:
    """The same of the one person, called blank, who would have these ids."""
    return Sql(
        f"SELECT '' AS who, {_SAID} AS said, {_VALUE} AS text FROM person_traits AS traits "
        f"WHERE {IN_SCOPE} AND distinct_id IN {{ids:Array(String)}} "
        f"GROUP BY {TRAIT} ORDER BY said",
        {"ids": list(ids)},
    )


def shape(rows: Sequence[Sequence[Any]]) -> dict[str, Traits]:
    """The traits of each person named; the row with a blank property only names them."""
    people: dict[str, Traits] = defaultdict(dict)
    for who, name, text in rows:
        traits = people[who]
        if name and text:
            traits[name] = msgspec.Raw(text.encode())
    return dict(people)


def matching() -> str:
    """A query of ``who`` has a name or an email that contains ``search``, a ``folded`` text, of
    those whose ids are the first ``most`` of which that was ever said. What counts is what is known
    of all of a person's ids together."""

    def contains(value: str) -> str:
        return containing(f"JSONExtractString({value})", "{search:String}")

    candidates = (
        f"SELECT distinct_id FROM person_traits "
        f"WHERE {IN_SCOPE} AND {_SEARCHED} AND {contains('value')} "
        "ORDER BY distinct_id LIMIT {most:UInt32}"
    )
    people = (
        "SELECT if(known.person = '', named.distinct_id, known.person) "
        f"FROM ({candidates}) AS named LEFT JOIN ({_IDS}) AS known ON known.id = named.distinct_id"
    )
    return (
        f"SELECT {WHO} AS who FROM {NAMED} WHERE {IN_SCOPE} AND {_SEARCHED} AND distinct_id IN "
        f"({people} UNION ALL SELECT id FROM {LINKED} AND person IN ({people})) "
        f"GROUP BY who, {TRAIT} HAVING {contains(_VALUE)}"
    )
