"""What the dashboard asks of the running server beyond the registry and the query API."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from whipstitch.core.projects import Scope
from whipstitch.core.rejections import Rejection


@dataclass(frozen=True, slots=True)
class Held:
    """A table of ClickHouse, with its parts on this server's disk."""

    table: str
    rows: int
    bytes: int


@dataclass(frozen=True, slots=True)
class CityDatabase:
    """The city database: what it is and of when, None where there is none; ``problem`` says what
    keeps a file from being used, and what to do."""

    database: str | None
    built: datetime | None
    problem: str | None

    @property
    def is_of_dbip(self) -> bool:
        """Whether pages that show places must say whose they are (CC BY 4.0)."""
        return self.database is not None and self.database.upper().startswith("DBIP")


@dataclass(frozen=True, slots=True)
class SetAside:
    """A row that ClickHouse would not take: what kind of row, of which event, accepted when."""

    kind: str
    event_name: str
    environment: str
    reason: str
    accepted: datetime


class ServerStatus(Protocol):
    """The server that this dashboard belongs to."""

    async def rejections(self, scope: Scope, since: datetime) -> Sequence[Rejection]:
        """What is counted of causes that were met since then, and of requests without a key of
        ours. Raises RegistryError."""

    def places(self) -> CityDatabase:
        """The state of the city database."""

    def backlog(self) -> tuple[int, float]:
        """Bytes that wait for ClickHouse, and the age of the oldest in seconds."""

    def problems(self) -> list[str]:
        """What keeps the server from accepting and storing."""

    async def tables(self) -> Sequence[Held]:
        """The largest first. Raises StorageUnavailable."""

    async def events(self, scope: Scope) -> int:
        """How many are stored. Raises StorageUnavailable."""

    async def has_events(self, scope: Scope) -> bool:
        """Whether any is stored. Raises StorageUnavailable."""

    async def set_aside(
        self, project_id: str, most: int, since: datetime | None = None
    ) -> Sequence[SetAside]:
        """Rows of a project, the latest first. Raises StorageError."""

    async def count_set_aside(self) -> int:
        """Rows of all projects."""

    async def replay(self) -> int:
        """Has all rows that were set aside loaded again; how many. Raises StorageError."""
