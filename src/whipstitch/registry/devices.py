"""Which browsers users have signed in with before. Nothing of it is kept: a word that the browser
has is signed with what is kept of the password, and so is good for one user, until the password
changes."""

import hashlib
import hmac
import secrets
from typing import Final

from whipstitch.registry.tables import UserRow
from whipstitch.registry.transactions import Transactions

_LONGEST: Final = 200


class Devices(Transactions):
    """The part of the registry that knows devices."""

    def new_device(self, email: str) -> str:
        """A word by which a device is known as that user's; blank where there is no such user."""
        number = secrets.token_urlsafe(16)
        signature = self._signature(email, number)
        return f"{number}.{signature}" if signature else ""

    def knows_device(self, email: str, word: str) -> bool:
        """Whether ``word`` was made for that user, and since the password last changed."""
        number, _, signature = word.partition(".")
        if not signature or len(word) > _LONGEST or not word.isascii():
            return False
        right = self._signature(email, number)
        return right is not None and hmac.compare_digest(right, signature)

    def _signature(self, email: str, number: str) -> str | None:
        with self._reading() as session:
            row = session.get(UserRow, email.strip().lower())
            if row is None:
                return None
            return hmac.new(row.password_hash.encode(), number.encode(), hashlib.sha256).hexdigest()
