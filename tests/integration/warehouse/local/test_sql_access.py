"""What a user for a BI tool reaches, whatever they send, over both protocols."""

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Final

import pytest
from tests.support.clickhouse import opened
from tests.support.segments import START_MS
from tests.support.sql import Ask, Refused, http_tool, native_tool, reader_a, shared

from whipstitch.warehouse.local.supervisor import LocalClickHouse
from whipstitch.warehouse.store import Store

__all__ = ["reader_a", "shared"]

SECRET: Final = "of_the_neighbour"
"""In every text of the project next door."""
EVERYTHING: Final = (
    "SELECT * FROM sql_events",
    "SELECT * FROM sql_people",
    "SELECT * FROM sql_aliases",
    "SELECT id, project_id, distinct_id, properties FROM events",
    "SELECT alias_id, accepted, received, project_id FROM person_aliases",
    "SELECT id, person, project_id FROM person_ids",
    "SELECT id, person, project_id FROM person_moves",
    "SELECT distinct_id, value, project_id FROM person_traits",
)
REFUSED: Final = [
    # What is not theirs to read
    *(
        f"SELECT * FROM {table}"
        for table in (
            *("person_aliases", "person_maps", "erasures", "erased_ids", "cohort_members"),
            *("traits_by_property", "traits_to_properties"),
            *("cohort_versions", "activity", "activity_summaries", "schema_migrations"),
            *("lexicon_days", "lexicon_values", "session_pieces", "session_steps"),
            *("person_map_1", "default.x"),
            *("system.users", "system.grants", "system.row_policies", "system.processes"),
            *("system.parts", "system.parts_columns", "system.query_log", "system.metrics"),
            *("system.errors", "system.disks", "system.server_settings", "system.mutations"),
            *("system.data_skipping_indices", "system.merges", "system.user_processes"),
            *("system.stack_trace", "system.quotas", "system.settings_profiles"),
            *("information_schema.tables", "default.`/etc/passwd`", "default.`users.xml`"),
        )
    ),
    "SELECT * FROM events",
    "SELECT accepted FROM events",
    "SELECT _part, _block_number FROM events",
    "SELECT properties_sent FROM events",
    "SELECT joinGet('person_map_1', 'person', toUInt64(1))",
    "SELECT 1 IN person_map_1",
    "DESCRIBE TABLE events",
    "SHOW CREATE TABLE events",
    "SHOW INDEX FROM events",
    "SHOW PROCESSLIST",
    "SHOW ACCESS",
    "SHOW USERS",
    "SHOW GRANTS FOR reader_b",
    "SHOW CREATE USER reader_a",
    "SHOW ROW POLICIES",
    "EXISTS TABLE person_map_1",
    "CHECK TABLE events",
    "EXPLAIN SELECT * FROM events",
    # Table functions
    "SELECT * FROM mergeTreeIndex(currentDatabase(), 'events')",
    "SELECT * FROM mergeTreeAnalyzeIndexes(currentDatabase(), 'events', project_id = 'proj_b')",
    "SELECT * FROM mergeTreeCodecBlockCounts(currentDatabase(), 'events')",
    "SELECT * FROM mergeTreeProjection(currentDatabase(), 'events', 'x')",
    "SELECT * FROM merge(currentDatabase(), '^events$')",
    "SELECT * FROM merge(currentDatabase(), '.*')",
    "SELECT * FROM merge('system', 'parts')",
    "SELECT * FROM loop(currentDatabase(), 'events') LIMIT 1",
    "SELECT * FROM remote('127.0.0.1', currentDatabase(), 'events')",
    "SELECT * FROM remote('127.0.0.1', currentDatabase(), 'events', 'whipstitch', 'guess')",
    "SELECT * FROM cluster('default', currentDatabase(), 'events')",
    "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "DESCRIBE TABLE file('/etc/passwd', 'LineAsString')",
    "SELECT * FROM filesystem('/etc')",
    "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
    "SELECT * FROM url('file:///etc/passwd', 'LineAsString')",
    "SELECT * FROM s3('http://bucket.localhost:1/key', 'LineAsString')",
    "SELECT * FROM mysql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
    "SELECT * FROM postgresql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
    "SELECT * FROM mongodb('127.0.0.1:1', 'a', 'b', 'c', 'd', 'x String')",
    "SELECT * FROM sqlite('/tmp/x', 'a')",
    "SELECT * FROM executable('id', 'LineAsString', 'x String')",
    "SELECT * FROM deltaLakeLocal('/etc')",
    "SELECT * FROM icebergLocal('/etc')",
    "SELECT * FROM dictionary('x')",
    "SELECT * FROM format(TSV, '1')",
    "SELECT * FROM input('x String')",
    "SELECT * FROM eval('SELECT 1')",
    "SELECT * FROM Python('x')",
    "SELECT * FROM python('sys')",
    "SELECT * FROM python('sys') SETTINGS allow_python_table_function = 1",
    "SELECT * FROM viewExplain('EXPLAIN', '', (SELECT 1))",
    # Functions
    "SELECT file('/etc/passwd')",
    "SELECT file('users.xml')",
    "SELECT file('connection.json', 'none')",
    "SELECT arrayMap(name -> file(name), ['users.xml'])",
    "SELECT file(materialize('users.xml')) FROM numbers(2)",
    "SELECT dictGet('x', 'y', 1)",
    "SELECT hasColumnInTable(currentDatabase(), 'person_maps', 'number')",
    "SELECT getServerSetting('path')",
    "SELECT addressToLine(1)",
    # Changes
    "INSERT INTO events (id) VALUES ('x')",
    "INSERT INTO FUNCTION file('x', 'TSV', 'x Int8') SELECT 1",
    "CREATE TABLE t (x Int8) ENGINE = Memory",
    "CREATE TEMPORARY TABLE t (x Int8)",
    "CREATE VIEW v AS SELECT 1",
    "CREATE OR REPLACE VIEW sql_events AS SELECT 1",
    "CREATE DATABASE x",
    "CREATE USER x",
    "CREATE FUNCTION f AS x -> x",
    "CREATE DICTIONARY d (x UInt8) PRIMARY KEY x SOURCE(CLICKHOUSE(TABLE 'events')) "
    "LAYOUT(FLAT()) LIFETIME(1)",
    "CREATE ROW POLICY p ON events USING 1 TO reader_a",
    "CREATE NAMED COLLECTION x AS a = 1",
    "ALTER TABLE events DELETE WHERE 1",
    "ALTER USER reader_a SETTINGS readonly = 0",
    "DELETE FROM events WHERE 1",
    "UPDATE events SET anon_id = '' WHERE 1",
    "TRUNCATE TABLE events",
    "DROP TABLE events",
    "DROP VIEW sql_events",
    "RENAME TABLE events TO x",
    "OPTIMIZE TABLE events",
    "DETACH TABLE events",
    "KILL QUERY WHERE 1",
    "KILL MUTATION WHERE 1",
    "GRANT SELECT ON *.* TO reader_a",
    "SYSTEM SHUTDOWN",
    "SYSTEM STOP MERGES events",
    "SYSTEM STOP LISTEN HTTP",
    "SYSTEM RELOAD CONFIG",
    "SYSTEM DROP MARK CACHE",
    "BACKUP TABLE events TO File('x')",
    "EXECUTE AS whipstitch SELECT 1",
    # Settings
    "SET readonly = 0",
    "SET readonly = 2",
    "SET profile = 'default'",
    "SET profile = 'whipstitch'",
    "SET max_memory_usage = 0",
    "SET max_execution_time = 0",
    "SET max_execution_time = 61",
    "SET max_threads = 3",
    "SET max_result_rows = 0",
    "SET priority = 0",
    "SET use_skip_indexes = 1",
    "SET max_concurrent_queries_for_user = 0",
    "SELECT 1 SETTINGS readonly = 0",
    "SELECT 1 SETTINGS max_memory_usage = 0",
    "SELECT 1 FROM sql_events SETTINGS additional_table_filters = {'events': '1'}",
    # What would have to be evaluated before the row policy
    "SELECT * FROM events PREWHERE CAST(id AS Int64) = 3",
]
FRUITLESS: Final = [
    *EVERYTHING,
    "SELECT * FROM system.tables WHERE database = currentDatabase()",
    "SELECT * FROM system.columns WHERE database = currentDatabase()",
    "SELECT * FROM system.databases",
    "SHOW TABLES",
    "SHOW DATABASES",
    "SHOW GRANTS",
    "SELECT min(project_id), max(project_id), min(id), max(id) FROM events",
    "SELECT approx_top_k(9)(project_id), topK(9)(distinct_id) FROM events",
    "SELECT project_id, count() FROM events GROUP BY ALL WITH TOTALS",
    "SELECT project_id FROM events AS e JOIN events AS f ON e.environment = f.environment",
    "SELECT id FROM events WHERE id NOT IN (SELECT id FROM sql_events)",
    "SELECT id FROM person_ids FINAL",
    "SELECT count() FROM events WHERE throwIf(project_id != 'proj_a', distinct_id) = 0 OR 1",
    "SELECT count() FROM events PREWHERE throwIf(project_id != 'proj_a') = 0",
    "SELECT count() FROM sql_events WHERE throwIf(project_id != 'proj_a') = 0",
    "SELECT count() FROM person_ids FINAL PREWHERE throwIf(project_id != 'proj_a') = 0",
    "SELECT count() FROM person_traits FINAL PREWHERE throwIf(project_id != 'proj_a') = 0",
    "SELECT * FROM view(SELECT * FROM sql_events)",
    "SELECT * FROM viewIfPermitted(SELECT name FROM system.users ELSE null('name String'))",
    "SELECT JSONAllPaths(properties) FROM events",
    "EXPLAIN SELECT * FROM sql_events",
    "EXPLAIN ESTIMATE SELECT id FROM events WHERE project_id = 'proj_b'",
    "EXPLAIN indexes = 1 SELECT id FROM events WHERE event_name = 'order'",
    "SYSTEM STOP MERGES",
]


