"""Secrets that the nodes of an installation share: made where one is first asked for."""

import secrets
from datetime import date

from sqlalchemy import delete, select

from whipstitch.registry.tables import SecretRow
from whipstitch.registry.transactions import Transactions

_BYTES = 32


class Secrets(Transactions):
    """Secrets by name."""

    def secret_of_day(self, name: str, day: date) -> bytes:
        """``secret``, for one day; those of the days before it go."""
        own = f"{name} {day.isoformat()}"
        secret = self.secret(own)
        of_name = SecretRow.name.startswith(f"{name} ", autoescape=True)
        with self._storing() as session:
            session.execute(delete(SecretRow).where(of_name, SecretRow.name < own))
        return secret

    def secret(self, name: str) -> bytes:
        """32 random bytes: for one name always the same ones."""
        asked = select(SecretRow.secret).where(SecretRow.name == name)
        with self._reading() as session:
            kept = session.scalar(asked)
        if kept is None:
            with self._storing() as session:
                session.execute(
                    self._insert(SecretRow)
                    .values(name=name, secret=secrets.token_hex(_BYTES), created_at=self._now())
                    .on_conflict_do_nothing()
                )
                kept = session.scalars(asked).one()
        return bytes.fromhex(kept)
