"""Makes ids, keys and tokens, and the forms in which they are kept."""

import hashlib
import secrets
import string
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from whipstitch.core.projects import Environment

_ALPHABET = string.ascii_letters + string.digits
_hasher = PasswordHasher()


def new_id(kind: str) -> str:
    """``kind_`` + 21 letters and digits: 125 random bits, and a double click selects all of it."""
    return f"{kind}_{''.join(secrets.choice(_ALPHABET) for _ in range(21))}"


def new_key(environment: Environment) -> str:
    """An ingestion key: ``sk_live_`` or ``sk_test_`` + 32 hexadecimal digits."""
    return f"sk_{environment}_{secrets.token_hex(16)}"


def new_token() -> str:
    """A token of the query API. The prefix lets scanners of leaked secrets know it."""
    return f"wst_{secrets.token_urlsafe(32)}"


def new_session() -> str:
    """The secret of a session of the dashboard, which a cookie holds."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """The form in which a token is kept and found. A slow hash would protect 256 random bits no
    better, and comparing hashes tells by its time nothing about the token."""
    return hashlib.sha256(_bytes(token)).hexdigest()


def password_hash(password: str) -> str:
    """The argon2id form of ``password``, salt and costs included."""
    return _hasher.hash(_bytes(password))


def is_password(password: str, kept: str | None) -> bool:
    """Whether ``kept`` was made of ``password``. Without ``kept`` it takes as long and is false, so
    that the time does not tell which accounts exist."""
    try:
        return _hasher.verify(kept or _nobodys(), _bytes(password)) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobodys() -> str:
    return password_hash(secrets.token_hex())


def _bytes(secret: str) -> bytes:
    # What somebody else sent may hold lone surrogates: then it is wrong, but no reason to fail.
    return secret.encode("utf-8", "surrogatepass")
