"""A registry that is empty beside events: it was deleted, or is another one. A server that began
anew would refuse every client that has a key of before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from whipstitch.config.setting_values import local_directory
from whipstitch.core.errors import RegistryError
from whipstitch.registry.remembered import had_keys
from whipstitch.warehouse.local.small_files import parts_of

if TYPE_CHECKING:
    from whipstitch.config.settings import Settings
    from whipstitch.registry.store import Registry

log = structlog.get_logger(__name__)

DIRECTORY_FILE = "directory.json"
"""In the data directory: what was last read of the registry."""


def lost(registry: Registry, settings: Settings) -> str | None:
    """That it is lost, with what to do; None: it is not, as far as the data directory tells."""
    if not registry.is_empty():
        return None
    clickhouse = local_directory(settings.clickhouse)
    if clickhouse is not None and parts_of(clickhouse, "events"):
        return _said(f"{clickhouse} holds events")
    remembered = settings.data_dir / DIRECTORY_FILE
    if had_keys(remembered):
        return _said(f"{remembered} has the keys of one that had some")
    return None


def refuse_lost(registry: Registry, settings: Settings) -> None:
    """Raises RegistryError where it is lost."""
    if (problem := lost(registry, settings)) is not None:
        log.error("registry_lost", problem=problem)
        raise RegistryError(problem)


def _said(why: str) -> str:
    return (
        f"The registry has no project, but {why}: it was lost, or is another one than before. "
        "Restore `registry.db` from a backup. To begin anew, with new keys, run "
        "`whipstitch project create NAME`: events of before stay stored, but nobody can read them."
    )
