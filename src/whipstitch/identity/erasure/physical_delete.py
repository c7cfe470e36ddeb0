"""The second step of an erasure: what reads do not show any more goes from the disk.

A deleted row is first a mark in a patch beside the part, then one in the part; then the part is
written again without it, and the part from before is deleted some time later. No statement here
names anybody: ClickHouse keeps the last one of each table. Those that did the deleting, with hashes
of ids, go when others came after them."""

from dataclasses import dataclass
from typing import Final

from whipstitch.identity.seal import HASH
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.maintenance import apply_patches
from whipstitch.warehouse.maintenance.retention import SUMMARIZED

_TABLES: Final = (
    "events",
    "person_traits",
    "traits_by_property",
    "person_aliases",
    "person_ids",
    "person_moves",
    "cohort_members",
    *SUMMARIZED,
)
_PARTITION: Final = "splitByChar('-', partition_id)[-1]"
_OURS: Final = f"database = currentDatabase() AND table IN {_TABLES!r}"
_MARKED: Final = (
    f"SELECT DISTINCT table, {_PARTITION} AS partition FROM system.parts "
    f"WHERE {_OURS} AND active AND has_lightweight_delete ORDER BY table, partition"
)
_NAMING: Final = (
    f"SELECT DISTINCT table FROM system.mutations WHERE {_OURS} "
    "AND position(command, {hash:String}) > 0 ORDER BY table"
)
"""Tables of which ClickHouse keeps a statement with hashes of ids."""


@dataclass(frozen=True, slots=True)
class Purge:
    """``rewrites`` are to be done one after the other; then ``parts``, tables and names, go, and
    statements that name somebody."""

    rewrites: list[str]
    parts: frozenset[tuple[str, str]]


def plan(client: Client) -> Purge:
    """What is to be done so that deleted rows are gone. Partitions without any are left alone."""
    marked = [(row[0], row[1]) for row in client.query(_MARKED).result_rows]
    sql = f"SELECT table, name, active, {_PARTITION} FROM system.parts WHERE {_OURS}"
    parts = [
        (table, name)
        for table, name, active, partition in client.query(sql).result_rows
        if not active or (table, partition) in marked
    ]
    rewrites = []
    for table, partition in marked:
        if not partition.isalnum():
            raise ValueError(f"no partition: {partition!r}")
        here = f"IN PARTITION ID '{partition}'"
        if table == "events":
            rewrites.append(f"ALTER TABLE events APPLY PATCHES {here}")
        rewrites.append(f"ALTER TABLE {table} APPLY DELETED MASK {here}")
        if table == "person_ids":
            # Earlier resolutions of other ids may name the person, too.
            rewrites.append("OPTIMIZE TABLE person_ids FINAL")
    replaced = {table for table, _ in marked}
    rewrites += [
        f"ALTER TABLE {table} APPLY DELETED MASK"
        for table in _naming(client)
        if table not in replaced
    ]
    return Purge(rewrites, frozenset(parts))


def begin(client: Client, rewrite: str) -> None:
    """Has ClickHouse do one of the rewrites in the background."""
    apply_patches.ask_for(client, rewrite)


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
    """How many of the parts, and of tables with statements that name somebody, there still are."""
    sql = f"SELECT table, name FROM system.parts WHERE {_OURS}"
    there = {(row[0], row[1]) for row in client.query(sql).result_rows}
    return len(there & planned.parts) + len(_naming(client))


def _naming(client: Client) -> list[str]:
    return [row[0] for row in client.query(_NAMING, {"hash": HASH}).result_rows]
