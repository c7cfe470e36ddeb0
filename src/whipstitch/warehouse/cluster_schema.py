"""The schema on a cluster: the same statements as on one server, each where it belongs.

``events`` is one table over all shards; the rows are in ``events_local``, of which each shard has
its own, on all its replicas. All other tables are the same on every host, so that what is joined
with events is at hand on each shard. No statement is ON CLUSTER: each goes to the hosts that it
concerns, and is done when all of them show it."""

import re
import time
from collections.abc import Callable
from typing import Final, Literal, NamedTuple

from whipstitch.core.errors import StorageUnavailable
from whipstitch.warehouse.client import Client, DatabaseError

Where = Literal["each host", "each shard", "anywhere"]
_ENGINE: Final = re.compile(r"ENGINE = (Replacing|)MergeTree(?:\(([^)]*)\))?")
_ABOUT: Final = re.compile(
    r"^(CREATE TABLE IF NOT EXISTS|ALTER TABLE|TRUNCATE TABLE|INSERT INTO) (\w+)", re.IGNORECASE
)
_OWN: Final = re.compile(r"^ALTER TABLE \w+\s+MODIFY (SETTING|QUERY)\b", re.IGNORECASE)
_VIEW: Final = re.compile(r"^CREATE (OR REPLACE )?(MATERIALIZED )?VIEW\b", re.IGNORECASE)
_DIGEST: Final = (
    "SELECT (SELECT cityHash64(groupArray((name, type, default_expression, compression_codec))) "
    "FROM system.columns WHERE database = currentDatabase() AND table = {table:String}), "
    "(SELECT cityHash64(groupArray((name, type_full, expr))) FROM (SELECT * FROM "
    "system.data_skipping_indices WHERE database = currentDatabase() AND table = {table:String} "
    "ORDER BY name)), sorting_key "
    "FROM system.tables WHERE database = currentDatabase() AND name = {table:String}"
)
_COLUMNS: Final = (
    "SELECT groupArray((name, type, default_expression)) FROM system.columns "
    "WHERE database = currentDatabase() AND table = {table:String}"
)
_RETRIED: Final = frozenset(
    {
        242,  # TABLE_IS_READ_ONLY: it has just lost its keeper
        517,  # CANNOT_ASSIGN_ALTER: an earlier one is under way
        999,  # KEEPER_EXCEPTION
    }
)
_PATIENCE: Final = 60.0
_LOOK_SECONDS: Final = 0.1


class Placed(NamedTuple):
    """A statement as it is on a cluster, and the table that hosts must agree about after it."""

    where: Where
    sql: str
    table: str | None


def placed(statement: str, cluster: str) -> Placed:
    """A statement of a migration, where and how it is done."""
    if _VIEW.match(statement):
        return Placed("each host", statement, None)
    about = _ABOUT.match(statement)
    if about is None:
        raise ValueError(f"nobody knows where this belongs: {statement[:60]}")
    verb, name = about[1].upper(), about[2]
    table = "events_local" if name == "events" else name
    sql = f"{about[1]} {table}{statement[about.end() :]}"
    if verb.startswith("CREATE"):
        return Placed("each host", _ENGINE.sub(_replicated(table, cluster), sql, count=1), table)
    if verb.startswith("ALTER"):
        if _OWN.match(statement):  # settings and views are no replica's but its own
            return Placed("each host", sql, None)
        return Placed("each shard" if name == "events" else "anywhere", sql, table)
    return Placed("anywhere", sql, None)


def apply(client: Client, statement: str) -> None:
    """Does a statement of a migration. It may be repeated after any end.

    Raises:
        StorageUnavailable: a host is away, or lags; the message names it.
    """
    assert client.peers is not None  # noqa: S101 - only there
    where, sql, table = placed(statement, client.peers.cluster)
    if where == "each host":
        for node in list(client.all_nodes()):
            _patiently(node, sql)
    elif where == "each shard":
        for shard in list(client.one_of_each_shard()):
            _patiently(shard, sql)
    else:
        _patiently(client, sql)
    if table is not None:
        await_agreement(client, table)
    if table == "events_local":
        cover(client)


def cover(client: Client) -> None:
    """Has every host see all shards' rows in ``events``, with the columns that they have now."""
    assert client.peers is not None  # noqa: S101 - only there
    for node in list(client.all_nodes()):
        there, local = (
            node.query(_COLUMNS, {"table": table}).result_rows
            for table in ("events", "events_local")
        )
        if there != local:
            node.command(
                "CREATE OR REPLACE TABLE events AS events_local ENGINE = "
                "Distributed({cluster:Identifier}, currentDatabase(), events_local)",
                {"cluster": client.peers.cluster},
            )


def await_agreement(client: Client, table: str, patience: float = _PATIENCE) -> None:
    """Until the table has the same columns, indexes and order on every host."""
    assert client.peers is not None  # noqa: S101 - only there
    until = time.monotonic() + patience
    while True:
        found = {
            address.name: node.query(_DIGEST, {"table": table}).result_rows
            for address, node in client.peers.nodes()
        }
        if missing := sorted(name for name, rows in found.items() if not rows):
            raise StorageUnavailable(
                f"{missing[0]} does not have the table {table}: `whipstitch cluster join` gives a "
                "new host what it lacks."
            )
        newest = found[client.peers.here.name]
        behind = sorted(name for name, rows in found.items() if rows != newest)
        if not behind:
            return
        if time.monotonic() > until:
            raise StorageUnavailable(
                f"{behind[0]} has not changed its table {table} for {patience:.0f} seconds, though "
                "another replica has: look at its log, and at system.replication_queue there."
            )
        time.sleep(_LOOK_SECONDS)


def _replicated(table: str, cluster: str) -> Callable[[re.Match[str]], str]:
    place, replica = f"/whipstitch/{cluster}/{{database}}/{table}", "{shard}-{replica}"
    if table == "events_local":
        place, replica = f"{place}/{{shard}}", "{replica}"

    def engine(found: re.Match[str]) -> str:
        more = f", {found[2]}" if found[2] else ""
        return f"ENGINE = Replicated{found[1]}MergeTree('{place}', '{replica}'{more})"

    return engine


def _patiently(client: Client, sql: str) -> None:
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            client.command(sql)
        except DatabaseError as error:
            if error.code not in _RETRIED or time.monotonic() > until:
                raise
            time.sleep(_LOOK_SECONDS)
        else:
            return
