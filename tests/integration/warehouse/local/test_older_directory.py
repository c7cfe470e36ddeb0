"""A directory of the first version, whose ClickHouse ran inside the server's process."""

import subprocess
import sys
from pathlib import Path

from tests.support.clickhouse import opened, started
from tests.support.segments import event, write_segment

from whipstitch.loader.inserts import Inserts
from whipstitch.loader.segment_reader import contents
from whipstitch.warehouse.local.command import command
from whipstitch.warehouse.local.config import LocalSettings
from whipstitch.warehouse.migrate import migrations

_ITS_SCHEMA = 8
_PROGRAM = """
import sys
from importlib.machinery import ExtensionFileLoader
from importlib.util import module_from_spec, spec_from_file_location

library, directory = sys.argv[1:]
loader = ExtensionFileLoader("chdb._chdb", library)
spec = spec_from_file_location("chdb._chdb", library, loader=loader)
chdb = module_from_spec(spec)
loader.exec_module(chdb)
connection = chdb.connect(directory)
for statement in sys.stdin.read().split("\\0"):
    connection.query(statement, "TSV")
connection.close()
"""


def _written_by_the_first_version(directory: Path, events: int) -> None:
    library = command(directory, None, 0)[-1]
    statements = [
        "CREATE DATABASE whipstitch",
        "USE whipstitch",
        "CREATE TABLE schema_migrations (version UInt32, name String, "
        "applied_at DateTime('UTC') DEFAULT now()) ENGINE = ReplacingMergeTree ORDER BY version",
    ]
    for number, name, made in migrations()[:_ITS_SCHEMA]:
        record = f"INSERT INTO schema_migrations (version, name) VALUES ({number}, '{name}')"
        statements += [*made, record]
    statements += [
        "INSERT INTO events (project_id, environment, id, distinct_id, properties, received_at) "
        f"SELECT 'proj_a', 'live', concat('old_', number), 'user', '{{\"n\":1}}', now64(3) "
        f"FROM numbers({events})",
    ]
    subprocess.run(
        [sys.executable, "-I", "-S", "-c", _PROGRAM, library, str(directory)],
        input="\0".join(statements),
        text=True,
        check=True,
    )


def test_it_opens_with_all_its_events(tmp_path: Path) -> None:
    _written_by_the_first_version(tmp_path / "clickhouse", 1000)

    with started(LocalSettings(tmp_path / "clickhouse")) as child, opened(child) as store:
        [counts] = store.query(
            "SELECT count(), uniqExact(id), sum(properties.n::Int64) FROM events"
        )
        assert counts == (1000, 1000, 1000)
        segment = write_segment(tmp_path, [event(1)])
        Inserts(store).load([segment], segment.stem, contents(segment))
        assert store.query("SELECT count() FROM events") == [(1001,)]
        done = store.query("SELECT count() FROM schema_migrations")
        assert done == [(len(migrations()),)]
