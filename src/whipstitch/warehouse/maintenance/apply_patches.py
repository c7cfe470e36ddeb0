"""Patches: what a rewrite leaves beside the parts, until it is worked into them.

Reads put them together, which takes nearly twice as long where there are any. Merges work them in,
but old months are hardly merged any more. So partitions that have some are told to at once: that
takes about as long as reading two columns of them and writing them again (``ROWS_A_SECOND``).

ClickHouse numbers what it does to a table: an update as it begins, a mutation as it is asked for. A
part that a mutation wrote counts as one that has all earlier updates, also one that was still
running: what that changed is lost. So no mutation of ``events`` is asked for while an update runs.
(The rewrite updates on the thread that asks for mutations, and needs no lock.)"""

import threading
from collections.abc import Mapping
from typing import Any, Final

from whipstitch.warehouse.client import Client

_numbering: Final = threading.Lock()
AS_PATCH: Final = (
    "SETTINGS enable_lightweight_update = 1, lightweight_delete_mode = 'lightweight_update_force'"
)
"""To be added to a deletion: it leaves marks of rows, and no statement that ClickHouse keeps."""
ROWS_A_SECOND: Final = 10_000_000
"""About as many rows of a partition are gone through to work its patches in."""
_OURS: Final = "database = currentDatabase() AND table = {table:String}"
_DUE: Final = f"""\
SELECT partition_id, any(rows)
FROM
(
    SELECT partition_id, sum(rows) AS rows, min(data_version) AS version
    FROM system.parts
    WHERE {_OURS} AND active AND NOT startsWith(partition_id, 'patch-')
    GROUP BY partition_id
) AS parts
INNER JOIN
(
    SELECT splitByChar('-', partition_id)[-1] AS patched, max_block_number AS number
    FROM system.parts
    WHERE {_OURS} AND active AND startsWith(partition_id, 'patch-')
) AS patches ON patched = partition_id
WHERE number > version
GROUP BY partition_id
ORDER BY partition_id"""
_RUNNING: Final = f"SELECT count() FROM system.mutations WHERE {_OURS} AND NOT is_done"


def work_in(client: Client) -> dict[str, int]:
    """Has ClickHouse work patches in, in the background; returns how many rows the partitions have
    in which it does. None while it is still at what it was asked for before."""
    asked: dict[str, int] = {}
    for shard in client.one_of_each_shard():
        if mutations_run(shard):
            continue
        for partition, rows in shard.query(_DUE, {"table": shard.events}).result_rows:
            if partition.isalnum():
                here = f"IN PARTITION ID '{partition}'"
                ask_for(shard, f"ALTER TABLE {shard.events} APPLY PATCHES {here}")
                asked[partition] = max(asked.get(partition, 0), int(rows))
    return asked


def mutations_run(client: Client) -> bool:
    """Whether this host is at mutations of ``events``."""
    return bool(client.query(_RUNNING, {"table": client.events}).result_rows[0][0])


def ask_for(client: Client, mutation: str) -> None:
    """Has ClickHouse do a mutation in the background."""
    with _numbering:
        client.command(mutation, settings={"mutations_sync": 0})


def delete(client: Client, table: str, condition: str, values: Mapping[str, Any]) -> None:
    """Deletes rows of a table that is the same on every host; leaves a patch, and no statement."""
    with _numbering:
        client.command(f"DELETE FROM {table} WHERE {condition} {AS_PATCH}", dict(values))


def update(client: Client, statement: str, values: Mapping[str, Any]) -> None:
    """Does an update of ``events``, or a deletion that leaves a patch, on any thread."""
    with _numbering:
        for shard in client.one_of_each_shard():
            shard.command(statement, dict(values))
