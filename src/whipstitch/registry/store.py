"""The registry: what people set up, and every way to read or change it."""

from collections.abc import Iterable

from msgspec import UNSET, UnsetType
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from whipstitch.core.errors import RegistryError
from whipstitch.core.projects import Environment, IngestionKey, Project, ProjectSnapshot, ScreenName
from whipstitch.core.versions import version_order
from whipstitch.registry import credentials
from whipstitch.registry.access import Access
from whipstitch.registry.allowlists import normal_domains, normal_ips
from whipstitch.registry.boards import Boards
from whipstitch.registry.cohorts import Cohorts
from whipstitch.registry.devices import Devices
from whipstitch.registry.leases import Leases
from whipstitch.registry.lookup import (
    checked_malformed,
    checked_name,
    checked_repeats,
    checked_timezone,
    find_project,
)
from whipstitch.registry.meanings import Meanings
from whipstitch.registry.nodes import Nodes
from whipstitch.registry.questions import Questions
from whipstitch.registry.rejections import RejectionCounts
from whipstitch.registry.screens import Screens
from whipstitch.registry.secrets import Secrets
from whipstitch.registry.sessions import SignInSessions
from whipstitch.registry.sql_users import SqlUsers
from whipstitch.registry.tables import KeyRow, ProjectRow, RevisionRow, ScreenRow, SqlUserRow
from whipstitch.registry.users import Users
from whipstitch.registry.values import Key, NewProject

# What a column of 32 bits holds.
_HIGHEST_RATE_LIMIT = 2**31 - 1


