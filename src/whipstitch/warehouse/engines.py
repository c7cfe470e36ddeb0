"""The engines of our tables, looked at before anything is stored: on some of them an insert that is
repeated, or a row that was deleted, is another matter than on others."""

import re
from collections.abc import Collection, Mapping
from typing import Final

from whipstitch.core.errors import StorageError
from whipstitch.warehouse.client import Client

_TABLES: Final = (
    "SELECT name, engine, engine_full FROM system.tables WHERE database = currentDatabase()"
)
_DATABASE: Final = "SELECT engine FROM system.databases WHERE name = currentDatabase()"
_DEFAULT_WINDOW: Final = (
    "SELECT value FROM system.replicated_merge_tree_settings "
    "WHERE name = 'replicated_deduplication_window'"
)
_WINDOW: Final = re.compile(r"\breplicated_deduplication_window = (\d+)")
_FAMILIES: Final = ("", "Replacing")
_PLAIN: Final = frozenset(f"{family}MergeTree" for family in _FAMILIES)
_REPLICATED: Final = frozenset(
    f"{kind}{one}" for kind in ("Replicated", "Shared") for one in _PLAIN
)
_SHOWN: Final = 5


def are_replicated(client: Client, ours: Collection[str]) -> bool:
    """Whether those of the tables ``ours`` that are there are replicated. Other tables are no
    business of ours.

    Raises:
        StorageError: they are of engines on which rows could be lost or counted twice.
    """
    rows = client.query(_TABLES).result_rows
    names = {client.events if name == "events" else name for name in ours}
    engines = {name: engine for name, engine, _ in rows if name in names}
    replicated = check(engines, str(client.query(_DATABASE).result_rows[0][0]))
    if replicated:
        definition = next((full for name, _, full in rows if name == client.events), "")
        found = _WINDOW.search(definition) or _default_window(client)
        check_window(int(found[1]))
    return replicated


def check(engines: Mapping[str, str], database: str) -> bool:
    """The same of tables' names and engines, in a database of that engine."""
    plain = {name for name, engine in engines.items() if engine in _PLAIN}
    replicated = {name for name, engine in engines.items() if engine in _REPLICATED}
    others = engines.keys() - plain - replicated
    if others:
        raise StorageError(
            f"Whipstitch does not know what the engine of {_listed(others, engines)} does to its "
            "rows. Give it the engine that Whipstitch made it with, or one of "
            f"{', '.join(sorted(_REPLICATED))}; or name an empty database in --clickhouse."
        )
    if plain and replicated:
        raise StorageError(
            "Some tables are replicated and others are not, so that replicas would answer "
            f"differently: {_listed(plain, engines)} beside {_listed(replicated, engines)}. Make "
            "all of them replicated (ClickHouse: ATTACH TABLE … AS REPLICATED), or none."
        )
    if plain and database == "Replicated":
        raise StorageError(
            "The database is replicated, but its tables are not: each replica would have rows of "
            f"its own ({_listed(plain, engines)}). Make the tables replicated (ClickHouse: ATTACH "
            "TABLE … AS REPLICATED), or name a database with the engine Atomic in --clickhouse."
        )
    return bool(replicated)


def check_window(blocks: int) -> None:
    """Raises StorageError where ``events`` remembers no blocks that were inserted."""
    if not blocks:
        raise StorageError(
            "The setting replicated_deduplication_window of the table events is 0, so that a row "
            "could be stored twice where a replica does not answer. Set it to 10000 (ClickHouse: "
            "ALTER TABLE events MODIFY SETTING replicated_deduplication_window = 10000)."
        )


def _default_window(client: Client) -> tuple[str, str]:
    rows = client.query(_DEFAULT_WINDOW).result_rows
    return ("", str(rows[0][0]) if rows else "1")


def _listed(names: Collection[str], engines: Mapping[str, str]) -> str:
    some = sorted(names)
    shown = ", ".join(f"{name} ({engines[name]})" for name in some[:_SHOWN])
    return f"{shown}, …" if len(some) > _SHOWN else shown