@pytest.fixture(scope="module")
def store(shared: LocalClickHouse) -> Iterator[Store]:
    with opened(shared) as opened_:
        yield opened_


@pytest.fixture(scope="module", autouse=True)
def _rows(store: Store) -> None:
    """The same rows for two projects, in one part of each table."""
    columns = (
        "project_id, environment, event_name, timestamp, received_at, accepted, id, distinct_id, "
        "anon_id, session_id, os, properties, default_properties"
    )
    where = "arrayJoin([('proj_a', 'ours'), ('proj_b', {secret:String})]) AS whose"
    of = "whose.1 AS project_id, 'live' AS environment"
    said = {"secret": SECRET, "at": START_MS}
    at = "fromUnixTimestamp64Milli({at:Int64}, 'UTC')"
    for sql in (
        f"INSERT INTO events ({columns}) SELECT {of}, whose.2, {at}, {at}, number, "
        f"concat('evt_', whose.2, toString(number)), whose.2, '', whose.2, whose.2, "
        f"concat('{{\"', whose.2, '\": \"', whose.2, '\"}}'), '{{}}' "
        f"FROM (SELECT number, {where} FROM numbers(3)) ORDER BY 1",
        f"INSERT INTO person_ids SELECT {of}, concat(whose.2, '_1'), whose.2, whose.2, 1, 1, 0, 1 "
        f"FROM (SELECT {where})",
        "INSERT INTO person_aliases (project_id, environment, alias_id, distinct_id, accepted, "
        f"number) SELECT {of}, concat(whose.2, '_1'), whose.2, 1, 1 FROM (SELECT {where})",
        f"INSERT INTO person_moves SELECT {of}, 'distinct_id', concat(whose.2, '_1'), whose.2, 1 "
        f"FROM (SELECT {where})",
        f"INSERT INTO person_traits SELECT {of}, whose.2, whose.2, concat('\"', whose.2, '\"'), "
        f"0, {at}, 1, 1, 0 FROM (SELECT {where})",
    ):
        store.query(sql, said)


