"""The schema and what is set anew at each start."""

import subprocess
import sys
from collections.abc import Callable

import pytest
from tests.support.clickhouse import opened, run, url_of
from tests.support.loading import until

from whipstitch.core.errors import StorageError, StorageUnavailable
from whipstitch.warehouse.connection import Address
from whipstitch.warehouse.migrate import migrate, migrations
from whipstitch.warehouse.store import Store

_DEFINITIONS = (
    "SELECT name, engine_full FROM system.tables "
    "WHERE database = currentDatabase() AND engine LIKE '%MergeTree'"
)
_DEFINITION = (
    "SELECT engine_full FROM system.tables "
    "WHERE database = currentDatabase() AND name IN ('events', 'session_pieces')"
)


def test_a_schema_is_made_once(new_database: Callable[[], Address]) -> None:
    address = new_database()
    for _ in range(2):
        with opened(address) as store:
            store.prepare().result()
    with opened(address) as store:
        rows = store.query(
            "SELECT version, name, count() FROM schema_migrations GROUP BY 1, 2 ORDER BY 1"
        )
    assert rows == [(migration.number, migration.name, 1) for migration in migrations()]


def test_a_migration_that_was_cut_off_is_completed(store_address: Address) -> None:
    run(store_address, "TRUNCATE TABLE schema_migrations")
    run(store_address, "DROP TABLE person_aliases SYNC")
    with opened(store_address) as store:
        assert store.query("SELECT count() FROM person_aliases") == [(0,)]


def test_every_migration_may_be_applied_again(store_address: Address) -> None:
    run(
        store_address,
        "INSERT INTO person_aliases (alias_id, accepted, number) VALUES ('anon', 7, 7)",
    )
    run(
        store_address,
        "INSERT INTO person_traits (distinct_id, property, value, version, operation) "
        "SELECT 'anon', 'plan', toString(number), number, number FROM numbers(3)",
    )
    traits = "SELECT property, value, operation FROM traits_by_property FINAL ORDER BY operation"
    run(store_address, "TRUNCATE TABLE schema_migrations")
    with opened(store_address) as store:
        assert store.query("SELECT alias_id, number FROM person_aliases") == [("anon", 7)]
        assert store.query(traits) == [("plan", str(one), one) for one in range(3)]
        versions = store.query("SELECT uniqExact(version) FROM schema_migrations")
        assert versions == [(len(migrations()),)]


def test_two_processes_may_start_at_once(new_database: Callable[[], Address]) -> None:
    address = new_database()
    program = (
        "import sys; from whipstitch.warehouse.connection import Address; "
        "from whipstitch.warehouse.store import Store; "
        "store = Store(Address.parse(sys.argv[1]), durable=True, retention_days=30); "
        "store.prepare().result(); store.close()"
    )
    starts = [
        subprocess.Popen(
            [sys.executable, "-c", program, url_of(address)], stdout=subprocess.DEVNULL
        )
        for _ in range(3)
    ]
    assert [start.wait(60) for start in starts] == [0, 0, 0]
    with opened(address) as store:
        versions = store.query("SELECT uniqExact(version) FROM schema_migrations")
        assert versions == [(len(migrations()),)]


def test_a_schema_from_the_future_is_refused(store_address: Address) -> None:
    run(store_address, "INSERT INTO schema_migrations (version, name) SELECT 999, 'future'")
    with opened(store_address) as store, pytest.raises(StorageError, match="newer Whipstitch"):
        store.prepare().result()


def test_a_schema_is_applied_in_order_and_reported(new_database: Callable[[], Address]) -> None:
    address = new_database()
    system = address.connect({}, seconds=20, database="default")
    system.command(f"CREATE DATABASE {address.database}")
    system.close()
    client = address.connect({}, seconds=20)
    assert migrate(client) == migrations()
    assert migrate(client) == []
    client.close()


def test_a_database_of_a_test_is_one_that_was_migrated(
    store_address: Address, new_database: Callable[[], Address]
) -> None:
    def definitions(address: Address) -> list[tuple[str, ...]]:
        sql = (
            "SELECT name, replaceAll(create_table_query, currentDatabase(), '') "
            "FROM system.tables WHERE database = currentDatabase() ORDER BY name"
        )
        with opened(address) as store:
            return [tuple(row) for row in store.query(sql)]

    assert definitions(store_address) == definitions(new_database())


def test_retention_follows_the_setting(store_address: Address) -> None:
    for days, wanted in ((30, "toIntervalDay(30)"), (7, "toIntervalDay(7)"), (0, "")):
        store = Store(store_address, durable=False, retention_days=days)
        kept = store.query(_DEFINITION)
        store.close()
        assert len(kept) == 2
        for (definition,) in kept:
            assert ("TTL" in definition) == bool(wanted)
            assert wanted in definition


def test_durability_of_every_table_follows_the_setting(store_address: Address) -> None:
    for durable in (True, False):
        store = Store(store_address, durable=durable, retention_days=0)
        definitions = {str(name): str(text) for name, text in store.query(_DEFINITIONS)}
        store.close()
        assert "fsync_after_insert = 1" not in definitions.pop("person_maps")
        assert {"events", "person_ids", "person_moves", "erasures"} < definitions.keys()
        for name in ("fsync_after_insert", "fsync_part_directory", "min_rows_to_fsync_after_merge"):
            assert {f"{name} = 1" in one for one in definitions.values()} == {durable}


def test_a_table_whose_rows_are_elsewhere_by_now_may_be_gone(store_address: Address) -> None:
    run(store_address, "DROP TABLE IF EXISTS person_erasures SYNC")
    with opened(store_address) as store:
        store.prepare().result()


def test_a_table_that_is_gone_is_not_made_again_empty(store_address: Address) -> None:
    run(store_address, "DROP TABLE person_traits SYNC")
    with opened(store_address) as store:
        with pytest.raises(StorageUnavailable, match="does not know person_traits any more"):
            store.prepare().result()
        until(lambda: "person_traits" in (store.problem or ""))  # once ClickHouse has answered
        assert "backup" in (store.problem or "")


def test_traits_from_before_are_ordered_by_property_too(store_address: Address) -> None:
    said = (
        "INSERT INTO person_traits (distinct_id, property, value, version) "
        "VALUES ('ada', 'plan', '1', 1), ('ada', '', '', 1)"
    )
    run(store_address, said)
    run(store_address, "TRUNCATE TABLE traits_by_property")
    run(
        store_address,
        "ALTER TABLE schema_migrations DELETE WHERE version >= 15 SETTINGS mutations_sync = 2",
    )
    with opened(store_address) as store:
        rows = "SELECT distinct_id, id_key = cityHash64(distinct_id), property, value"
        assert store.query(f"{rows} FROM traits_by_property") == [("ada", 1, "plan", "1")]
