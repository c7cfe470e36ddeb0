"""All events of a range, as a file.

A row has the columns of ``GET /events``, in no order: sorting would not be done in level memory. It
is ClickHouse that writes the file, whatever its format: a million rows are not looked at here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from whipstitch.analytics.expressions.cells import CSV, CSV_PREFIX, harmless, rfc3339
from whipstitch.analytics.expressions.event_matcher import Match, is_called
from whipstitch.analytics.expressions.time_ranges import TimeRange
from whipstitch.analytics.people.person_lookup import rows_of
from whipstitch.core.event_columns import ADDED, COLUMNS
from whipstitch.identity.person_map import Persons
from whipstitch.warehouse.parameters import Parameters
from whipstitch.warehouse.sql import IN_SCOPE, Sql

Format = Literal["jsonl", "csv", "parquet"]


@dataclass(frozen=True, slots=True)
class Written:
    """How a format is called by ClickHouse and by HTTP; ``prefix``: what the file begins with."""

    clickhouse: str
    media_type: str
    prefix: bytes = b""


FORMATS: Final[Mapping[Format, Written]] = {
    # One column, which is the line.
    "jsonl": Written("TSVRaw", "application/x-ndjson"),
    "csv": Written("CSVWithNames", CSV, CSV_PREFIX),
    "parquet": Written("Parquet", "application/vnd.apache.parquet"),
}


@dataclass(frozen=True, slots=True)
class ExportQuery:
    """``person``: whose events (their distinct id, see ``person_of``). ``merged``: as ``Match`` has
    it."""

    range: TimeRange
    format: Format
    event_name: str | None = None
    person: str | None = None
    merged: tuple[Match, ...] = ()


# In the order of GET /events.
_TEXTS: Final = ("id", "event_name", "distinct_id", "anon_id", "session_id")
_TIMES: Final = ("timestamp", "received_at")
_JSON: Final = ("properties", "default_properties")
_ADDED: Final = [one for one in COLUMNS if one.name in ADDED]


def build(query: ExportQuery, persons: Persons) -> Sql:
    """What is to be written in the ``FORMATS`` of the query."""
    values = Parameters()
    conditions = [IN_SCOPE, query.range.condition(values)]
    if query.event_name is not None:
        conditions.append(is_called(query.event_name, query.merged, values, persons))
    if query.person is not None:
        people = values.add((query.person,), "Array(String)")
        conditions.append(rows_of(persons, f"SELECT arrayJoin({people}) AS id"))
    fields = _FIELDS[query.format](persons)
    # Within the statement the names of columns stand for the columns.
    inside = ", ".join(f"{value} AS _{name}" for name, value in fields.items())
    outside = ", ".join(f"_{name} AS {name}" for name in fields)
    return values.sql(
        f"SELECT {outside} FROM (SELECT {inside} FROM events WHERE {' AND '.join(conditions)})"
    )


def _line(persons: Persons) -> dict[str, str]:
    """The JSON object of an event, in one line. What clients sent is put in as they sent it; a line
    break in it can only stand between two tokens."""
    texts = _sources(persons)
    fields = {
        **{name: f"toJSONString({texts[name]})" for name in _TEXTS},
        **{name: f"concat('\"', {rfc3339(name)}, '\"')" for name in _TIMES},
        "environment": "toJSONString(environment)",
        **{name: f"translate({name}_sent, '\\n\\r', '  ')" for name in _JSON},
        **_added(lambda name: f"toJSONString({name})", lambda name: f"if({name}, 'true', 'false')"),
    }
    parts = [f"'\"{name}\":', {value}" for name, value in fields.items()]
    return {"line": "concat('{', " + ", ',', ".join(parts) + ", '}')"}


def _cells(persons: Persons) -> dict[str, str]:
    """Text that a spreadsheet would take for a formula gets an apostrophe in front: whoever has a
    project's public key may name an event ``=HYPERLINK(…)``."""
    texts = _sources(persons)
    return {
        **{name: harmless(texts[name]) for name in _TEXTS},
        **{name: rfc3339(name) for name in _TIMES},
        "environment": "environment",
        **{name: f"{name}_sent" for name in _JSON},
        **_added(harmless, str),
    }


def _typed(persons: Persons) -> dict[str, str]:
    """Times are timestamps; properties are JSON text."""
    return {
        **_sources(persons),
        **{name: name for name in _TIMES},
        "environment": "environment",
        **{name: f"{name}_sent" for name in _JSON},
        **_added(lambda name: f"toString({name})", str),
    }


_FIELDS: Final = {"jsonl": _line, "csv": _cells, "parquet": _typed}


def _sources(persons: Persons) -> dict[str, str]:
    """Where the texts of a row come from."""
    return {name: name for name in _TEXTS} | {
        "distinct_id": persons.id,
        "anon_id": persons.anon_id,
    }


def _added(of_text: Callable[[str], str], of_flag: Callable[[str], str]) -> dict[str, str]:
    return {one.name: (of_flag if one.is_flag else of_text)(one.name) for one in _ADDED}
