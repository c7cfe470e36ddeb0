"""How safely parts are written and how long events are kept, which is looked after at every start,
for the operator's settings may have changed; and how long summaries are."""

import re
from typing import Final

from whipstitch.warehouse.client import Client

SUMMARIZED: Final = ("activity", "lexicon_days", "lexicon_values")
"""What a summary has, a partition for each."""
_TABLES: Final = (
    "SELECT name, engine_full FROM system.tables "
    "WHERE database = currentDatabase() AND engine LIKE '%MergeTree' ORDER BY name"
)
_DURABLE: Final = {
    "fsync_after_insert": 1,
    "fsync_part_directory": 1,
    # After a merge the parts that were synced are dropped.
    "min_rows_to_fsync_after_merge": 1,
    "min_compressed_bytes_to_fsync_after_merge": 1,
}
_REMADE: Final = frozenset({"person_maps"})
"""Tables that say what else is in memory only: they are made anew after a loss of power."""
_GUARDED: Final = {
    # Tables open without the parts that could not be written (see ``write_guard``): by default not
    # without more than a gibibyte of them.
    "max_suspicious_broken_parts_bytes": 2**50,
}
_KEPT_DAYS: Final = re.compile(r"\bTTL .*?toIntervalDay\((\d+)\)")


def set_durability(client: Client, *, durable: bool, guarded: bool) -> None:
    """Whether an insert that returned survives a loss of power, in every table that has what
    nothing else has: the journal then forgets it. And what is asked of one that has a
    ``WriteGuard``."""
    for node in client.live_nodes():
        for table, definition in node.query(_TABLES).result_rows:
            survives = durable and table not in _REMADE
            settings = {name: on if survives else 0 for name, on in _DURABLE.items()}
            if guarded:
                settings |= _GUARDED
            there = dict(re.findall(r"\b(\w+) = (\d+)", definition))
            missing = [
                f"{name} = {value}"
                for name, value in settings.items()
                if int(there.get(name, 0)) != value
            ]
            if missing:
                changes = ", ".join(missing)
                node.command(
                    f"ALTER TABLE {{table:Identifier}} MODIFY SETTING {changes}", {"table": table}
                )


def set_retention(client: Client, days: int) -> None:
    """Keeps events for ``days`` from their timestamp, 0: for ever, and pieces of sessions from the
    last of theirs. What is too old goes at the next merges, in the background."""
    for shard in client.one_of_each_shard():
        _keep(shard, shard.events, "timestamp", days)
    _keep(client, "session_pieces", "end", days)


def summarized_until(client: Client) -> int:
    """The highest acceptance that a summary in force covers; 0: there is none."""
    sql = "SELECT max(until) FROM {table:Identifier}"
    tables = ("activity_summaries", "session_steps")
    return max(int(client.query(sql, {"table": one}).result_rows[0][0]) for one in tables)


def take_out_of_force(client: Client) -> None:
    """Reads count the rows of events from now on, until there is a new summary. Those that began
    before still find what they read."""
    client.command("TRUNCATE TABLE activity_summaries")


def take_summaries_away(client: Client) -> None:
    """The same, and nothing of them is kept."""
    take_out_of_force(client)
    for table in SUMMARIZED:
        client.command(f"TRUNCATE TABLE {table}")


def _keep(client: Client, table: str, column: str, days: int) -> None:
    found = _KEPT_DAYS.search(_definition(client, table))
    if (int(found[1]) if found else 0) != days:
        kept = f"MODIFY TTL {column} + toIntervalDay({days:d})"
        client.command(f"ALTER TABLE {table} {kept if days else 'REMOVE TTL'}")


def _definition(client: Client, table: str) -> str:
    query = (
        "SELECT engine_full FROM system.tables "
        "WHERE database = currentDatabase() AND name = {table:String}"
    )
    rows = client.query(query, parameters={"table": table}).result_rows
    return str(rows[0][0])
