"""What the properties of an event's row are, by name: what the lexicon lists.

They are named as filters and breakdowns name them: dots walk into objects, down to three levels,
and the promoted names (``properties.PROMOTED``) stand for the columns of that name; what a client
sent under one is ``properties.$os`` (``properties.name_of_sent``). Names that nobody can ask for
are left out."""

from typing import Final

from whipstitch.analytics.expressions.properties import (
    DEEPEST_NAME,
    LONGEST_NAME,
    PROMOTED,
    name_of_sent,
)

HEAVIEST: Final = 65_536
"""Bytes of properties past which a row is not looked at."""
LONGEST_SAMPLE: Final = 200
"""Bytes of JSON text."""
_LEVELS: Final = 3
_PROMOTED: Final = {
    name: "bot" if name == "$bot" else column
    for name, column in PROMOTED.items()
    if name != "$event_name"
}


IS_VALUE: Final = "pair.2 NOT IN ('null', '{}')"
"""Of a ``pair``."""


def leaves(pairs: str) -> str:
    """The (name, JSON text) pairs of an object, and in place of the objects among them theirs, down
    to ``_LEVELS``."""
    for _ in range(_LEVELS - 1):
        inner = f"arrayMap(one -> (concat(pair.1, '.', one.1), one.2), {_pairs('pair.2')})"
        expanded = f"if(startsWith(pair.2, '{{'), {inner}, [pair])"
        pairs = f"arrayFlatten(arrayMap(pair -> {expanded}, {pairs}))"
    return pairs


def _pairs(text: str) -> str:
    return f"JSONExtractKeysAndValuesRaw({text})"


def _of_row() -> str:
    sent = ", ".join(
        f"arrayMap(pair -> ({name_of_sent(source, 'pair.1')}, pair.2), "
        f"{leaves(_pairs(f'{source}_sent'))})"
        for source in ("properties", "default_properties")
    )
    can_be_asked = (
        f"lengthUTF8(pair.1) <= {LONGEST_NAME} AND countSubstrings(pair.1, '.') <= {DEEPEST_NAME}"
    )
    sent = f"arrayFilter(pair -> {IS_VALUE} AND {can_be_asked}, arrayConcat({sent}))"
    columns = ", ".join(f"('{name}', toJSONString({column}))" for name, column in _PROMOTED.items())
    filled = f"arrayFilter(pair -> pair.2 != '\"\"', [{columns}])"
    return f"arrayDistinct(arrayConcat({sent}, {filled}))"


COLUMNS: Final = ", ".join(("properties_sent", "default_properties_sent", *_PROMOTED.values()))
"""Those that ``PAIRS`` is made of."""
BYTES: Final = "length(properties_sent) + length(default_properties_sent)"
PAIRS: Final = _of_row()
"""An Array(Tuple(String, String)): the names and the JSON texts of a row of ``events``."""
BEGINNING: Final = "substring(pair.2, 1, 1)"
"""Of a ``pair`` among them: what tells its type."""
SAMPLE: Final = f"if(length(pair.2) <= {LONGEST_SAMPLE}, pair.2, '')"
"""Its text, blank where that is too long to be shown as a sample."""
