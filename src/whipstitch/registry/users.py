"""Who may sign in to the dashboard."""

import secrets

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from whipstitch.core.errors import RegistryError
from whipstitch.registry import credentials
from whipstitch.registry.lookup import find_project
from whipstitch.registry.tables import SessionRow, UserRow
from whipstitch.registry.transactions import Transactions
from whipstitch.registry.values import NewUser, Role, User

_SHORTEST_PASSWORD = 8
_LONGEST_PASSWORD = 1000


class Users(Transactions):
    """The part of the registry that knows users. Addresses are compared in lower case."""

    def create_user(
        self, email: str, password: str, role: Role = "admin", project: str | None = None
    ) -> User:
        """Somebody who may sign in, and sees one project or (None) all."""
        address = email.strip().lower()
        local, at, domain = address.rpartition("@")
        if (
            not (at and local and domain)
            or not address.isprintable()
            or any(character.isspace() for character in address)
        ):
            raise RegistryError(f"{email!r} is no e-mail address.")
        kept = _kept(password)
        with self._storing() as session:
            if session.get(UserRow, address) is not None:
                raise RegistryError(f"There is a user {address} already.")
            row = UserRow(
                email=address,
                password_hash=kept,
                role=role,
                created_at=self._now(),
                project_id=None if project is None else find_project(session, project).id,
            )
            session.add(row)
            return row.value()

    def invite_user(self, email: str, role: Role, project: str | None = None) -> NewUser:
        """Somebody who may sign in, with a password to be told once; see ``create_user``."""
        password = _new_password()
        return NewUser(self.create_user(email, password, role, project), password)

    def reset_password(self, email: str) -> NewUser:
        """The user with a new password to be told once, which ends all their sessions."""
        password = _new_password()
        return NewUser(self.set_password(email, password), password)

    def list_users(self) -> list[User]:
        """All users, oldest first."""
        with self._reading() as session:
            rows = session.scalars(select(UserRow).order_by(UserRow.created_at, UserRow.email))
            return [row.value() for row in rows]

    def check_password(self, email: str, password: str) -> User | None:
        """The user who signs in so, else None. Takes some 50 ms, deliberately."""
        with self._reading() as session:
            row = session.get(UserRow, email.strip().lower())
        kept = None if row is None else row.password_hash
        right = credentials.is_password(password, kept)
        return row.value() if row is not None and right else None

    def set_role(self, email: str, role: Role) -> User:
        """The user with another role. The last admin stays one."""
        with self._storing() as session:
            row = _find(session, email)
            if role != "admin":
                _refuse_if_last_admin(session, row)
            row.role = role
            return row.value()

    def set_password(self, email: str, password: str) -> User:
        """Gives the user another password, which ends all their sessions."""
        kept = _kept(password)
        with self._storing() as session:
            row = _find(session, email)
            row.password_hash = kept
            session.execute(delete(SessionRow).where(SessionRow.email == row.email))
            return row.value()

    def delete_user(self, email: str) -> User:
        """Takes the user and their sessions away. The last admin stays."""
        with self._storing() as session:
            row = _find(session, email)
            _refuse_if_last_admin(session, row)
            user = row.value()
            session.execute(delete(SessionRow).where(SessionRow.email == row.email))
            session.delete(row)
            return user


def _new_password() -> str:
    return secrets.token_urlsafe(12)


def _kept(password: str) -> str:
    if not _SHORTEST_PASSWORD <= len(password) <= _LONGEST_PASSWORD:
        raise RegistryError(
            f"A password has at least {_SHORTEST_PASSWORD} characters"
            f" (and at most {_LONGEST_PASSWORD})."
        )
    return credentials.password_hash(password)


def _find(session: Session, email: str) -> UserRow:
    row = session.get(UserRow, email.strip().lower())
    if row is None:
        raise RegistryError(f"There is no user {email}.")
    return row


def _refuse_if_last_admin(session: Session, row: UserRow) -> None:
    # Locked, so that two admins who demote each other at one moment do not both succeed.
    of_all = (UserRow.role == "admin", UserRow.project_id.is_(None))
    admins = session.scalars(select(UserRow).where(*of_all).with_for_update())
    if [admin.email for admin in admins] == [row.email]:
        raise RegistryError(
            f"{row.email} is the only admin of all projects: make somebody else one first, or "
            "nobody could look after this installation."
        )
