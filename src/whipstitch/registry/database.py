"""The registry's database: opened, brought up to date, its errors translated."""

import os
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from whipstitch.config.passwords import without_password
from whipstitch.core.errors import RegistryError, RegistryUnavailable

_BUSY_SECONDS = 10
_BUSY_PAUSE = 0.01
_POSTGRES_DEFAULTS: dict[str, Any] = {
    # A server that vanished is noticed within seconds, whether it is silent to a new connection,
    # to a question or in the middle of nothing.
    "connect_timeout": 5,
    "tcp_user_timeout": 5_000,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "application_name": "whipstitch",
}
_MIGRATIONS: Final = "whipstitch.registry:migrations"
_MIGRATION: Final = re.compile(r"m(\d{4})_\w+\.py")
_MIGRATION_LOCK = 0x57_68_69_70
"""Any number that other programs on the same PostgreSQL do not lock by chance."""


def connect(url: str) -> Engine:
    """An engine for ``url`` (SQLite or PostgreSQL), not yet connected. A SQLite file is made where
    there is none, readable by its owner only.

    Raises RegistryError for another kind of URL, RegistryUnavailable where the file cannot be
    made."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise RegistryError(f"{without_password(url)} is no database URL") from None
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        return _sqlite(parsed, Path(parsed.database))
    if parsed.get_backend_name() in ("postgresql", "postgres"):
        return _postgresql(parsed.set(drivername="postgresql+psycopg"))
    raise RegistryError(
        f"{without_password(url)} is neither SQLite (sqlite:////ABSOLUTE/PATH/registry.db) nor "
        "PostgreSQL (postgresql://user:password@host:5432/database)"
    )


def writing(engine: Engine) -> Engine:
    """The same engine for transactions that write. SQLite must know from the start: a transaction
    that has read cannot wait for another writer, it fails."""
    return engine.execution_options(whipstitch_writes=True)


def migrate(engine: Engine) -> None:
    """Brings the tables up to date; several processes may try at the same time.

    Raises RegistryError where the tables are those of a newer Whipstitch, RegistryUnavailable
    where the database does not answer."""
    known = revisions()
    with translated(engine):
        with engine.connect() as connection:
            present = _revision(connection)
        if present == known[-1]:
            return
        if present not in (None, *known):
            raise RegistryError(
                f"The registry {name_of(engine)} was last used by a newer Whipstitch: install that "
                "version again, or restore a backup made before."
            )
        with writing(engine).begin() as connection:
            _wait_for_other_migrations(connection)
            _upgrade(connection)


def revisions() -> list[str]:
    """The migrations' numbers as their files' names have them, oldest first."""
    versions = resources.files("whipstitch.registry").joinpath("migrations", "versions")
    return sorted(
        match[1] for file in versions.iterdir() if (match := _MIGRATION.fullmatch(file.name))
    )


def name_of(engine: Engine) -> str:
    """The database as it may be shown: without password."""
    plain = engine.url.set(drivername=engine.url.get_backend_name())
    return without_password(plain.render_as_string(hide_password=True))


@contextmanager
def translated(engine: Engine) -> Iterator[None]:
    """Turns errors of the database into RegistryUnavailable (it may work later) or
    RegistryError."""
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeoutError) as error:
        if isinstance(error, DBAPIError) and _is_mistake(error.orig):
            raise RegistryError(
                f"The registry {name_of(engine)} failed: {_reason(error)}"
            ) from error
        raise RegistryUnavailable(
            f"The registry {name_of(engine)} does not answer: {_reason(error)}. Once the database "
            "is well the same works again; another one is chosen with --database or "
            "WHIPSTITCH_DATABASE."
        ) from error
    except IntegrityError as error:
        raise RegistryError(f"The registry refuses the change: {_reason(error)}") from error
    except SQLAlchemyError as error:
        raise RegistryError(f"The registry {name_of(engine)} failed: {_reason(error)}") from error
    except UnicodeEncodeError as error:
        raise RegistryError(
            "The registry keeps only valid Unicode text: leave out lone surrogates."
        ) from error


def _revision(connection: Connection) -> str | None:
    """The number of the last migration that ran; None: there was none yet."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.execute(
        text("SELECT version_num FROM alembic_version")
    ).scalar()
    return revision


def _upgrade(connection: Connection) -> None:
    # Imported here: it takes a fifth of the time of a start, and few starts migrate.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", _MIGRATIONS)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _is_mistake(error: BaseException | None) -> bool:
    # SQLite has one class for a statement that is wrong and a file that cannot be used now.
    return (
        isinstance(error, sqlite3.OperationalError)
        and error.sqlite_errorcode == sqlite3.SQLITE_ERROR
    )


def _reason(error: SQLAlchemyError) -> str:
    said = str(error.orig if isinstance(error, DBAPIError) else error).strip()
    return said.splitlines()[0].rstrip(".") if said else type(error).__name__


def _wait_for_other_migrations(connection: Connection) -> None:
    # On SQLite a writing transaction is alone already.
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:id)"), {"id": _MIGRATION_LOCK})


def _postgresql(url: URL) -> Engine:
    defaults = {name: value for name, value in _POSTGRES_DEFAULTS.items() if name not in url.query}
    return create_engine(url, connect_args=defaults, pool_pre_ping=True, hide_parameters=True)


def _sqlite(url: URL, path: Path) -> Engine:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Only a new file is touched: closing one that SQLite has open would drop its locks.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        pass
    except OSError as error:
        raise RegistryUnavailable(
            f"The registry {path} cannot be made: {error.strerror}. Choose another place with "
            "--data-dir or --database."
        ) from error
    engine = create_engine(
        url.set(drivername="sqlite+pysqlite"),
        connect_args={"timeout": _BUSY_SECONDS},
        hide_parameters=True,
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    # Python's own transaction handling would begin too late and not around reads.
    connection.isolation_level = None
    _enter_wal_mode(connection)
    # In WAL mode only FULL makes a commit that returned survive a power cut.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")  # a salt of yesterday is gone for good


def _enter_wal_mode(connection: sqlite3.Connection) -> None:
    """Waits itself while others read or make the file: this one change SQLite does not always wait
    for, since two waiters could block each other."""
    give_up = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                raise
            time.sleep(_BUSY_PAUSE)
        else:
            return


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("whipstitch_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
