"""The statements that load a segment, whose bytes are sent with them: one for each kind of row.

Each may be repeated: it inserts only the events that are not there yet, and the tables of traits
and aliases keep one row of equals. That is what makes a row stored once, whoever was killed at
whichever moment. ClickHouse's own deduplication does not: it notes a block as done before it is,
and killed in between passes over the block for ever. A span of acceptance narrows the look for
events that are there already.

``careful`` lets a row whose properties JSON will not take keep an empty copy for queries instead of
failing. It also lets one in that has keys twice: of these JSON would keep the first, and the last
is what counts, so that such rows fail otherwise, to be mended.

Aliases are not among them: who is who needs more than a statement (see ``stitching``)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import msgspec

from whipstitch.core.event_columns import COLUMNS
from whipstitch.core.projects import Somebody
from whipstitch.identity.arrivals import RowCorrections
from whipstitch.warehouse.literals import literal

Kind = Literal["alias", "trait", "track"]
KINDS: Final[tuple[Kind, ...]] = ("alias", "trait", "track")
"""In the order in which they are loaded: who somebody is before what they did."""
Table = Literal["trait", "track"]
TABLES: Final[tuple[Table, ...]] = ("trait", "track")


@dataclass(frozen=True, slots=True)
class InsertMapping:
    """How the rows of one kind go from a segment into their table.

    ``fields`` is the structure in which ClickHouse reads the JSON lines; ``columns`` maps the
    table's columns to expressions over those fields."""

    kind: Table
    table: str
    fields: str
    columns: dict[str, str]


class History(NamedTuple):
    """Imported events: their ids, and the earliest and latest time of receipt that they are given,
    in unix milliseconds."""

    ids: frozenset[str]
    earliest: int
    latest: int


@dataclass(frozen=True, slots=True)
class Span:
    """First and last acceptance of some events, in unix microseconds, and the earliest and latest
    time of receipt, in unix milliseconds. The two differ where a clock was set back."""

    first: int
    last: int
    earliest: int
    latest: int
    history: History | None = None
    """Those of them that are imported, whose times of receipt are not among these."""


_NAMES: Final = {name: name for name in ("project_id", "environment")}
_TIME: Final = "fromUnixTimestamp64Milli(timestamp, 'UTC')"
_WHO_AND_WHEN: Final = (
    "k String, project_id String, environment String, timestamp Int64, accepted UInt64"
)

# Timestamps before 1970 are negative and must still sort below later ones.
_VERSION: Final = "(bitShiftLeft(toUInt128(timestamp + 4611686018427387904), 64) + accepted)"
TRAITS: Final = InsertMapping(
    "trait",
    "person_traits",
    f"{_WHO_AND_WHEN}, distinct_id String, property String, value String, deleted Bool, "
    "operation UInt64",
    {
        **_NAMES,
        "distinct_id": "distinct_id",
        "property": "property",
        "value": "value",
        "deleted": "deleted",
        "timestamp": _TIME,
        "accepted": "accepted",
        "operation": "operation",
        # Of what is set once the earliest stays: analytics/people/trait_value.py.
        "version": f"if(operation = 1, bitNot({_VERSION}), {_VERSION})",
    },
)
EVENTS: Final = InsertMapping(
    "track",
    "events",
    f"{_WHO_AND_WHEN}, received Int64, "
    + ", ".join(f"{one.name} {'Bool' if one.is_flag else 'String'}" for one in COLUMNS)
    + ", properties String, default_properties String"
    + ", repaired String, default_repaired String",
    {
        **_NAMES,
        **{one.name: one.name for one in COLUMNS},
        "sent_id": "distinct_id",
        "timestamp": _TIME,
        # Rows of earlier versions do not say when they were received.
        "received_at": "fromUnixTimestamp64Milli("
        "if(received = 0, toInt64(intDiv(accepted, 1000)), received), 'UTC')",
        "accepted": "accepted",
        "properties": "if(repaired = '', properties, repaired)",
        "properties_sent": "properties",
        "default_properties": "if(default_repaired = '', default_properties, default_repaired)",
        "default_properties_sent": "default_properties",
    },
)
_BY_KIND: Final[dict[Table, InsertMapping]] = {rows.kind: rows for rows in (TRAITS, EVENTS)}
_ONE_NAME: Final = "/"
"""Neither a project's id nor an environment's name has it."""
_JSON_COLUMNS: Final = {
    "properties": "JSON(max_dynamic_paths = 256)",
    "default_properties": "JSON(max_dynamic_paths = 64)",
}


@dataclass(frozen=True, slots=True)
class Target:
    """``events`` is the table of events; of ``shards`` it is that of the one with this ``number``,
    which is given the rows whose ids, as sent, are its own."""

    events: str = "events"
    number: int = 0
    shards: int = 1

    @property
    def condition(self) -> str:
        """On rows as they come."""
        # What a stitch changes has no part in it: a row that comes again comes to its shard.
        key = "cityHash64(project_id, environment, distinct_id)"
        return f"{key} % {self.shards:d} = {self.number:d}"


