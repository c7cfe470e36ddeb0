"""The second step of an erasure: what reads do not show any more goes from the disk.

A deleted row is first a mark in a patch beside the part, then one in the part; then the part is
written again without it, and the part from before is deleted some time later. No statement here
names anybody: ClickHouse keeps the last one of each table. Those that did the deleting, with hashes
of ids, go when others came after them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from whipstitch.identity.seal import HASH
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.maintenance import apply_patches
from whipstitch.warehouse.maintenance.retention import SUMMARIZED

_TABLES: Final = (
    "events",
    "events_local",
    "person_traits",
    "traits_by_property",
    "person_aliases",
    "person_ids",
    "person_moves",
    "cohort_members",
    "session_pieces",
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
    """``rewrites`` are to be done one after the other; then ``parts`` (host, table, name) go, and
    statements that name somebody."""

    rewrites: list["Rewriting"]
    parts: frozenset[tuple[int, str, str]]


class Rewriting(NamedTuple):
    """A statement, and the shard that it is for."""

    sql: str
    shard: str


def plan(client: Client) -> Purge:
    """What is to be done so that deleted rows are gone. Partitions without any are left alone."""
    client.await_replicas(*_replicated(client), all_of_them=True)
    rewrites: list[Rewriting] = []
    marked: set[tuple[str, str]] = set()
    for shard in client.shards():
        there = _marked(client.shard(shard))
        for table, partition in sorted(there):
            # All but the events are the same on every shard.
            if table == client.events or (table, partition) not in marked:
                rewrites += _rewritten(table, partition, shard)
        marked |= there
    parts: list[tuple[int, str, str]] = []
    sql = f"SELECT table, name, active, {_PARTITION} FROM system.parts WHERE {_OURS}"
    for number, node in enumerate(client.all_nodes()):
        there = _marked(node)
        parts += [
            (number, table, name)
            for table, name, active, partition in node.query(sql).result_rows
            if not active or (table, partition) in there
        ]
    replaced = {table for table, _ in marked}
    rewrites += [
        Rewriting(f"ALTER TABLE {table} APPLY DELETED MASK", shard)
        for table in _naming(client)
        if table not in replaced
        for shard in (client.shards() if table == client.events else client.shards()[:1])
    ]
    return Purge(rewrites, frozenset(parts))


def begin(client: Client, rewrite: Rewriting) -> None:
    """Has ClickHouse do one of the rewrites in the background."""
    apply_patches.ask_for(client.shard(rewrite.shard), rewrite.sql)


def rewrites_run(client: Client) -> bool:
    """Whether some host is at one."""
    sql = f"SELECT count() FROM system.mutations WHERE {_OURS} AND NOT is_done"
    return any(node.query(sql).result_rows[0][0] for node in client.all_nodes())


def older_maps(client: Client, number: int) -> int:
    """How many generations of the person map there still are from before this one."""
    sql = (
        "SELECT count() FROM system.tables WHERE database = currentDatabase() "
        "AND startsWith(name, {prefix:String}) "
        "AND toUInt64OrZero(substring(name, length({prefix:String}) + 1)) < {number:UInt64}"
    )
    values = {"prefix": "person_map_", "number": number}
    return sum(int(node.query(sql, values).result_rows[0][0]) for node in client.all_nodes())


def left(client: Client, planned: Purge) -> int:
    """How many of the parts, and of tables with statements that name somebody, there still are."""
    sql = f"SELECT table, name FROM system.parts WHERE {_OURS}"
    there = {
        (number, row[0], row[1])
        for number, node in enumerate(client.all_nodes())
        for row in node.query(sql).result_rows
    }
    return len(there & planned.parts) + len(_naming(client))


def _naming(client: Client) -> list[str]:
    values = {"hash": HASH}
    found = {
        row[0] for node in client.all_nodes() for row in node.query(_NAMING, values).result_rows
    }
    return sorted(found)


def _marked(client: Client) -> set[tuple[str, str]]:
    """Tables and partitions of a host that have deleted rows."""
    return {(row[0], row[1]) for row in client.query(_MARKED).result_rows}


def _replicated(client: Client) -> list[str]:
    if client.peers is None:
        return []
    return [table for table in _TABLES if table != "events"]


def _rewritten(table: str, partition: str, shard: str) -> Iterator[Rewriting]:
    if not partition.isalnum():
        raise ValueError(f"no partition: {partition!r}")
    here = f"IN PARTITION ID '{partition}'"
    if table in ("events", "events_local", "session_pieces"):
        yield Rewriting(f"ALTER TABLE {table} APPLY PATCHES {here}", shard)
    yield Rewriting(f"ALTER TABLE {table} APPLY DELETED MASK {here}", shard)
    if table == "person_ids":
        # Earlier resolutions of other ids may name the person, too.
        yield Rewriting("OPTIMIZE TABLE person_ids FINAL", shard)
