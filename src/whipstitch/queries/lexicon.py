"""The lexicon: which events there are, which properties they have, and which traits people have.

Counts and times are of all events in the range. Properties are those of each event's newest
occurrences. They are named as filters and breakdowns name them: dots walk into objects, down to
three levels, and the promoted names (``properties.PROMOTED``) stand for the columns of that name;
what a client sent under one is ``properties.$os`` (``properties.name_of_sent``). Traits are named
in the same way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from whipstitch.queries.pages import cursor_of, rfc3339
from whipstitch.queries.properties import PROMOTED, name_of_sent
from whipstitch.queries.run import IN_SCOPE, Sql
from whipstitch.queries.searching import containing, folded
from whipstitch.queries.time_ranges import TimeRange
from whipstitch.queries.values import Values

DEFAULT_LIMIT: Final = 100
MOST: Final = 200
SAMPLE: Final = 200
"""Occurrences of an event that are looked at."""
_HEAVIEST: Final = 65_536
"""Bytes of properties past which an occurrence is not looked at."""
_MOST_BYTES: Final = 12 * 2**20
"""Of the properties of all events of a page that are looked at, each event has its share."""
_MOST_PROPERTIES: Final = 500
_MOST_SAMPLES: Final = 5
_LONGEST_SAMPLE: Final = 200
_LEVELS: Final = 3
_COLUMNS: Final = {
    name: "bot" if name == "$bot" else column
    for name, column in PROMOTED.items()
    if name != "$event_name"
}
_TYPES: Final = {
    '"': "string",
    "{": "object",
    "[": "array",
    "t": "boolean",
    "f": "boolean",
}
"""By the first character of JSON text; all others begin a number."""


class Position(msgspec.Struct, frozen=True, array_like=True):
    """A place in the lexicon: an event's name."""

    event_name: str


@dataclass(frozen=True, slots=True)
class LexiconQuery:
    """``search``: what the event's name contains, in any case of letters."""

    range: TimeRange
    limit: int = DEFAULT_LIMIT
    search: str | None = None
    after: Position | None = None


class Property(msgspec.Struct):
    """``types`` as in JSON, ``samples`` JSON values, the most frequent first."""

    name: str
    types: list[str]
    samples: list[msgspec.Raw]


class Entry(msgspec.Struct):
    """An event; ``properties`` by name."""

    event_name: str
    count: int
    first_seen: str
    last_seen: str
    properties: list[Property]


class Lexicon(msgspec.Struct, kw_only=True):
    ok: bool = True
    events: list[Entry]
    next_cursor: str | None


class TraitsAnswer(msgspec.Struct, kw_only=True):
    """``traits`` by name."""

    ok: bool = True
    traits: list[Property]


def events(query: LexiconQuery) -> Sql:
    """Rows of: event, count, unix milliseconds of its first and its last occurrence; one more than
    the page holds."""
    values = Values()
    conditions = [IN_SCOPE, query.range.condition(values)]
    if query.search:
        conditions.append(containing("event_name", values.add(folded(query.search))))
    if query.after is not None:
        conditions.append(f"event_name > {values.add(query.after.event_name)}")
    return values.sql(
        "SELECT event_name, count(), toUnixTimestamp64Milli(min(timestamp)), "
        f"toUnixTimestamp64Milli(max(timestamp)) FROM events WHERE {' AND '.join(conditions)} "
        f"GROUP BY event_name ORDER BY event_name LIMIT {values.add(query.limit + 1, 'UInt32')}"
    )


def newest(query: LexiconQuery, names: Sequence[str]) -> Sql:
    """Rows of: event, unix milliseconds since when it occurred ``SAMPLE`` times, or ever, in the
    range. ``names`` are the events of the page, at least one."""
    values = Values()
    newest = f"groupArraySorted({SAMPLE})(-toUnixTimestamp64Milli(timestamp))"
    return values.sql(
        f"SELECT event_name, -arrayMax({newest}) FROM events "
        f"WHERE {IN_SCOPE} AND {query.range.condition(values)} "
        f"AND event_name IN {values.add(tuple(names), 'Array(String)')} GROUP BY event_name"
    )


def properties(query: LexiconQuery, since: Mapping[str, int]) -> Sql:
    """Rows of: event, property, first characters of its values, its most frequent values as JSON
    text. ``since``: what ``newest`` found of each event."""
    values = Values()
    newest = _newest(query, since, values)
    sent = ", ".join(
        f"arrayMap(pair -> ({name_of_sent(source, 'pair.1')}, pair.2), "
        f"{_leaves(_pairs(f'{source}_sent'))})"
        for source in ("properties", "default_properties")
    )
    sent = f"arrayFilter(pair -> pair.2 NOT IN ('null', '{{}}'), arrayConcat({sent}))"
    columns = ", ".join(
        f"({values.add(name)}, toJSONString({column}))" for name, column in _COLUMNS.items()
    )
    filled = f"arrayFilter(pair -> pair.2 != '\"\"', [{columns}])"
    pairs = f"arrayDistinct(arrayConcat({sent}, {filled}))"
    counted = (
        "SELECT event_name, pair.1 AS name, pair.2 AS value, count() AS times "
        f"FROM ({newest}) ARRAY JOIN {pairs} AS pair GROUP BY event_name, name, value"
    )
    ranked = "arraySort(groupArrayIf((-toInt64(times), value), length(value) <= {length}))"
    samples = ranked.format(length=values.add(_LONGEST_SAMPLE, "UInt32"))
    return values.sql(
        "SELECT event_name, name, groupUniqArray(substring(value, 1, 1)), "
        f"arrayMap(one -> one.2, arraySlice({samples}, 1, {_MOST_SAMPLES})) "
        f"FROM ({counted}) GROUP BY event_name, name ORDER BY event_name, sum(times) DESC, name "
        f"LIMIT {_MOST_PROPERTIES} BY event_name"
    )


