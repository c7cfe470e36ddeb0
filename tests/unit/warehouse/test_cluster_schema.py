"""Statements of migrations, as they are on a cluster."""

import pytest

from whipstitch.warehouse.client import on_all_shards
from whipstitch.warehouse.cluster_schema import placed
from whipstitch.warehouse.migrate import migrations


def test_every_statement_of_every_migration_has_its_place() -> None:
    for migration in migrations():
        for statement in migration.statements:
            where, sql, _ = placed(statement, "ws")
            assert "ENGINE = MergeTree" not in sql
            assert "ENGINE = Replacing" not in sql
            assert where in ("each host", "each shard", "anywhere")


@pytest.mark.parametrize(
    ("statement", "where", "sql"),
    [
        (
            "CREATE TABLE IF NOT EXISTS events (a Int8) ENGINE = MergeTree ORDER BY a",
            "each host",
            "CREATE TABLE IF NOT EXISTS events_local (a Int8) ENGINE = ReplicatedMergeTree("
            "'/whipstitch/ws/{database}/events_local/{shard}', '{replica}') ORDER BY a",
        ),
        (
            "CREATE TABLE IF NOT EXISTS t (a Int8) ENGINE = ReplacingMergeTree(a) ORDER BY a",
            "each host",
            "CREATE TABLE IF NOT EXISTS t (a Int8) ENGINE = ReplicatedReplacingMergeTree("
            "'/whipstitch/ws/{database}/t', '{shard}-{replica}', a) ORDER BY a",
        ),
        (
            "ALTER TABLE events ADD COLUMN b Int8",
            "each shard",
            "ALTER TABLE events_local ADD COLUMN b Int8",
        ),
        ("ALTER TABLE t ADD COLUMN b Int8", "anywhere", "ALTER TABLE t ADD COLUMN b Int8"),
        (
            "ALTER TABLE events MODIFY SETTING a = 1",
            "each host",
            "ALTER TABLE events_local MODIFY SETTING a = 1",
        ),
        ("ALTER TABLE v MODIFY QUERY\nSELECT 1 FROM t", "each host", None),
        ("TRUNCATE TABLE t", "anywhere", "TRUNCATE TABLE t"),
        ("INSERT INTO t SELECT 1", "anywhere", "INSERT INTO t SELECT 1"),
        ("CREATE OR REPLACE VIEW v AS SELECT 1", "each host", None),
        ("CREATE MATERIALIZED VIEW IF NOT EXISTS v TO t AS SELECT 1", "each host", None),
    ],
)
def test_a_statement_goes_where_it_belongs(statement: str, where: str, sql: str | None) -> None:
    found = placed(statement, "ws")
    assert (found.where, found.sql) == (where, sql or statement)


def test_a_statement_without_a_place_is_refused() -> None:
    with pytest.raises(ValueError, match="where this belongs"):
        placed("DROP TABLE t", "ws")


@pytest.mark.parametrize(
    ("statement", "sent"),
    [
        (
            "SELECT 1 FROM events WHERE a IN (SELECT b FROM t) AND c NOT IN\n(\n SELECT d FROM t)",
            "SELECT 1 FROM events WHERE a GLOBAL IN (SELECT b FROM t) "
            "AND c GLOBAL NOT IN (SELECT d FROM t)",
        ),
        ("SELECT 1 FROM events WHERE a IN (1, 2)", None),
        ("SELECT 1 FROM t WHERE a IN (SELECT b FROM u)", None),
        ("SELECT 1 FROM events WHERE a GLOBAL IN (SELECT b FROM u)", None),
    ],
)
def test_look_ups_of_rows_on_shards_are_worked_out_once(statement: str, sent: str | None) -> None:
    assert on_all_shards(statement) == (sent or statement)
