"""The second step of an erasure: what reads do not show any more goes from the disk.

A deleted row is first a mark in a patch beside the part, then one in the part; then the part is
written again without it, and the part from before is deleted some time later. No statement here
names anybody: ClickHouse keeps statements for a while."""

from dataclasses import dataclass
from typing import Final

from clickhouse_connect.driver.client import Client

_SMALL: Final = ("person_traits", "person_aliases", "person_ids", "person_moves")
_TABLES: Final = ("events", *_SMALL)
_PARTITION: Final = "splitByChar('-', partition_id)[-1]"
_OURS: Final = f"database = currentDatabase() AND table IN {_TABLES!r}"
_MARKED: Final = (
    f"SELECT DISTINCT {_PARTITION} FROM system.parts "
    f"WHERE {_OURS} AND table = 'events' AND active AND has_lightweight_delete"
)


@dataclass(frozen=True, slots=True)
class Purge:
    """``rewrites`` are to be done one after the other; then ``parts``, tables and names, go."""

    rewrites: list[str]
    parts: frozenset[tuple[str, str]]


def plan(client: Client) -> Purge:
    """What is to be done so that deleted rows are gone. Partitions without any are left alone."""
    partitions = sorted(str(row[0]) for row in client.query(_MARKED).result_rows)
    sql = (
        f"SELECT table, name FROM system.parts WHERE {_OURS} "
        f"AND (NOT active OR table != 'events' OR {_PARTITION} IN {{partitions:Array(String)}})"
    )
    parts = client.query(sql, {"partitions": partitions}).result_rows
    rewrites = [
        f"ALTER TABLE events APPLY {what} IN PARTITION ID '{partition}'"
        for partition in partitions
        if partition.isalnum()
        for what in ("PATCHES", "DELETED MASK")
    ]
    rewrites += [f"ALTER TABLE {table} APPLY DELETED MASK" for table in _SMALL]
    return Purge(rewrites, frozenset((row[0], row[1]) for row in parts))


def begin(client: Client, rewrite: str) -> None:
    """Has ClickHouse do one of the rewrites in the background."""
    client.command(f"{rewrite} SETTINGS mutations_sync = 0")


def rewrites_run(client: Client) -> bool:
    sql = f"SELECT count() FROM system.mutations WHERE {_OURS} AND NOT is_done"
    return bool(client.query(sql).result_rows[0][0])


def older_maps(client: Client, number: int) -> int:
    """How many generations of the person map there still are from before this one."""
    sql = (
        "SELECT count() FROM system.tables WHERE database = currentDatabase() "
        "AND startsWith(name, {prefix:String}) "
        "AND toUInt64OrZero(substring(name, length({prefix:String}) + 1)) < {number:UInt64}"
    )
    values = {"prefix": "person_map_", "number": number}
    return int(client.query(sql, values).result_rows[0][0])


def left(client: Client, planned: Purge) -> int:
    """How many of the parts are still on the disk."""
    sql = f"SELECT table, name FROM system.parts WHERE {_OURS}"
    there = {(row[0], row[1]) for row in client.query(sql).result_rows}
    return len(there & planned.parts)
