"""Signing in and out."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from whipstitch.admission.rate_limit import RateLimiter
from whipstitch.api.sessions import COOKIE, signed_in
from whipstitch.dashboard.forms import read_form
from whipstitch.dashboard.installation import Installation
from whipstitch.dashboard.pages import BOARD, FIRST
from whipstitch.dashboard.rendering import Renderer
from whipstitch.dashboard.security import is_https
from whipstitch.dashboard.visits import Visit, sign_in_first
from whipstitch.enrichment.addresses import TrustedProxies, client_ip
from whipstitch.errors import StorageUnavailable, WhipstitchError
from whipstitch.projects import Scope
from whipstitch.registry.sessions import LONGEST
from whipstitch.registry.store import Registry
from whipstitch.registry.values import User

_TRIES: Final = 10
"""A minute, from one address, and for one account."""
_AT_ONCE: Final = 2
"""Passwords checked at one time: each takes 64 MB and a core."""
_WRONG: Final = "E-mail address or password are not right."


class TooManyAttempts(WhipstitchError):
    """Somebody guesses a password."""


class Attempts:
    """How often somebody tries to sign in; bounded in memory, as the rate limiter is."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._addresses = RateLimiter()
        self._accounts = RateLimiter()

    def allow(self, address: str, email: str) -> bool:
        """Counts one. False: there were too many, from this address or for this account."""
        now = self._clock()
        # Both are counted, whichever is over.
        of_address = self._addresses.allow(address, _TRIES, now)
        of_account = self._accounts.allow(email.strip().lower()[:200], _TRIES, now)
        return of_address and of_account


class Passwords:
    """Checks passwords, for as long as nobody seems to guess."""

    def __init__(self, registry: Registry, trusted_proxies: TrustedProxies) -> None:
        self._registry = registry
        self._trusted_proxies = trusted_proxies
        self._attempts = Attempts()
        self._checking = asyncio.Semaphore(_AT_ONCE)

    async def check(self, request: Request, email: str, password: str) -> User | None:
        """Whose password it is, None: nobody's.

        Raises:
            TooManyAttempts
        """
        peer = request.client.host if request.client else ""
        forwarded = ",".join(request.headers.getlist("x-forwarded-for")) or None
        address = client_ip(peer, forwarded, self._trusted_proxies)
        if not self._attempts.allow(address, email):
            raise TooManyAttempts("Too many attempts. Wait a minute, then try again.")
        async with self._checking:
            return await run_in_threadpool(self._registry.check_password, email, password)


class SigningIn:
    """The endpoints."""

    def __init__(
        self,
        registry: Registry,
        renderer: Renderer,
        passwords: Passwords,
        installation: Installation,
    ) -> None:
        self._registry = registry
        self._renderer = renderer
        self._passwords = passwords
        self._installation = installation

    async def home(self, request: Request) -> Response:
        """``/``: the first project's first board, or Live as long as there is nothing to show."""
        if await signed_in(request, self._registry) is None:
            return sign_in_first(request)
        projects = await run_in_threadpool(self._registry.list_projects)
        if not projects:
            return self._renderer.page(
                "error.html",
                {
                    "status": 200,
                    "message": "There is no project yet. Make one with "
                    "`whipstitch project create NAME`, then reload this page.",
                },
            )
        scope = Scope(projects[0].id, "live")
        return RedirectResponse(f"/p/{scope.project_id}/live/{await self._first_page(scope)}", 303)

    async def _first_page(self, scope: Scope) -> str:
        boards = await run_in_threadpool(self._registry.list_boards, scope)
        with suppress(StorageUnavailable):  # Live tells what the matter is
            if boards and await self._installation.has_events(scope):
                return f"{BOARD.slug}?id={boards[0].id}"
        return FIRST.slug

    async def form(self, request: Request) -> Response:
        """``GET /sign-in``."""
        if await signed_in(request, self._registry) is not None:
            return RedirectResponse(_local(request.query_params.get("next", "")), 303)
        return self._page(request.query_params.get("next", ""))

    async def sign_in(self, request: Request) -> Response:
        """``POST /sign-in``."""
        form = await read_form(request)
        back = form["next"]
        email = form["email"] if form["email"].isprintable() else ""
        try:
            user = await self._passwords.check(request, email, form["password"])
        except TooManyAttempts as error:
            return self._page(back, email, str(error), 429)
        if user is None:
            return self._page(back, email, _WRONG, 403)
        if before := request.cookies.get(COOKIE):
            await run_in_threadpool(self._registry.end_session, before)
        secret = await run_in_threadpool(self._registry.start_session, user.email)
        return with_session(request, RedirectResponse(_local(back), 303), secret)

    async def sign_out(self, visit: Visit) -> Response:
        """``POST …/sign-out``."""
        await run_in_threadpool(self._registry.end_session, visit.session.secret)
        response = RedirectResponse("/sign-in", 303)
        response.delete_cookie(COOKIE, httponly=True, samesite="lax")
        return response

    def _page(self, back: str, email: str = "", error: str = "", status: int = 200) -> Response:
        values = {"next": back, "email": email, "error": error}
        return self._renderer.page("sign_in.html", values, status)


def with_session(request: Request, response: Response, secret: str) -> Response:
    """The browser keeps the cookie longer than an unused session lasts: use prolongs that."""
    response.set_cookie(
        COOKIE,
        secret,
        max_age=int(LONGEST / timedelta(seconds=1)),
        httponly=True,
        samesite="lax",
        secure=is_https(request),
    )
    return response


def _local(path: str) -> str:
    """``path``, if it is one of ours, so that nobody is led elsewhere by a link to sign in."""
    plain = path.startswith("/p/") and "\\" not in path and path.isprintable()
    return path if plain else "/"
