"""The registry: what people set up, and every way to read or change it."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session, joinedload

from whipstitch.admission.screens import version_order
from whipstitch.errors import RegistryError
from whipstitch.projects import Directory, Environment, IngestionKey, Project, ScreenName
from whipstitch.registry import credentials
from whipstitch.registry.allowlists import normal_domains, normal_ips
from whipstitch.registry.database import connect, migrate, name_of, translated, writing
from whipstitch.registry.tables import (
    KeyRow,
    ProjectRow,
    RevisionRow,
    ScreenRow,
    TokenRow,
    UserRow,
)
from whipstitch.registry.values import (
    KEEP,
    Keep,
    Key,
    NewProject,
    NewToken,
    Role,
    Screen,
    Token,
    User,
)

_LONGEST_NAME = 200
_SHORTEST_PASSWORD = 8
# What a column of 32 bits holds.
_HIGHEST_RATE_LIMIT = 2**31 - 1


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Registry:
    """Projects, ingestion keys, tokens, users and screens in one database.

    Safe to use from several threads and processes. A method that returned has its change on the
    disk. Each raises RegistryUnavailable while the database does not answer, and the same call
    works again afterwards; and RegistryError, with the reason, for what cannot be done as asked.

    Where a ``project`` is asked for, its id or its name will do, if only one bears that name."""

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

    # Projects

    def create_project(self, name: str) -> NewProject:
        """A new project with one live and one test key. Names need not differ."""
        with self._changing() as session:
            row = ProjectRow(
                id=credentials.new_id("proj"),
                name=_checked_name(name, "project"),
                domains=[],
                ips=[],
                rate_limit=None,
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
            return _find(session, project).value()

    def set_project(
        self,
        project: str,
        *,
        domains: Iterable[str] | Keep = KEEP,
        ips: Iterable[str] | Keep = KEEP,
        rate_limit: int | None | Keep = KEEP,
    ) -> Project:
        """The project as it is now: with these authorized domains and IPs (none: everybody may
        send) and this many requests a minute and key (0: no limit, None: the server's setting)."""
        if isinstance(rate_limit, int) and not 0 <= rate_limit <= _HIGHEST_RATE_LIMIT:
            raise RegistryError(
                f"A rate limit is a number of requests a minute from 0 (no limit) to "
                f"{_HIGHEST_RATE_LIMIT}, not {rate_limit}."
            )
        with self._changing() as session:
            row = _find(session, project)
            if domains is not KEEP:
                row.domains = list(normal_domains(domains))
            if ips is not KEEP:
                row.ips = list(normal_ips(ips))
            if rate_limit is not KEEP:
                row.rate_limit = rate_limit
            return row.value()

    def is_empty(self) -> bool:
        """Whether no project was ever made."""
        with self._reading() as session:
            return session.scalar(select(ProjectRow.id).limit(1)) is None

    # Ingestion keys

    def create_key(self, project: str, environment: Environment) -> Key:
        """One more key; those before it stay valid."""
        with self._changing() as session:
            row = self._new_key(_find(session, project).id, environment)
            session.add(row)
            return row.value()

    def list_keys(self, project: str) -> list[Key]:
        """The project's keys, oldest first, revoked ones among them."""
        with self._reading() as session:
            owner = _find(session, project).id
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

    # Tokens of the query API

    def create_token(self, project: str, role: Role, name: str | None = None) -> NewToken:
        """A token that reads one project. Only its hash is kept."""
        secret = credentials.new_token()
        with self._storing() as session:
            row = TokenRow(
                id=credentials.new_id("tok"),
                project_id=_find(session, project).id,
                role=role,
                name=None if name is None else _checked_name(name, "token"),
                hash=credentials.token_hash(secret),
                ends_with=secret[-4:],
                created_at=self._now(),
                revoked_at=None,
            )
            session.add(row)
            return NewToken(row.value(), secret)

    def list_tokens(self, project: str) -> list[Token]:
        """The project's tokens, oldest first, revoked ones among them."""
        with self._reading() as session:
            owner = _find(session, project).id
            rows = session.scalars(
                select(TokenRow)
                .where(TokenRow.project_id == owner)
                .order_by(TokenRow.created_at, TokenRow.id)
            )
            return [row.value() for row in rows]

    def revoke_token(self, token: str) -> Token:
        """The token of that value or id, revoked."""
        with self._storing() as session:
            digest = credentials.token_hash(token)
            row = session.scalar(
                select(TokenRow).where((TokenRow.hash == digest) | (TokenRow.id == token))
            )
            if row is None:
                raise RegistryError(
                    "There is no such token. `whipstitch token list PROJECT` shows a project's "
                    "tokens."
                )
            row.revoked_at = row.revoked_at or self._now()
            return row.value()

    def token_holder(self, token: str) -> tuple[str, Role] | None:
        """``(project id, role)`` of a token that is valid, else None."""
        digest = credentials.token_hash(token)
        with self._reading() as session:
            row = session.execute(
                select(TokenRow.project_id, TokenRow.role).where(
                    TokenRow.hash == digest, TokenRow.revoked_at.is_(None)
                )
            ).one_or_none()
            return None if row is None else (row.project_id, row.role)

    # Users

    def create_user(self, email: str, password: str, role: Role = "admin") -> User:
        """Somebody who may sign in. Addresses are compared in lower case."""
        address = email.strip().lower()
        local, at, domain = address.rpartition("@")
        if not (at and local and domain) or any(character.isspace() for character in address):
            raise RegistryError(f"{email!r} is no e-mail address.")
        if len(password) < _SHORTEST_PASSWORD:
            raise RegistryError(f"A password has at least {_SHORTEST_PASSWORD} characters.")
        kept = credentials.password_hash(password)
        with self._storing() as session:
            if session.get(UserRow, address) is not None:
                raise RegistryError(f"There is a user {address} already.")
            row = UserRow(email=address, password_hash=kept, role=role, created_at=self._now())
            session.add(row)
            return row.value()

    def check_password(self, email: str, password: str) -> User | None:
        """The user who signs in so, else None. Takes some 50 ms, deliberately."""
        with self._reading() as session:
            row = session.get(UserRow, email.strip().lower())
            user = row and row.value()
            kept = row and row.password_hash
        return user if credentials.is_password(password, kept) else None

    # What ingestion sees

    def save_screen(self, screen: Screen) -> None:
        """Keeps a pristine snapshot, in the place of one of the same screen, app version and
        os."""
        with self._changing() as session:
            session.merge(
                ScreenRow(
                    project_id=screen.project_id,
                    environment=screen.environment,
                    screen=screen.screen,
                    app_version=screen.app_version or "",
                    os=screen.os or "",
                    device_width=screen.device_width,
                    device_height=screen.device_height,
                    scroll_offset_y=screen.scroll_offset_y,
                    content_type=screen.content_type,
                    image=screen.image,
                    uploaded_at=self._now(),
                )
            )

    def directory(self) -> Directory:
        """What ingestion needs to know: the keys that are valid and the screens that are there."""
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
        return Directory(keys, screens)

    def revision(self) -> int:
        """A number that grows whenever :meth:`directory` changes."""
        with self._reading() as session:
            return session.scalars(select(RevisionRow.number)).one()

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
        """A transaction that changes what ingestion sees. Counting first makes such transactions
        follow one another, so that each decides on what the one before it left."""
        with self._storing() as session:
            session.execute(update(RevisionRow).values(number=RevisionRow.number + 1))
            yield session

    def _new_key(self, project_id: str, environment: Environment) -> KeyRow:
        return KeyRow(
            id=credentials.new_id("key"),
            project_id=project_id,
            environment=environment,
            key=credentials.new_key(environment),
            created_at=self._now(),
            revoked_at=None,
        )


def _find(session: Session, project: str) -> ProjectRow:
    row = session.get(ProjectRow, project)
    if row is not None:
        return row
    named = session.scalars(select(ProjectRow).where(ProjectRow.name == project)).all()
    if not named:
        raise RegistryError(
            f"There is no project {project!r}. `whipstitch project list` shows them all."
        )
    if len(named) > 1:
        ids = ", ".join(sorted(row.id for row in named))
        raise RegistryError(f"{len(named)} projects are named {project!r}: use an id ({ids}).")
    return named[0]


def _checked_name(name: str, kind: str) -> str:
    trimmed = name.strip()
    if not trimmed or len(trimmed) > _LONGEST_NAME or not trimmed.isprintable():
        raise RegistryError(
            f"The name of a {kind} has 1 to {_LONGEST_NAME} characters, all of them printable."
        )
    return trimmed
