"""Another ClickHouse server of Whipstitch, whose history is moved: what its tables hold, in the
order of acceptance."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from whipstitch.core.errors import HistoryError, StorageError
from whipstitch.core.event_columns import COLUMNS
from whipstitch.warehouse.connection import Address
from whipstitch.warehouse.errors import translated
from whipstitch.warehouse.migrate import migrations

_SECONDS: Final = 600.0
_SETTINGS: Final = {"max_threads": 2, "max_bytes_before_external_sort": 4 * 10**8}
_LINES: Final = {
    "buffer_size": "0",  # an answer is read while it is made
    "output_format_json_quote_64bit_integers": 0,
    "output_format_json_escape_forward_slashes": 0,
}
_AT_ONCE: Final = 50_000
"""Rows that one question asks for."""
_IN_RANGE: Final = "accepted BETWEEN {first:UInt64} AND {last:UInt64}"
_UNDONE: Final = (
    "(project_id, environment, alias_id) IN "
    "(SELECT project_id, environment, alias_id FROM person_aliases WHERE undo)"
)


class StoredEvent(msgspec.Struct):
    """As it was sent: ``distinct_id`` is the id that it came in under. Times in unix
    milliseconds."""

    project_id: str
    environment: str
    accepted: int
    timestamp_ms: int
    received_ms: int
    id: str
    event_name: str
    distinct_id: str
    session_id: str
    os: str
    browser: str
    device_model: str
    bot: bool
    city: str
    region: str
    country: str
    timezone: str
    lib_version: str
    properties_sent: str
    default_properties_sent: str


class StoredTrait(msgspec.Struct):
    project_id: str
    environment: str
    accepted: int
    timestamp_ms: int
    distinct_id: str
    property: str
    value: str
    deleted: bool
    operation: int


class StoredAlias(msgspec.Struct):
    project_id: str
    environment: str
    accepted: int
    timestamp_ms: int
    received_ms: int
    alias_id: str
    distinct_id: str
    refused: str
    undo: bool
    via: str
    client: str


Stored = StoredEvent | StoredTrait | StoredAlias


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one table that are moved one after the other. Names sort as parts are moved: who
    somebody is before what they did, then months. ``condition`` is on the rows."""

    name: str
    table: str
    condition: str


def _time(table: str, column: str, name: str) -> str:
    # Qualified: a name of the answer would hide the column that the condition is about.
    return f"toUnixTimestamp64Milli({table}.{column}) AS {name}"


_SCOPE: Final = "project_id, environment, accepted"
_COLUMNS: Final[Mapping[str, str]] = {
    "events": ", ".join(
        (
            _SCOPE,
            *(one.name for one in COLUMNS if one.name != "distinct_id"),
            "sent_id AS distinct_id",
            "properties_sent",
            "default_properties_sent",
            _time("events", "timestamp", "timestamp_ms"),
            _time("events", "received_at", "received_ms"),
        )
    ),
    "person_traits": f"{_SCOPE}, distinct_id, property, value, deleted, operation, "
    + _time("person_traits", "timestamp", "timestamp_ms"),
    "person_aliases": f"{_SCOPE}, alias_id, distinct_id, refused, undo, "
    + f"{_time('person_aliases', 'timestamp', 'timestamp_ms')}, "
    + f"{_time('person_aliases', 'received', 'received_ms')}, via, client",
}
_DECODERS: Final[Mapping[str, msgspec.json.Decoder[Any]]] = {
    "events": msgspec.json.Decoder(StoredEvent),
    "person_traits": msgspec.json.Decoder(StoredTrait),
    "person_aliases": msgspec.json.Decoder(StoredAlias),
}


