"""What the registry hands out: frozen values, without a session behind them."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple

from whipstitch.core.projects import Environment, Project, Scope

Role = Literal["viewer", "editor", "admin"]
CohortKind = Literal["static", "dynamic"]
ReportKind = Literal[
    "insights", "funnels", "retention", "flows", "stickiness", "lifecycle", "experiments", "web"
]
"""What questions are asked of."""


@dataclass(frozen=True, slots=True)
class Key:
    """An ingestion key. It only writes and ships inside web pages, so it is kept readable."""

    id: str
    key: str = field(repr=False)
    project_id: str
    environment: Environment
    created_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewProject:
    """A project that was just made, with its first two keys."""

    project: Project
    live_key: Key
    test_key: Key


@dataclass(frozen=True, slots=True)
class Token:
    """A token of the query API as it may be shown: ``ends_with`` are its last four characters."""

    id: str
    project_id: str
    role: Role
    name: str | None
    ends_with: str
    created_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that was just made: ``secret`` is kept nowhere and cannot be shown again."""

    token: Token
    secret: str = field(repr=False)


class TokenHolder(NamedTuple):
    """Whoever sends a token: where it reads, what it may do, where the project's days begin, what
    lists call them, and by what they are told apart."""

    project_id: str
    role: Role
    timezone: str
    called: str
    id: str


@dataclass(frozen=True, slots=True)
class SqlAccount:
    """A ClickHouse user for a BI tool as it may be shown."""

    name: str
    project_id: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class NewSqlUser:
    """A ClickHouse user that was just made: the password is kept nowhere and cannot be shown
    again."""

    account: SqlAccount
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may sign in to the dashboard. ``project_id``: the only project that they see,
    None: all."""

    email: str
    role: Role
    created_at: datetime
    project_id: str | None = None

    @property
    def is_operator(self) -> bool:
        """Whether they manage the installation: its users, its projects, its storage."""
        return self.role == "admin" and self.project_id is None

    def sees(self, project: Project) -> bool:
        return self.project_id in (None, project.id)


@dataclass(frozen=True, slots=True)
class NewUser:
    """A user who was just made, with a password that cannot be shown again."""

    user: User
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Screen:
    """A pristine snapshot of a screen. Sizes are in the client's pixels, which may be fractions."""

    project_id: str
    environment: Environment
    screen: str
    content_type: str
    image: bytes
    app_version: str | None = None
    os: str | None = None
    device_width: float | None = None
    device_height: float | None = None
    scroll_offset_y: float | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A pristine snapshot that is kept, without the image, of which ``size`` is the bytes."""

    screen: str
    app_version: str | None
    os: str | None
    device_width: float | None
    device_height: float | None
    scroll_offset_y: float | None
    content_type: str
    size: int
    uploaded_at: datetime


@dataclass(frozen=True, slots=True)
class Picture:
    """The image of a snapshot."""

    content_type: str
    image: bytes
    uploaded_at: datetime


@dataclass(frozen=True, slots=True)
class Cohort:
    """A cohort without its members. ``definition`` is a dynamic one's, as it was sent, ``uses`` the
    cohorts that it refers to; its members are those of ``refreshed_at``, and ``problem`` says why
    they are not those of ``tried_at``. ``people_of`` is the question whose people a static one
    has."""

    id: str
    scope: Scope
    name: str
    kind: CohortKind
    definition: dict[str, Any] | None
    uses: tuple[str, ...]
    people_of: dict[str, Any] | None
    created_at: datetime
    changed_at: datetime
    tried_at: datetime | None
    refreshed_at: datetime | None
    problem: str | None
