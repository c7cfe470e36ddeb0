"""The registry's tables; ``all_tables`` has those of other modules, too. A change here needs a
migration beside it (a test compares the two).

One list of all tables; so it is long."""

from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    String,
    TypeDecorator,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from whipstitch.core.projects import Environment, Malformed, Project, Repeats, Scope, SqlUser
from whipstitch.registry.values import (
    Cohort,
    CohortKind,
    Key,
    Role,
    SqlAccount,
    Token,
    User,
)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time, in UTC; SQLite keeps no zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    # Both are given what they do not need, as SQLAlchemy calls them.

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None or value.tzinfo is None:
            return value and value.replace(tzinfo=UTC)
        return value.astimezone(UTC)


class Base(DeclarativeBase):
    """What the tables share."""

    type_annotation_map: ClassVar = {
        Environment: String,
        Role: String,
        CohortKind: String,
        datetime: UtcDateTime,
        float: Double,
    }


class ProjectRow(Base):
    """A project; its allowlists are JSON arrays of text."""

    __tablename__ = "projects"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    domains: Mapped[list[str]] = mapped_column(JSON)
    ips: Mapped[list[str]] = mapped_column(JSON)
    rate_limit: Mapped[int | None]
    timezone: Mapped[str] = mapped_column(server_default="UTC")
    malformed: Mapped[Malformed] = mapped_column(String, server_default="refuse")
    address_rate_limit: Mapped[int | None]
    repeats: Mapped[Repeats] = mapped_column(String, server_default="keep")
    created_at: Mapped[datetime]

    def value(self) -> Project:
        """The row, frozen."""
        return Project(
            self.id,
            self.name,
            tuple(self.domains),
            tuple(self.ips),
            self.rate_limit,
            self.timezone,
            self.malformed,
            self.address_rate_limit,
            self.repeats,
        )


class KeyRow(Base):
    """An ingestion key."""

    __tablename__ = "ingestion_keys"

    id: Mapped[str] = mapped_column(primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"), index=True)
    environment: Mapped[Environment]
    key: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]

    project: Mapped[ProjectRow] = relationship()

    def value(self) -> Key:
        """The row, frozen."""
        return Key(
            self.id,
            self.key,
            self.project_id,
            self.environment,
            self.created_at,
            self.revoked_at,
        )


class TokenRow(Base):
    """A token of the query API, by its SHA-256 in hexadecimal."""

    __tablename__ = "tokens"

    id: Mapped[str] = mapped_column(primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"), index=True)
    role: Mapped[Role]
    name: Mapped[str | None]
    hash: Mapped[str] = mapped_column(unique=True)
    ends_with: Mapped[str]
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]

    def value(self) -> Token:
        """The row, frozen and without the hash."""
        return Token(
            self.id,
            self.project_id,
            self.role,
            self.name,
            self.ends_with,
            self.created_at,
            self.revoked_at,
        )


class UserRow(Base):
    """Somebody who may sign in; the e-mail address is lower-case."""

    __tablename__ = "users"

    email: Mapped[str] = mapped_column(primary_key=True)
    password_hash: Mapped[str]
    role: Mapped[Role]
    created_at: Mapped[datetime]
    project_id: Mapped[str | None] = mapped_column(ForeignKey("projects.id"))

    def value(self) -> User:
        """The row, frozen and without the hash."""
        return User(self.email, self.role, self.created_at, self.project_id)


class SqlUserRow(Base):
    """A ClickHouse user for a BI tool."""

    __tablename__ = "sql_users"

    name: Mapped[str] = mapped_column(primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"), index=True)
    password_sha256: Mapped[str]
    created_at: Mapped[datetime]

    def value(self) -> SqlAccount:
        """The row, frozen and without the hash."""
        return SqlAccount(self.name, self.project_id, self.created_at)

    def user(self) -> SqlUser:
        """As ClickHouse is to know them."""
        return SqlUser(self.name, self.project_id, self.password_sha256)


class SessionRow(Base):
    """Somebody's being signed in, by the SHA-256 of the session's secret in hexadecimal."""

    __tablename__ = "sessions"

    hash: Mapped[str] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(ForeignKey("users.email"), index=True)
    created_at: Mapped[datetime]
    used_at: Mapped[datetime]


class ScreenRow(Base):
    """A screen's pristine snapshot. No app version or os is the empty text: NULL would be unequal
    to itself, and an upload would not replace the one before."""

    __tablename__ = "screens"

    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"), primary_key=True)
    environment: Mapped[Environment] = mapped_column(primary_key=True)
    screen: Mapped[str] = mapped_column(primary_key=True)
    app_version: Mapped[str] = mapped_column(primary_key=True)
    os: Mapped[str] = mapped_column(primary_key=True)
    device_width: Mapped[float | None]
    device_height: Mapped[float | None]
    scroll_offset_y: Mapped[float | None]
    content_type: Mapped[str]
    image: Mapped[bytes] = mapped_column(deferred=True)
    uploaded_at: Mapped[datetime]


class CohortRow(Base):
    """A cohort; ``uses`` is a JSON array of ids."""

    __tablename__ = "cohorts"

    id: Mapped[str] = mapped_column(primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"), index=True)
    environment: Mapped[Environment]
    name: Mapped[str]
    kind: Mapped[CohortKind]
    definition: Mapped[dict[str, Any] | None] = mapped_column(JSON, nullable=False)
    uses: Mapped[list[str]] = mapped_column(JSON)
    people_of: Mapped[dict[str, Any] | None] = mapped_column(
        JSON, nullable=False, server_default="null"
    )
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    tried_at: Mapped[datetime | None]
    refreshed_at: Mapped[datetime | None]
    problem: Mapped[str | None]

    def value(self) -> Cohort:
        """The row, frozen."""
        return Cohort(
            self.id,
            Scope(self.project_id, self.environment),
            self.name,
            self.kind,
            self.definition,
            tuple(self.uses),
            self.people_of,
            self.created_at,
            self.changed_at,
            self.tried_at,
            self.refreshed_at,
            self.problem,
        )


class LeaseRow(Base):
    """Who may do what one node at a time does, and until when."""

    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(primary_key=True)
    holder: Mapped[str]
    ends_at: Mapped[datetime]


class NodeRow(Base):
    """A node that accepts events, and how far it has stored them (see ``nodes``)."""

    __tablename__ = "nodes"

    name: Mapped[str] = mapped_column(primary_key=True)
    until: Mapped[int] = mapped_column(BigInteger)
    run: Mapped[str]
    seen_at: Mapped[datetime]
    cleared: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """None of those who were erased up to this acceptance is among the node's dead letters."""


class RejectionRow(Base):
    """How often ingestion rejected something for one cause in one hour. No project, where the key
    is not ours, is the empty text: NULL would be unequal to itself."""

    __tablename__ = "rejections"

    project_id: Mapped[str] = mapped_column(primary_key=True)
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    environment: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str] = mapped_column(primary_key=True)
    endpoint: Mapped[str] = mapped_column(primary_key=True)
    key_end: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger)
    last: Mapped[datetime]


class SecretRow(Base):
    """A secret that nodes share, in hexadecimal."""

    __tablename__ = "secrets"

    name: Mapped[str] = mapped_column(primary_key=True)
    secret: Mapped[str]
    created_at: Mapped[datetime]


class RevisionRow(Base):
    """One row, counted up by every transaction that changes what the running server sees."""

    __tablename__ = "revision"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int]
