"""Looks at passwords, so that guessing is slow, and so that who guesses keeps nobody else out."""

import asyncio
import hashlib
from datetime import timedelta
from typing import Final, NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from whipstitch.core.addresses import TrustedProxies, client_ip, network_of
from whipstitch.core.turns import Claim, NoRoom, Turns
from whipstitch.registry.store import Registry
from whipstitch.registry.values import User
from whipstitch.web.auth.browser_policy import is_https
from whipstitch.web.auth.sessions import SignedIn
from whipstitch.web.dashboard.attempts import Attempts, TooManyAttempts

DEVICE_COOKIE: Final = "whipstitch_device"
_DEVICE_LASTS: Final = timedelta(days=365)
_MOST_HELD: Final = 200
"""Attempts that wait for their time."""
_BUSY_SECONDS: Final = 5.0


class Source(NamedTuple):
    """Where an attempt comes from. ``known``: somebody who may sign in has been there."""

    name: str
    known: bool


class Passwords:
    """Looks at one password of strangers at a time and one of those who were here before, since
    each takes 64 MB and a core."""

    def __init__(self, registry: Registry, trusted_proxies: TrustedProxies) -> None:
        self._registry = registry
        self._trusted_proxies = trusted_proxies
        self._attempts = Attempts()
        self._held = 0
        self._strangers = Turns(1, waiting=60, waiting_each=5)
        self._known = Turns(1, waiting=60, waiting_each=5)

    async def check(self, request: Request, email: str, password: str) -> User | None:
        """Whose password it is, None: nobody's.

        Raises:
            TooManyAttempts, RegistryUnavailable
        """
        return await self._check(await self._source(request, email), email, password)

    async def check_own(self, session: SignedIn, password: str) -> bool:
        """Whether it is the password of who is signed in. Raises as ``check``."""
        digest = hashlib.sha256(session.secret.encode()).hexdigest()
        source = Source(f"session {digest}", known=True)
        return await self._check(source, session.user.email, password) is not None

    async def remember(self, request: Request, response: Response, email: str) -> None:
        """The browser is known from now on as one that this user signed in with."""
        word = request.cookies.get(DEVICE_COOKIE, "")
        known = await run_in_threadpool(self._registry.knows_device, email, word)
        if not known:
            word = await run_in_threadpool(self._registry.new_device, email)
        response.set_cookie(
            DEVICE_COOKIE,
            word,
            max_age=int(_DEVICE_LASTS / timedelta(seconds=1)),
            path="/sign-in",
            httponly=True,
            samesite="lax",
            secure=is_https(request),
        )

    async def _check(self, source: Source, email: str, password: str) -> User | None:
        account = email.strip().lower()[:200]
        await self._wait(source, account)
        turns = self._known if source.known else self._strangers
        try:
            async with turns.turn(Claim(source.name, 1)):
                user = await run_in_threadpool(self._registry.check_password, email, password)
        except NoRoom:
            self._attempts.unused(source.name)
            raise TooManyAttempts(_BUSY_SECONDS) from None
        if user is not None:
            self._attempts.right(source.name, account)
        return user

    async def _wait(self, source: Source, account: str) -> None:
        seconds = self._attempts.begin(source.name, account)
        if not seconds:
            return
        if self._held >= _MOST_HELD:
            self._attempts.unused(source.name)
            raise TooManyAttempts(_BUSY_SECONDS)
        self._held += 1
        try:
            await asyncio.sleep(seconds)
        finally:
            self._held -= 1

    async def _source(self, request: Request, email: str) -> Source:
        word = request.cookies.get(DEVICE_COOKIE, "")
        if word:
            known = await run_in_threadpool(self._registry.knows_device, email, word)
            if known:
                return Source(f"device {word}", known=True)
        peer = request.client.host if request.client else ""
        forwarded = ",".join(request.headers.getlist("x-forwarded-for")) or None
        return Source(network_of(client_ip(peer, forwarded, self._trusted_proxies)), known=False)
