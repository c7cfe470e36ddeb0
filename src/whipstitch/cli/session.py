"""The registry, opened for the length of one command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from whipstitch.cli.output import reporting

if TYPE_CHECKING:
    from whipstitch.registry.store import Registry


@contextmanager
def registry_session(
    data_dir: Path | None, database: str | None, as_json: bool
) -> Iterator[Registry]:
    """The registry that the options and settings name; errors are reported as
    :func:`~whipstitch.cli.output.reporting` does."""
    # Imported here, for `--help` and the completion of commands need none of it.
    with reporting(as_json):
        from whipstitch.config.settings import Settings
        from whipstitch.registry.store import Registry

        settings = Settings.load(data_dir=data_dir, database=database)
        with Registry.open(settings.database) as registry:
            yield registry
