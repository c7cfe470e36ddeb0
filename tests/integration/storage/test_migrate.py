"""The schema and what is set anew at each start, embedded and over HTTP."""

import subprocess
import sys
from collections.abc import Callable

import pytest

from whipstitch.errors import StorageError, StorageUnavailable
from whipstitch.storage.connect import Address
from whipstitch.storage.migrate import migrate, migrations
from whipstitch.storage.store import Store

_DEFINITIONS = (
    "SELECT name, engine_full FROM system.tables "
    "WHERE database = currentDatabase() AND engine LIKE '%MergeTree'"
)
_DEFINITION = (
    "SELECT engine_full FROM system.tables WHERE database = currentDatabase() AND name = 'events'"
)


def test_a_schema_is_made_once(new_database: Callable[[], str]) -> None:
    url = new_database()
    for _ in range(2):
        Store.open(url, durable=False, retention_days=0).close()
    store = Store.open(url, durable=False, retention_days=0)
    rows = store.query(
        "SELECT version, name, count() FROM schema_migrations GROUP BY 1, 2 ORDER BY 1"
    )
    store.close()
    assert rows == [(migration.number, migration.name, 1) for migration in migrations()]


def test_a_migration_that_was_cut_off_is_completed(new_database: Callable[[], str]) -> None:
    url = new_database()
    store = Store.open(url, durable=False, retention_days=0)
    store.query("TRUNCATE TABLE schema_migrations")
    store.query("DROP TABLE person_aliases SYNC")
    store.close()
    store = Store.open(url, durable=False, retention_days=0)
    assert store.query("SELECT count() FROM person_aliases") == [(0,)]
    store.close()


def test_every_migration_may_be_applied_again(store_url: str) -> None:
    store = Store.open(store_url, durable=False, retention_days=0)
    store.query("INSERT INTO person_aliases (alias_id, accepted, number) VALUES ('anon', 7, 7)")
    store.query("TRUNCATE TABLE schema_migrations")
    store.close()
    store = Store.open(store_url, durable=False, retention_days=0)
    assert store.query("SELECT alias_id, number FROM person_aliases") == [("anon", 7)]
    assert store.query("SELECT uniqExact(version) FROM schema_migrations") == [(len(migrations()),)]
    store.close()


def test_two_processes_may_start_at_once(new_database: Callable[[], str]) -> None:
    url = new_database()
    program = (
        "import sys; from whipstitch.storage.store import Store; "
        "Store.open(sys.argv[1], durable=True, retention_days=30).close()"
    )
    starts = [
        subprocess.Popen([sys.executable, "-c", program, url], stdout=subprocess.DEVNULL)
        for _ in range(3)
    ]
    assert [start.wait(60) for start in starts] == [0, 0, 0]
    store = Store.open(url, durable=True, retention_days=30)
    assert store.query("SELECT uniqExact(version) FROM schema_migrations") == [(len(migrations()),)]
    store.close()


def test_a_schema_from_the_future_is_refused(new_database: Callable[[], str]) -> None:
    url = new_database()
    store = Store.open(url, durable=False, retention_days=0)
    store.query("INSERT INTO schema_migrations (version, name) SELECT 999, 'future'")
    store.close()
    with pytest.raises(StorageError, match="newer Whipstitch"):
        Store.open(url, durable=False, retention_days=0)


def test_a_schema_is_applied_in_order_and_reported(new_database: Callable[[], str]) -> None:
    address = Address.parse(new_database())
    system = address.connect({}, seconds=20, database="default")
    system.command(f"CREATE DATABASE {address.database}")
    system.close()
    client = address.connect({}, seconds=20)
    assert migrate(client) == migrations()
    assert migrate(client) == []
    client.close()


def test_retention_follows_the_setting(store_url: str) -> None:
    for days, wanted in ((30, "toIntervalDay(30)"), (7, "toIntervalDay(7)"), (0, "")):
        store = Store.open(store_url, durable=False, retention_days=days)
        [(definition,)] = store.query(_DEFINITION)
        store.close()
        assert ("TTL" in definition) == bool(wanted)
        assert wanted in definition


def test_durability_of_every_table_follows_the_setting(store_url: str) -> None:
    for durable in (True, False):
        store = Store.open(store_url, durable=durable, retention_days=0)
        definitions = {str(name): str(text) for name, text in store.query(_DEFINITIONS)}
        store.close()
        assert {"events", "person_ids", "person_moves", "erasures"} < definitions.keys()
        for name in ("fsync_after_insert", "fsync_part_directory", "min_rows_to_fsync_after_merge"):
            assert {f"{name} = 1" in one for one in definitions.values()} == {durable}


def test_an_engine_that_another_process_holds_is_named(chdb_url: str) -> None:
    holder = Store.open(chdb_url, durable=False, retention_days=0)
    program = (
        "import os, sys; from whipstitch.storage.store import Store\n"
        "try: Store.open(sys.argv[1], durable=True, retention_days=0)\n"
        "except Exception as error: print(type(error).__name__, error, flush=True)\n"
        "os._exit(0)"
    )
    command = [sys.executable, "-c", program, chdb_url]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    holder.close()
    assert StorageUnavailable.__name__ in said
    assert "stop the other Whipstitch" in said
