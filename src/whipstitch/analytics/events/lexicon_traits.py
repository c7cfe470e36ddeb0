"""Which traits people have. They are named in the same way as properties (``occurrences``)."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from whipstitch.analytics.events.lexicon_properties import (
    MOST_PROPERTIES,
    MOST_SAMPLES,
    Property,
    property_of,
)
from whipstitch.analytics.events.occurrences import BEGINNING, IS_VALUE, LONGEST_SAMPLE, leaves
from whipstitch.analytics.people.trait_value import value_of
from whipstitch.warehouse.sql import IN_SCOPE, Sql

_PEOPLE: Final = 2_000
"""Who have a trait and are looked at for what it holds."""


class TraitsAnswer(msgspec.Struct, kw_only=True):
    """``traits`` by name."""

    ok: bool = True
    traits: list[Property]


def traits() -> Sql:
    """Rows of: trait, first characters of its values, its most frequent values as JSON text; of
    some of the people who have it."""
    ours = f"{IN_SCOPE} AND property != ''"
    common = (
        f"SELECT property FROM person_traits WHERE {ours} "
        f"GROUP BY property ORDER BY count() DESC, property LIMIT {MOST_PROPERTIES}"
    )
    rows = (
        f"SELECT * FROM person_traits FINAL WHERE {ours} "
        f"AND property IN ({common}) AND NOT deleted LIMIT {_PEOPLE} BY property"
    )
    value = value_of("rows", "rows.version", "rows.distinct_id")
    some = f"SELECT property, {value} AS value FROM ({rows}) AS rows GROUP BY property, distinct_id"
    # A name and its values are walked through together, as if they were an object's.
    return Sql(
        f"SELECT pair.1 AS name, groupUniqArray({BEGINNING}), "
        f"topKIf({MOST_SAMPLES})(pair.2, length(pair.2) <= {LONGEST_SAMPLE}) "
        f"FROM ({some}) ARRAY JOIN {leaves('[(property, value)]')} AS pair WHERE {IS_VALUE} "
        f"GROUP BY name ORDER BY count() DESC, name LIMIT {MOST_PROPERTIES}",
        {},
    )


def shape_traits(rows: Sequence[Sequence[Any]]) -> TraitsAnswer:
    """The answer that the rows of ``traits`` make."""
    return TraitsAnswer(
        traits=[property_of(row) for row in sorted(rows, key=lambda row: str(row[0]))]
    )
