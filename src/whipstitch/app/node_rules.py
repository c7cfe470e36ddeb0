"""What a node must not be: one that leaves rows of its own behind, or one of several that share a
registry which is a file."""

from datetime import UTC, datetime, timedelta
from typing import Final

from whipstitch.core.errors import SettingsError, StorageError
from whipstitch.journal.journal import Journal
from whipstitch.registry.store import Registry

IS_THERE: Final = timedelta(seconds=15)
"""A node that said so long ago how far it had come is there."""


def refuse_rows(journal: Journal) -> None:
    """Raises SettingsError where rows wait that a node which takes none would never store."""
    if waiting := journal.sealed():
        raise SettingsError(
            f"Rows of an earlier run wait in {waiting[0].parent}. Start once without --only, or "
            "with --only ingest, until they are stored (whipstitch_journal_bytes is 0)."
        )


def refuse_shared_file(registry: Registry, node: str) -> None:
    """Raises StorageError where the registry is a file that another node uses, too."""
    now = datetime.now(UTC)
    others = [
        one.name
        for one in registry.list_nodes()
        if one.name != node and now - one.seen_at < IS_THERE
    ]
    if node and others and registry.is_file:
        raise StorageError(
            f"Another node ({others[0]}) uses the same registry, which is a file of SQLite: "
            "several nodes need one in PostgreSQL (--database). Where that node is no more, start "
            f"again in {IS_THERE.seconds} seconds."
        )
