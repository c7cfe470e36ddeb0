"""The schema: numbered SQL files, applied at start in their order, each once.

ClickHouse has no transactions around DDL. So every statement is one that may be repeated
(``IF NOT EXISTS``): of two processes that start at once both may run it, and one that was killed
half way runs it again."""

import re
from collections.abc import Callable, Iterator
from functools import partial
from importlib import resources
from typing import Final, NamedTuple

from whipstitch.core.errors import StorageError, StorageUnavailable
from whipstitch.warehouse import cluster_schema
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.row_inserts import insert

_OLDEST_SERVER: Final = (25, 8)
_FILE: Final = re.compile(r"(\d{4})_(\w+)\.sql")
_COMMENT: Final = re.compile(r"^\s*--.*$", re.MULTILINE)
_MADE: Final = re.compile(r"CREATE (?:TABLE|VIEW) IF NOT EXISTS (\w+)")
_TABLE: Final = re.compile(r"CREATE TABLE IF NOT EXISTS (\w+)")
_NO_LONGER: Final = frozenset({"person_erasures"})
"""Tables that migrations made and that are dropped once their rows are elsewhere."""
_RECORD: Final = """\
CREATE TABLE IF NOT EXISTS schema_migrations
(version UInt32, name String, applied_at DateTime('UTC') DEFAULT now())
ENGINE = ReplacingMergeTree ORDER BY version"""


class Migration(NamedTuple):
    number: int
    name: str
    statements: tuple[str, ...]


def migrations() -> list[Migration]:
    """The schema's files, in order."""
    return sorted(_read())


def our_tables() -> set[str]:
    """The names of the tables that migrations make, and of the one that records them."""
    made = (
        name
        for migration in migrations()
        for statement in migration.statements
        for name in _TABLE.findall(statement)
    )
    return {"schema_migrations", *made} - _NO_LONGER


def migrate(client: Client) -> list[Migration]:
    """Applies what is missing in the client's database; returns what was.

    Raises:
        StorageError: this ClickHouse is too old, or the schema is newer than this program.
        StorageUnavailable: a table is gone that was there.
    """
    _check_version(client.server_version or "0")
    apply: Callable[[str], object] = (
        partial(cluster_schema.apply, client) if client.peers else client.command
    )
    if not client.query("EXISTS TABLE schema_migrations").result_rows[0][0]:
        apply(_RECORD)
    applied = {
        int(row[0]) for row in client.query("SELECT version FROM schema_migrations").result_rows
    }
    known = migrations()
    newest = known[-1].number
    if applied and max(applied) > newest:
        raise StorageError(
            f"The database was made by a newer Whipstitch (its schema is number {max(applied)}, "
            f"this program knows {newest}). Upgrade Whipstitch, or restore the backup from before."
        )
    _check_tables(client, [migration for migration in known if migration.number in applied])
    missing = [migration for migration in known if migration.number not in applied]
    for migration in missing:
        for statement in migration.statements:
            apply(statement)
        done = (migration.number, migration.name)
        insert(client, "schema_migrations", ("version", "name"), [done])
    return missing


def _read() -> Iterator[Migration]:
    for file in resources.files(__package__).joinpath("migrations").iterdir():
        if match := _FILE.fullmatch(file.name):
            text = _COMMENT.sub("", file.read_text(encoding="utf-8"))
            statements = (part.strip() for part in text.split(";\n"))
            yield Migration(int(match[1]), match[2], tuple(filter(None, statements)))


def _check_tables(client: Client, applied: list[Migration]) -> None:
    """Whether what they made is still there: a table that is gone must not be made again, empty."""
    made = {
        name
        for migration in applied
        for statement in migration.statements
        for name in _MADE.findall(statement)
    }
    sql = "SELECT name FROM system.tables WHERE database = currentDatabase()"
    gone = sorted(made - _NO_LONGER - {row[0] for row in client.query(sql).result_rows})
    if gone:
        raise StorageUnavailable(
            f"ClickHouse does not know {', '.join(gone)} any more, though it was there: somebody "
            "dropped it, or its definition is gone. Restore ClickHouse's data from a backup (docs, "
            "operations); what is sent waits in the journal."
        )


def _check_version(version: str) -> None:
    numbers = tuple(int(part) for part in version.split(".")[:2])
    if numbers < _OLDEST_SERVER:
        oldest = ".".join(map(str, _OLDEST_SERVER))
        raise StorageError(
            f"ClickHouse {version} is too old: Whipstitch needs {oldest} or newer. "
            "Upgrade the server."
        )
