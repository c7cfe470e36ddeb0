"""A server in the foreground, for the commands that run one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from whipstitch.app.ingestion import Ingestion
    from whipstitch.config.settings import Settings
    from whipstitch.registry.late import LateRegistry

ADDRESS_FILE = "server.address"
"""In the data directory: where its latest server listens, for ``whipstitch doctor``."""


@contextmanager
def opened(
    *,
    data_dir: Path | None,
    host: str | None,
    port: int | None,
    clickhouse: str | None,
    database: str | None,
    only: str | None = None,
) -> Iterator[tuple[Settings, LateRegistry]]:
    """The settings in force, with logs as they say, and the registry, to be opened, in a data
    directory that no other server has.

    Raises:
        SettingsError
    """
    from whipstitch.app.lock import DataDirLock
    from whipstitch.config import logs
    from whipstitch.config.settings import Settings
    from whipstitch.registry.late import LateRegistry

    settings = Settings.load(
        data_dir=data_dir,
        host=host,
        port=port,
        clickhouse=clickhouse,
        database=database,
        only=only,
    )
    logs.configure(settings.log_level, settings.log_format)
    with DataDirLock(settings.data_dir), LateRegistry(settings.database) as registry:
        yield settings, registry


def run(
    settings: Settings, registry: LateRegistry, started: Callable[[Ingestion, str], None]
) -> None:
    """Serves until SIGTERM or SIGINT. ``started`` is told the address once clients can connect: not
    before, for what is printed once must not be lost with a start that failed.

    Raises:
        WhipstitchError: it cannot start.
    """
    from whipstitch.app.server import serve

    def listening(ingestion: Ingestion, address: str) -> None:
        (settings.data_dir / ADDRESS_FILE).write_text(address)
        started(ingestion, address)

    serve(settings, registry, listening)
