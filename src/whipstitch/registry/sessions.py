"""Who is signed in to the dashboard."""

from datetime import timedelta

from sqlalchemy import delete, select

from whipstitch.registry import credentials
from whipstitch.registry.tables import SessionRow, UserRow
from whipstitch.registry.transactions import Transactions
from whipstitch.registry.values import User

IDLE = timedelta(days=14)
"""A session that nobody used for so long is over."""
LONGEST = timedelta(days=90)
"""However much it is used."""
_NOTICED = timedelta(minutes=10)
"""How exactly use is noted: not every page needs to write."""


class SignInSessions(Transactions):
    """The part of the registry that knows sessions. Only the hash of a session's secret is kept."""

    def start_session(self, email: str) -> str:
        """The secret of a new session of a user. Sessions that are over go."""
        secret = credentials.new_session()
        now = self._now()
        with self._storing() as session:
            session.execute(
                delete(SessionRow).where(
                    (SessionRow.used_at < now - IDLE) | (SessionRow.created_at < now - LONGEST)
                )
            )
            session.add(
                SessionRow(
                    hash=credentials.token_hash(secret), email=email, created_at=now, used_at=now
                )
            )
        return secret

    def session_user(self, secret: str) -> User | None:
        """Whose session it is, as long as it lasts; counts as use of it."""
        digest = credentials.token_hash(secret)
        now = self._now()
        with self._reading() as session:
            found = session.execute(
                select(SessionRow, UserRow)
                .join(UserRow, UserRow.email == SessionRow.email)
                .where(SessionRow.hash == digest)
            ).one_or_none()
            if found is None:
                return None
            kept, user = found
            if kept.used_at < now - IDLE or kept.created_at < now - LONGEST:
                return None
            used_at, value = kept.used_at, user.value()
        if used_at < now - _NOTICED:
            with self._storing() as session:
                if (row := session.get(SessionRow, digest)) is not None:
                    row.used_at = now
        return value

    def end_session(self, secret: str) -> None:
        """Signs out; nothing where the session is over."""
        with self._storing() as session:
            session.execute(
                delete(SessionRow).where(SessionRow.hash == credentials.token_hash(secret))
            )