class OtherServer:
    """Asked on one thread. Methods raise StorageError where it does not answer."""

    def __init__(self, address: Address) -> None:
        with translated():
            self._client = address.connect(_SETTINGS, seconds=_SECONDS)

    def close(self) -> None:
        self._client.close()

    def check(self, known: set[str]) -> None:
        """``known``: the projects of the registry here.

        Raises:
            HistoryError: not all can be moved; the message says what to do.
        """
        versions = {int(one) for (one,) in self._rows("SELECT version FROM schema_migrations")}
        if versions != {one.number for one in migrations()}:
            raise HistoryError(
                "The other server's tables are of another version of Whipstitch: have this version "
                "serve with it once, then move its history."
            )
        projects = {
            str(project)
            for table in _COLUMNS
            for (project,) in self._rows(f"SELECT DISTINCT project_id FROM {table}")
        }
        if strange := sorted(projects - known):
            raise HistoryError(
                f"The registry here does not have the project {', '.join(strange)}: use the other "
                "server's registry (--database), or a copy of it."
            )
        if self._rows("SELECT 1 FROM erasures FINAL WHERE state != 'done' LIMIT 1"):
            raise HistoryError(
                "People are being erased on the other server: wait until its erasures are done."
            )

    def newest(self) -> int:
        """The last number of acceptance there, 0: there is nothing."""
        rows = (self._rows(f"SELECT max(accepted) FROM {table}") for table in _COLUMNS)
        return max(int(found[0][0]) for found in rows)

    def parts(self) -> list[Part]:
        """All there are, as they are moved."""
        months = self._rows("SELECT DISTINCT _partition_id FROM events ORDER BY _partition_id")
        return [
            Part("aliases", "person_aliases", f"NOT undo AND NOT {_UNDONE}"),
            *(
                Part(f"events {one}", "events", f"_partition_id = '{int(one)}'")
                for (one,) in months
            ),
            Part("traits", "person_traits", "1"),
        ]

    def count(self, part: Part, first: int, last: int) -> int:
        """How many rows were accepted in that range."""
        sql = f"SELECT count() FROM {_from(part)}"
        return int(self._rows(sql, first=first, last=last)[0][0])

    def ends(self, part: Part, first: int, last: int) -> list[int]:
        """Numbers of acceptance that leave about as many rows between them as one question asks
        for; the last of them is that of the last row."""
        sql = (
            "SELECT DISTINCT max(accepted) AS ends FROM "
            f"(SELECT accepted FROM {_from(part)} ORDER BY accepted) "
            f"GROUP BY intDiv(rowNumberInAllBlocks(), {_AT_ONCE}) ORDER BY ends"
        )
        return [int(one) for (one,) in self._rows(sql, first=first, last=last)]

    def rows(self, part: Part, first: int, last: int) -> Iterator[tuple[Stored, int]]:
        """Each with its size in bytes."""
        sql = f"SELECT {_COLUMNS[part.table]} FROM {_from(part)} ORDER BY accepted"
        values = {"first": first, "last": last}
        decode = _DECODERS[part.table].decode
        with (
            translated(),
            closing(self._client.raw_stream(sql, values, _LINES, fmt="JSONEachRow")) as answer,
        ):
            for line in answer:
                try:
                    yield decode(line), len(line)
                except msgspec.DecodeError:
                    said = line[:300].decode(errors="replace")
                    raise StorageError(f"The other server's answer broke off: {said}") from None

    def undone(self) -> list[StoredAlias]:
        """All that was said of ids of which an alias was undone, the undoing itself, too."""
        rows = self._rows(
            f"SELECT {_COLUMNS['person_aliases']} FROM person_aliases FINAL WHERE {_UNDONE}"
        )
        names = (
            *("project_id", "environment", "accepted", "alias_id", "distinct_id", "refused"),
            *("undo", "timestamp_ms", "received_ms", "via", "client"),
        )
        return [StoredAlias(**dict(zip(names, row, strict=True))) for row in rows]

    def _rows(self, sql: str, **values: int) -> Sequence[Sequence[Any]]:
        with translated():
            return self._client.query(sql, values).result_rows


def _from(part: Part) -> str:
    final = "" if part.table == "events" else " FINAL"
    return f"{part.table}{final} WHERE {part.condition} AND {_IN_RANGE}"
