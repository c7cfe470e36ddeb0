"""Who may read with a BI tool: users of ClickHouse itself.

ClickHouse learns of them from its configuration (``warehouse/local/users.py``)."""

import hashlib
import re
import secrets
from collections.abc import Iterator
from itertools import count
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from whipstitch.core.errors import RegistryError
from whipstitch.registry.lookup import find_project
from whipstitch.registry.tables import SqlUserRow
from whipstitch.registry.transactions import Transactions
from whipstitch.registry.values import NewSqlUser, SqlAccount

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")
_TAKEN: Final = frozenset({"default", "whipstitch"})
"""Users that ClickHouse has anyway."""
_NO_LETTERS: Final = re.compile(r"[^a-z0-9]+")


class SqlUsers(Transactions):
    """The part of the registry that knows users for BI tools."""

    def create_sql_user(self, project: str, name: str | None = None) -> NewSqlUser:
        """A user who reads one project; without ``name`` called after the project. Only a hash of
        the password is kept.

        Raises:
            RegistryError: there is no such project, or the name is taken or none.
        """
        password = secrets.token_urlsafe(24)
        with self._changing() as session:
            owner = find_project(session, project)
            row = SqlUserRow(
                name=_free_name(session, owner.name) if name is None else _checked(session, name),
                project_id=owner.id,
                password_sha256=hashlib.sha256(password.encode()).hexdigest(),
                created_at=self._now(),
            )
            session.add(row)
            return NewSqlUser(row.value(), password)

    def list_sql_users(self) -> list[SqlAccount]:
        """The users of all projects, oldest first."""
        with self._reading() as session:
            rows = session.scalars(
                select(SqlUserRow).order_by(SqlUserRow.created_at, SqlUserRow.name)
            )
            return [row.value() for row in rows]

    def delete_sql_user(self, name: str) -> SqlAccount:
        """Takes a user away; returns who it was.

        Raises:
            RegistryError: there is no such user.
        """
        with self._changing() as session:
            row = session.get(SqlUserRow, name)
            if row is None:
                raise RegistryError(
                    f"There is no SQL user {name!r}. `whipstitch sql user list` shows them all."
                )
            session.delete(row)
            return row.value()


def _checked(session: Session, name: str) -> str:
    if not _NAME.fullmatch(name):
        raise RegistryError(
            f"{name!r} cannot name a SQL user: take up to 63 of a-z, 0-9 and _, a letter first."
        )
    if not _is_free(session, name):
        raise RegistryError(f"There is a SQL user {name} already.")
    return name


def _free_name(session: Session, project: str) -> str:
    return next(name for name in _names(project) if _is_free(session, name))


def _names(project: str) -> Iterator[str]:
    """Names after a project's: ``my_shop``, ``my_shop_2`` …"""
    letters = _NO_LETTERS.sub("_", project.lower()).lstrip("_0123456789")[:50].rstrip("_")
    name = letters or "sql"
    yield name
    yield from (f"{name}_{number}" for number in count(2))


def _is_free(session: Session, name: str) -> bool:
    return name not in _TAKEN and session.get(SqlUserRow, name) is None
