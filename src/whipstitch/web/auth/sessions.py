"""Signed-in requests: the dashboard's cookie, and the proof that a page of ours sent them.

A browser adds the cookie to whatever is sent here, whoever's page sends it. So what changes
something must hold a second word, which only a page of ours can read: it is made of the session's
secret, and so is good for this session alone."""

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection

from whipstitch.registry.store import Registry
from whipstitch.registry.values import User

COOKIE: Final = "whipstitch_session"
CSRF_HEADER: Final = "x-csrf-token"
PROJECT_HEADER: Final = "x-whipstitch-project"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who is signed in, and the secret of their session."""

    user: User
    secret: str = field(repr=False)

    @property
    def csrf_token(self) -> str:
        return hmac.new(self.secret.encode(), b"csrf", hashlib.sha256).hexdigest()

    def vouches_for(self, csrf_token: str) -> bool:
        """Whether a page of this session sent it."""
        return hmac.compare_digest(self.csrf_token.encode(), csrf_token.encode("utf-8", "replace"))


async def signed_in(request: HTTPConnection, registry: Registry) -> SignedIn | None:
    """Whose session the request's cookie names. Raises RegistryUnavailable."""
    secret = request.cookies.get(COOKIE)
    if not secret:
        return None
    user = await run_in_threadpool(registry.session_user, secret)
    return None if user is None else SignedIn(user, secret)
