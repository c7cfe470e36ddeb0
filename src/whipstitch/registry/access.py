"""Who may read: tokens of the query API."""

from sqlalchemy import select

from whipstitch.core.errors import RegistryError
from whipstitch.registry import credentials
from whipstitch.registry.lookup import checked_name, find_project
from whipstitch.registry.tables import ProjectRow, TokenRow
from whipstitch.registry.transactions import Transactions
from whipstitch.registry.values import NewToken, Role, Token, TokenHolder


class Access(Transactions):
    """The part of the registry that knows tokens; ingestion sees none of it."""

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

    def token_holder(self, token: str) -> TokenHolder | None:
        """What a token that is valid lets its holder do, else None."""
        digest = credentials.token_hash(token)
        with self._reading() as session:
            row = session.execute(
                select(TokenRow, ProjectRow.timezone)
                .join(ProjectRow, ProjectRow.id == TokenRow.project_id)
                .where(TokenRow.hash == digest, TokenRow.revoked_at.is_(None))
            ).one_or_none()
            if row is None:
                return None
            kept, timezone = row
            called = kept.name or f"token …{kept.ends_with}"
            return TokenHolder(kept.project_id, kept.role, timezone, called, kept.id)
