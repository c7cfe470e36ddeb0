"""The id as it was sent, of rows that were loaded before there was a column for it.

Reads work it out for parts that do not have the column, and have no index there. So these parts are
given both, a partition at a time, the newest first: that takes about as long as reading two columns
and writing one. New parts and merged ones have it."""

from typing import Final

from whipstitch.warehouse.client import Client
from whipstitch.warehouse.maintenance import apply_patches

_PARTS: Final = "database = currentDatabase() AND table = {table:String} AND active"
_WITHOUT: Final = f"""\
SELECT DISTINCT partition_id
FROM system.parts
WHERE {_PARTS} AND NOT startsWith(partition_id, 'patch-') AND rows > 0
    AND name NOT IN (SELECT name FROM system.parts_columns WHERE {_PARTS} AND column = 'sent_id')
ORDER BY partition_id DESC
LIMIT 1"""


def go_on(client: Client) -> bool:
    """Has ClickHouse write the column in one more partition, in the background. False: every row
    has it."""
    left = False
    for shard in client.one_of_each_shard():
        for (partition,) in shard.query(_WITHOUT, {"table": shard.events}).result_rows:
            if not partition.isalnum():
                raise ValueError(f"no partition: {partition!r}")
            if not apply_patches.mutations_run(shard):
                here = f"IN PARTITION ID '{partition}'"
                apply_patches.ask_for(
                    shard,
                    f"ALTER TABLE {shard.events} MATERIALIZE COLUMN sent_id {here}, "
                    f"MATERIALIZE INDEX by_sent_id {here}",
                )
            left = True
    return left
