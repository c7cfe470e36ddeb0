"""What is worked out of each person's rows, where the rows of ``events`` are on several shards.

A row is on the shard of the id that it came in under. So who came under one id has all rows on one
shard: that shard works out what is asked of them, and the host that was asked holds nobody of them
in memory. Who is named by an alias may have rows on several shards: those are merged by that host.

Who is named is found once for a whole statement (ClickHouse works out equal scalar subqueries once,
and sends what they are to the shards), so nobody is taken for both. It is asked of the aliases as
they were accepted, the undone among them: none is taken away, so it holds for each generation of
the person map. Where rows were ever dealt out over other shards than now, an id may have some on
two: then everybody is merged."""

from typing import Final

from whipstitch.warehouse.client import Client
from whipstitch.warehouse.row_inserts import insert
from whipstitch.warehouse.sql import IN_SCOPE

_NAMED: Final = (
    "(SELECT groupUniqArrayArray([cityHash64(alias_id), cityHash64(distinct_id)]) "
    f"FROM person_aliases WHERE {IN_SCOPE} AND refused = '')"
)
_LAYOUTS: Final = "(SELECT uniqExact(shards) FROM shard_layouts)"
_EACH_BY_ITSELF: Final = "SETTINGS distributed_group_by_no_merge = 1"


def grouped(key: str, columns: str, rows: str, by: str) -> str:
    """``SELECT columns FROM rows GROUP BY by``, in which each group is of one person, the one with
    this ``key``; ``rows`` is a table and a condition."""
    named = f"{key} IN (SELECT arrayJoin({_NAMED}))"
    alone = f"{_LAYOUTS} = 1 AND NOT ({named})"
    merged = f"({_LAYOUTS} != 1 OR {named})"
    select = f"SELECT {columns} FROM {rows}"
    return (
        f"{select} AND {alone} GROUP BY {by} {_EACH_BY_ITSELF} "
        f"UNION ALL {select} AND {merged} GROUP BY {by}"
    )


def note_layout(client: Client) -> None:
    """Notes over which shards rows are dealt out from now on, before any is. May be repeated."""
    if not client.peers:
        return
    known = [row[0] for row in client.query("SELECT shards FROM shard_layouts").result_rows]
    present = list(client.shards())
    if present in known:
        return
    new: list[list[str]] = [present]
    if not known and client.query("SELECT 1 FROM events LIMIT 1").result_rows:
        new.append([])
    insert(client, "shard_layouts", ("shards",), [(one,) for one in new])
    client.await_replicas("shard_layouts")
