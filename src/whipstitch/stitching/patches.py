"""Patches: what a rewrite leaves beside the parts, until it is worked into them.

Reads put them together, which takes nearly twice as long where there are any. Merges work them in,
but old months are hardly merged any more. So a partition is told to where patches are old enough,
or many: that takes about as long as reading two columns of it and writing them again.

ClickHouse numbers what it does to a table: an update as it begins, a mutation as it is asked for. A
part that a mutation wrote counts as one that has all earlier updates, also one that was still
running: what that changed is lost. So no mutation of ``events`` is asked for while an update runs.
(The rewrite updates on the thread that asks for mutations, and needs no lock.)"""

import threading
from collections.abc import Mapping
from typing import Any, Final

from clickhouse_connect.driver.client import Client

_numbering: Final = threading.Lock()
_SECONDS: Final = 300
_ROWS_A_SECOND: Final = 100_000
"""A partition's patches wait a second longer for so many rows that it has."""
_MANY: Final = 50
"""Patches do not wait where they change a row in so many."""
_DUE: Final = """\
SELECT partition_id
FROM
(
    SELECT partition_id, sum(rows) AS rows, min(data_version) AS version
    FROM system.parts
    WHERE database = currentDatabase() AND table = 'events' AND active
        AND NOT startsWith(partition_id, 'patch-')
    GROUP BY partition_id
) AS parts
INNER JOIN
(
    SELECT
        splitByChar('-', partition_id)[-1] AS patched,
        max_block_number AS number,
        rows AS changed,
        modification_time AS made
    FROM system.parts
    WHERE database = currentDatabase() AND table = 'events' AND active
        AND startsWith(partition_id, 'patch-')
) AS patches ON patched = partition_id
WHERE number > version
GROUP BY partition_id
HAVING dateDiff('second', min(made), now()) > {seconds:Int32} + any(rows) / {a_second:UInt32}
    OR sum(changed) * {many:UInt32} > any(rows)"""


def work_in(client: Client, seconds: int = _SECONDS) -> list[str]:
    """Has ClickHouse work patches in that are older than so many seconds, in the background;
    returns the partitions."""
    values = {"seconds": seconds, "a_second": _ROWS_A_SECOND, "many": _MANY}
    due = client.query(_DUE, values).result_rows
    partitions = [str(row[0]) for row in due if str(row[0]).isalnum()]
    for partition in partitions:
        ask_for(client, f"ALTER TABLE events APPLY PATCHES IN PARTITION ID '{partition}'")
    return partitions


def ask_for(client: Client, mutation: str) -> None:
    """Has ClickHouse do a mutation in the background."""
    with _numbering:
        client.command(mutation, settings={"mutations_sync": 0})


def update(client: Client, statement: str, values: Mapping[str, Any]) -> None:
    """Does an update of ``events``, or a deletion that leaves a patch, on any thread."""
    with _numbering:
        client.command(statement, dict(values))