class Registry(
    Access,
    SqlUsers,
    Users,
    SignInSessions,
    Devices,
    Cohorts,
    Questions,
    Boards,
    Meanings,
    Screens,
    Leases,
    Nodes,
    Secrets,
    RejectionCounts,
):
    """Projects, ingestion keys, tokens, users and screens in one database.

    Safe to use from several threads and processes. A method that returned has its change on the
    disk. Each raises RegistryUnavailable while the database does not answer, and the same call
    works again afterwards; and RegistryError, with the reason, for what cannot be done as asked.

    Where a ``project`` is asked for, its id or its name will do, if only one bears that name."""

    # Projects

    def create_project(self, name: str, timezone: str = "UTC") -> NewProject:
        """A new project with one live and one test key. Names need not differ."""
        with self._changing() as session:
            row = ProjectRow(
                id=credentials.new_id("proj"),
                name=checked_name(name, "project"),
                domains=[],
                ips=[],
                rate_limit=None,
                timezone=checked_timezone(timezone),
                created_at=self._now(),
            )
            session.add(row)
            session.flush()
            live, test = (self._new_key(row.id, environment) for environment in ("live", "test"))
            session.add_all([live, test])
            return NewProject(row.value(), live.value(), test.value())

    def list_projects(self) -> list[Project]:
        """All projects, oldest first."""
        with self._reading() as session:
            rows = session.scalars(
                select(ProjectRow).order_by(ProjectRow.created_at, ProjectRow.id)
            )
            return [row.value() for row in rows]

    def find_project(self, project: str) -> Project:
        """The project of that id or name."""
        with self._reading() as session:
            return find_project(session, project).value()

    def set_project(
        self,
        project: str,
        *,
        name: str | UnsetType = UNSET,
        domains: Iterable[str] | UnsetType = UNSET,
        ips: Iterable[str] | UnsetType = UNSET,
        rate_limit: int | UnsetType | None = UNSET,
        timezone: str | UnsetType = UNSET,
        malformed: str | UnsetType = UNSET,
        address_rate_limit: int | UnsetType | None = UNSET,
        repeats: str | UnsetType = UNSET,
    ) -> Project:
        """The project as it is now: with this name, these authorized domains and IPs (none:
        everybody may send), this many requests a minute and key, and of a key from one address (0:
        no limit, None: the server's setting), days that begin in this time zone, and these ways
        with malformed operations and those that repeat others."""
        for limit in (rate_limit, address_rate_limit):
            if isinstance(limit, int) and not 0 <= limit <= _HIGHEST_RATE_LIMIT:
                raise RegistryError(
                    f"A rate limit is a number of requests a minute from 0 (no limit) to "
                    f"{_HIGHEST_RATE_LIMIT}, not {limit}."
                )
        with self._changing() as session:
            row = find_project(session, project)
            if name is not UNSET:
                row.name = checked_name(name, "project")
            if domains is not UNSET:
                row.domains = list(normal_domains(domains))
            if ips is not UNSET:
                row.ips = list(normal_ips(ips))
            if rate_limit is not UNSET:
                row.rate_limit = rate_limit
            if timezone is not UNSET:
                row.timezone = checked_timezone(timezone)
            if malformed is not UNSET:
                row.malformed = checked_malformed(malformed)
            if address_rate_limit is not UNSET:
                row.address_rate_limit = address_rate_limit
            if repeats is not UNSET:
                row.repeats = checked_repeats(repeats)
            return row.value()

    def is_empty(self) -> bool:
        """Whether no project was ever made."""
        with self._reading() as session:
            return session.scalar(select(ProjectRow.id).limit(1)) is None

    # Ingestion keys

    def create_key(self, project: str, environment: Environment) -> Key:
        """One more key; those before it stay valid."""
        with self._changing() as session:
            row = self._new_key(find_project(session, project).id, environment)
            session.add(row)
            return row.value()

    def list_keys(self, project: str) -> list[Key]:
        """The project's keys, oldest first, revoked ones among them."""
        with self._reading() as session:
            owner = find_project(session, project).id
            rows = session.scalars(
                select(KeyRow)
                .where(KeyRow.project_id == owner)
                .order_by(KeyRow.created_at, KeyRow.environment, KeyRow.id)
            )
            return [row.value() for row in rows]

    def revoke_key(self, key: str) -> Key:
        """The key of that value or id, revoked; one that was revoked before keeps its time."""
        with self._changing() as session:
            row = session.scalar(select(KeyRow).where((KeyRow.key == key) | (KeyRow.id == key)))
            if row is None:
                raise RegistryError(
                    "There is no such key. `whipstitch key list PROJECT` shows a project's keys."
                )
            row.revoked_at = row.revoked_at or self._now()
            return row.value()

    # What the running server sees

    def directory(self) -> ProjectSnapshot:
        """The keys that are valid, the screens that are there, and the users for BI tools."""
        with self._reading() as session:
            keys = {
                row.key: IngestionKey(row.key, row.project.value(), row.environment)
                for row in session.scalars(
                    select(KeyRow)
                    .where(KeyRow.revoked_at.is_(None))
                    .options(joinedload(KeyRow.project, innerjoin=True))
                )
            }
            screens: dict[ScreenName, str | None] = {}
            for project, environment, screen, version in session.execute(
                select(
                    ScreenRow.project_id,
                    ScreenRow.environment,
                    ScreenRow.screen,
                    ScreenRow.app_version,
                ).distinct()
            ):
                name: ScreenName = (project, environment, screen)
                screens[name] = max(screens.get(name), version or None, key=version_order)
            users = session.scalars(select(SqlUserRow).order_by(SqlUserRow.name))
            sql_users = tuple(row.user() for row in users)
        return ProjectSnapshot(keys, screens, sql_users)

    def revision(self) -> int:
        """A number that grows whenever :meth:`directory` changes."""
        with self._reading() as session:
            return session.scalars(select(RevisionRow.number)).one()

    def _new_key(self, project_id: str, environment: Environment) -> KeyRow:
        return KeyRow(
            id=credentials.new_id("key"),
            project_id=project_id,
            environment=environment,
            key=credentials.new_key(environment),
            created_at=self._now(),
            revoked_at=None,
        )