def shape(
    query: LexiconQuery, found: Sequence[Sequence[Any]], described: Sequence[Sequence[Any]]
) -> Lexicon:
    """The page that the rows of ``events`` and ``properties`` make."""
    entries = {
        name: Entry(name, count, rfc3339(first), rfc3339(last), [])
        for name, count, first, last in found[: query.limit]
    }
    for event, *rest in sorted(described, key=lambda row: tuple(row[:2])):
        entries[event].properties.append(_property(rest))
    more = len(found) > query.limit
    return Lexicon(
        events=list(entries.values()),
        next_cursor=cursor_of(Position(found[query.limit - 1][0])) if more else None,
    )


def traits() -> Sql:
    """Rows of: trait, first characters of its values, its most frequent values as JSON text; of
    traits that very many values tell apart, some of them."""
    # A name and its values are walked through together, as if they were an object's.
    leaves = _leaves("[(property, value)]")
    kept = f"length(pair.2) <= {_LONGEST_SAMPLE}"
    ours = f"{IN_SCOPE} AND property != ''"
    common = (
        f"SELECT property FROM person_traits WHERE {ours} "
        f"GROUP BY property ORDER BY count() DESC, property LIMIT {_MOST_PROPERTIES}"
    )
    return Sql(
        "SELECT pair.1 AS name, groupUniqArray(substring(pair.2, 1, 1)), "
        f"topKIf({_MOST_SAMPLES})(pair.2, {kept}) "
        f"FROM person_traits FINAL ARRAY JOIN {leaves} AS pair "
        f"WHERE {ours} AND property IN ({common}) AND NOT deleted "
        "AND pair.2 NOT IN ('null', '{}') "
        f"GROUP BY name ORDER BY count() DESC, name LIMIT {_MOST_PROPERTIES}",
        {},
    )


def shape_traits(rows: Sequence[Sequence[Any]]) -> TraitsAnswer:
    """The answer that the rows of ``traits`` make."""
    return TraitsAnswer(
        traits=[_property(row) for row in sorted(rows, key=lambda row: str(row[0]))]
    )


def _property(row: Sequence[Any]) -> Property:
    name, beginnings, samples = row
    types = sorted({_TYPES.get(one, "number") for one in beginnings})
    return Property(name, types, [msgspec.Raw(one.encode()) for one in samples])


def _newest(query: LexiconQuery, since: Mapping[str, int], values: Values) -> str:
    """A query of the newest occurrences of some events, as many of each as its share of the bytes
    allows. All are read at once: events of similar names lie in the same blocks. Times lead past
    the blocks that have only older ones."""
    columns = ", ".join(_COLUMNS.values())
    events = " OR ".join(
        f"event_name = {values.add(name)} "
        f"AND timestamp >= fromUnixTimestamp64Milli({values.add(moment, 'Int64')})"
        for name, moment in since.items()
    )
    share = values.add(max(_HEAVIEST, _MOST_BYTES // len(since)), "UInt32")
    rows = (
        f"SELECT event_name, properties_sent, default_properties_sent, {columns}, timestamp, "
        "length(properties_sent) + length(default_properties_sent) AS bytes FROM events "
        f"WHERE {IN_SCOPE} AND {query.range.condition(values)} AND ({events}) "
        f"AND bytes <= {_HEAVIEST} "
        f"ORDER BY event_name, timestamp DESC LIMIT {SAMPLE} BY event_name"
    )
    return (
        f"SELECT *, sum(bytes) OVER (PARTITION BY event_name ORDER BY timestamp DESC "
        f"ROWS UNBOUNDED PRECEDING) AS so_far FROM ({rows}) QUALIFY so_far <= {share}"
    )


def _pairs(text: str) -> str:
    """The (name, JSON text) pairs of an object."""
    return f"JSONExtractKeysAndValuesRaw({text})"


def _leaves(pairs: str) -> str:
    """The pairs of an object, and in place of the objects among them theirs, down to
    ``_LEVELS``."""
    for _ in range(_LEVELS - 1):
        inner = f"arrayMap(one -> (concat(pair.1, '.', one.1), one.2), {_pairs('pair.2')})"
        expanded = f"if(startsWith(pair.2, '{{'), {inner}, [pair])"
        pairs = f"arrayFlatten(arrayMap(pair -> {expanded}, {pairs}))"
    return pairs
