"""A registry copied into another database, such as from SQLite to PostgreSQL."""

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import JSON, Connection, Table, delete, func, insert, null, select

from whipstitch.core.errors import RegistryError
from whipstitch.registry.all_tables import METADATA
from whipstitch.registry.database import connect, migrate, name_of, translated, writing
from whipstitch.registry.tables import LeaseRow, RevisionRow

_TABLES: Final = METADATA.sorted_tables
"""Each after those that it refers to."""
_NOT_COPIED: Final = frozenset({LeaseRow.__tablename__})
"""Of nodes that are there now."""
_AT_ONCE: Final = 200
"""Rows; a screen's image may have some megabytes."""


def copy(source: str, target: str) -> dict[str, int]:
    """Copies all of the registry at the URL ``source`` into the empty one at ``target``, whose
    tables are made: whole, or not at all. Returns how many rows of each table there are. What
    changes in ``source`` meanwhile is not copied.

    Raises:
        RegistryError: the target has something in it, or is no database.
        RegistryUnavailable
    """
    here, there = connect(source), connect(target)
    try:
        if here.url == there.url:
            raise RegistryError("Source and target of the copy are the same database.")
        migrate(here)
        migrate(there)
        with (
            translated(here),
            here.connect() as reading,
            translated(there),
            writing(there).begin() as storing,
        ):
            _refuse_filled(storing, name_of(there))
            return {
                table.name: _copy(reading, storing, table)
                for table in _TABLES
                if table.name not in _NOT_COPIED
            }
    finally:
        here.dispose()
        there.dispose()


def _refuse_filled(storing: Connection, name: str) -> None:
    for table in _TABLES:
        if table.name == RevisionRow.__tablename__:
            continue
        if storing.execute(select(func.count()).select_from(table)).scalar_one():
            raise RegistryError(
                f"The registry {name} has rows in {table.name} already: name an empty database."
            )


def _copy(reading: Connection, storing: Connection, table: Table) -> int:
    storing.execute(delete(table))  # a migration may have put one in
    number = 0
    for rows in _pages(reading, table):
        storing.execute(insert(table), rows)
        number += len(rows)
    return number


def _pages(reading: Connection, table: Table) -> Iterator[list[dict[str, Any]]]:
    # Text that is JSON's null, and no text, are both None in Python.
    nullable = [one.name for one in table.columns if isinstance(one.type, JSON) and one.nullable]
    found = reading.execution_options(yield_per=_AT_ONCE).execute(select(table))
    for page in found.mappings().partitions():
        rows = [dict(row) for row in page]
        for row in rows:
            row.update({name: null() for name in nullable if row[name] is None})
        yield rows
