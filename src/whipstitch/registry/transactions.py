"""The registry's connection to its database, and the kinds of transactions on it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from sqlalchemy import Engine, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from whipstitch.registry.database import connect, migrate, name_of, translated, writing
from whipstitch.registry.tables import Base, RevisionRow


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Transactions:
    """An open registry database; ``now`` gives the time of what is made."""

    def __init__(self, engine: Engine, now: Callable[[], datetime] = _utc_now) -> None:
        self._engine = engine
        self._writing = writing(engine)
        self._now = now

    @classmethod
    def open(cls, url: str, now: Callable[[], datetime] = _utc_now) -> Self:
        """The registry at ``url`` (SQLAlchemy URL of SQLite or PostgreSQL), its tables made or
        brought up to date. May be tried again after RegistryUnavailable."""
        engine = connect(url)
        try:
            migrate(engine)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine, now)

    @property
    def is_file(self) -> bool:
        """Whether it is a file of SQLite."""
        return self._engine.dialect.name == "sqlite"

    def close(self) -> None:
        """Ends its connections."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Registry({name_of(self._engine)})"

    def _insert(self, table: type[Base]) -> postgresql.Insert | sqlite.Insert:
        """An insert that may say what to do where the row is there already."""
        return sqlite.insert(table) if self.is_file else postgresql.insert(table)

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        with translated(self._engine), Session(self._engine) as session:
            yield session

    @contextmanager
    def _storing(self) -> Iterator[Session]:
        with (
            translated(self._engine),
            Session(self._writing, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    @contextmanager
    def _changing(self) -> Iterator[Session]:
        """A transaction that changes what the running server sees. Counting first makes such
        transactions follow one another, so that each decides on what the one before it left."""
        with self._storing() as session:
            session.execute(update(RevisionRow).values(number=RevisionRow.number + 1))
            yield session