EVERYWHERE: Final = Target()


def statement(
    kind: Table,
    span: Span,
    corrections: RowCorrections,
    *,
    careful: bool,
    target: Target = EVERYWHERE,
    repeats: Collection[int] = (),
) -> str:
    """What follows ``INSERT INTO``; the rows follow as JSONEachRow. ``repeats``: the numbers of
    rows with ids that are left out."""
    rows = _BY_KIND[kind]
    table = target.events if kind == "track" else rows.table
    values = {name: _value(name, text, careful) for name, text in rows.columns.items()}
    conditions = [f"k = '{kind}'"]
    fields = rows.fields
    if repeats:
        # Rows of other processes (an import, another worker) may have the same numbers.
        fields += ", once String"
        numbers = ", ".join(map(str, sorted(repeats)))
        conditions.append(f"NOT (once != '' AND accepted IN ({numbers}))")
    if corrections.erased:
        until = _look_up(corrections.erased, "toUInt64(0)")
        conditions.append(f"accepted > {until}")
    if kind == "track":
        if target.shards > 1:
            conditions.append(target.condition)
        conditions.append(_missing(span, table))
        if span.history:
            conditions.append(_new(span.history, table))
        if not careful:
            conditions += [f"NOT {_mixed(rows.columns[name])}" for name in _JSON_COLUMNS]
        if corrections.persons:
            person = _look_up(corrections.persons, "distinct_id")
            values["distinct_id"] = person
            values["anon_id"] = f"if({person} = distinct_id, '', distinct_id)"
    columns, expressions = ", ".join(values), ", ".join(values.values())
    source = f"input({literal(fields)})"
    where = " AND ".join(conditions)
    # A file may hold an event twice.
    once = " LIMIT 1 BY project_id, environment, id" if kind == "track" and span.history else ""
    return f"{table} ({columns}) SELECT {expressions} FROM {source} WHERE {where}{once}"


def _look_up(known: Mapping[Somebody, str | int], missing: str) -> str:
    """What is known of the row's id, else ``missing``."""
    # On one line, as texts are: what is sent with a statement begins on the next.
    names = ",".join(literal(_ONE_NAME.join(somebody)) for somebody in known)
    values = ",".join(literal(one) if isinstance(one, str) else str(one) for one in known.values())
    name = f"concatWithSeparator('{_ONE_NAME}', project_id, environment, distinct_id)"
    return f"transform({name}, [{names}], [{values}], {missing})"


def _value(column: str, expression: str, careful: bool) -> str:
    type_ = _JSON_COLUMNS.get(column)
    if type_ is None:
        return expression
    if careful:
        return f"ifNull(accurateCastOrNull({expression}, '{type_}'), CAST('{{}}', '{type_}'))"
    return f"CAST({expression}, '{type_}')"


def settings(*, careful: bool) -> dict[str, int]:
    """What ClickHouse needs to be told beside the statement."""
    return {"type_json_skip_duplicated_paths": int(careful)}


def _mixed(json: str) -> str:
    """Fails where one of two equal keys holds an object: JSON takes that for two places."""
    keys = f"JSONExtractKeys({json})"
    twice = f"length({keys}) != length(arrayDistinct({keys}))"
    # Where there is no object within, JSON sees by itself what stands twice.
    return f"throwIf(countSubstrings({json}, '{{') > 1 AND {twice}, 'A key stands twice')"


def _missing(span: Span, table: str) -> str:
    """Events are known by their ids. Their times of receipt narrow the search to the few parts
    that can hold them, without reading anything: partitions are made of them."""
    first, last = (
        f"fromUnixTimestamp64Milli(toInt64({received}), 'UTC')"
        for received in (span.earliest, span.latest)
    )
    where = (
        f"received_at BETWEEN {first} AND {last} AND accepted BETWEEN {span.first} AND {span.last}"
    )
    return f"id NOT IN (SELECT id FROM {table} WHERE {where})"


def _new(history: History, table: str) -> str:
    """An imported event has the same id and the same times however often it is imported. Its number
    of acceptance is a new one each time, so that nothing changes below a watermark."""
    first, last = (
        f"fromUnixTimestamp64Milli(toInt64({received}), 'UTC')"
        for received in (history.earliest, history.latest)
    )
    # As one text: to read so many literals takes ClickHouse as long as the rows themselves.
    ids = literal(msgspec.json.encode(sorted(history.ids)).decode())
    some = f"id IN (SELECT arrayJoin(JSONExtract({ids}, 'Array(String)')))"
    scoped = "project_id, environment, id"
    stored = f"received_at BETWEEN {first} AND {last} AND {some}"
    return f"({scoped}) NOT IN (SELECT {scoped} FROM {table} WHERE {stored})"