@pytest.mark.parametrize("sql", REFUSED)
def test_what_is_not_theirs_is_refused(reader_a: Ask, sql: str) -> None:
    with pytest.raises(Refused) as refusal:
        reader_a(sql)
    assert SECRET not in str(refusal.value)


@pytest.mark.parametrize("sql", FRUITLESS)
def test_what_is_answered_tells_nothing_of_the_neighbour(reader_a: Ask, sql: str) -> None:
    told = repr(reader_a(sql))
    assert SECRET not in told
    assert "proj_b" not in told.replace("'proj_b')", "")


@pytest.mark.parametrize("sql", EVERYTHING)
def test_each_of_two_projects_has_its_own_rows(shared: LocalClickHouse, sql: str) -> None:
    with http_tool(shared.address.port, "reader_a") as ours:
        ours_ = repr(ours(sql))
    with native_tool(shared.native_port, "reader_b") as theirs:
        theirs_ = repr(theirs(sql))
    assert "ours" in ours_
    assert SECRET in theirs_
    assert "ours" not in theirs_


def test_they_see_the_views_alone(reader_a: Ask) -> None:
    assert [name for (name,) in reader_a("SHOW TABLES")] == [
        "sql_aliases",
        "sql_events",
        "sql_people",
    ]
    assert reader_a("SELECT DISTINCT table FROM system.columns WHERE database != 'system'") == [
        ("sql_aliases",),
        ("sql_events",),
        ("sql_people",),
    ]


