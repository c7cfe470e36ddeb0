"""Who may read: tokens of the query API and users of the dashboard."""

from sqlalchemy import select

from whipstitch.errors import RegistryError
from whipstitch.registry import credentials
from whipstitch.registry.lookup import checked_name, find_project
from whipstitch.registry.tables import TokenRow, UserRow
from whipstitch.registry.transactions import Transactions
from whipstitch.registry.values import NewToken, Role, Token, User

_SHORTEST_PASSWORD = 8


class Access(Transactions):
    """The part of the registry that knows tokens and users; ingestion sees none of it."""

    # Tokens of the query API

    def create_token(self, project: str, role: Role, name: str | None = None) -> NewToken:
        """A token that reads one project. Only its hash is kept."""
        secret = credentials.new_token()
        with self._storing() as session:
            row = TokenRow(
                id=credentials.new_id("tok"),
                project_id=find_project(session, project).id,
                role=role,
                name=None if name is None else checked_name(name, "token"),
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
            owner = find_project(session, project).id
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
        kept = None if row is None else row.password_hash
        right = credentials.is_password(password, kept)
        return row.value() if row is not None and right else None