def test_after_all_that_everything_is_as_it_was(shared: LocalClickHouse, store: Store) -> None:
    assert shared.starts == 1
    assert store.query("SELECT count() FROM events") == [(6,)]
    store.query("OPTIMIZE TABLE person_ids FINAL")  # fails where merges were stopped


def test_a_statement_ends_where_it_takes_too_long(reader_a: Ask) -> None:
    with pytest.raises(Refused, match="Timeout exceeded"):
        reader_a("SELECT sum(sipHash64(number)) FROM numbers(1e15)", {"max_execution_time": 1})


def test_a_statement_ends_where_it_takes_too_much_memory(reader_a: Ask) -> None:
    with pytest.raises(Refused, match="emory limit"):
        reader_a("SELECT groupArray(number) FROM numbers(1e9)")


def test_an_answer_has_so_many_rows_at_most(reader_a: Ask) -> None:
    assert reader_a("SELECT count() FROM (SELECT number FROM numbers(1000001))") == [(1_000_001,)]
    with pytest.raises(Refused, match="for result exceeded"):
        reader_a("SELECT number FROM numbers(1000001)")


def test_what_tools_send_beside_a_statement_is_taken(reader_a: Ask) -> None:
    settings = {
        "max_execution_time": 30,
        "max_result_rows": 1000,
        "result_overflow_mode": "break",
        "session_timezone": "Europe/Paris",
        "join_use_nulls": 1,
        "log_comment": "dashboard 7",
        "async_insert": 0,  # JDBC
        "network_compression_method": "lz4",  # clickhouse-go, and so Grafana
    }
    assert reader_a("SELECT getSetting('session_timezone')", settings) == [("Europe/Paris",)]


@pytest.mark.parametrize("protocol", ["http", "native"])
def test_nobody_signs_in_with_another_password(shared: LocalClickHouse, protocol: str) -> None:
    tool, port = (
        (http_tool, shared.address.port)
        if protocol == "http"
        else (native_tool, shared.native_port)
    )
    for user, password in product(("reader_a", "whipstitch", "default"), ("", "guess")):
        with pytest.raises(Exception), tool(port, user, password) as ask:  # noqa: B017, PT011
            ask("SELECT count() FROM system.numbers")  # what reads nothing is open to "default"


def test_the_child_keeps_no_password_of_theirs(shared: LocalClickHouse) -> None:
    directory = Path(f"/proc/{shared.process_id}/cwd")
    written = (directory / "users.xml").read_text()
    assert "a-tools-password" not in written
    assert (directory / "users.xml").stat().st_mode & 0o077 == 0
