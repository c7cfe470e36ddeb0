"""Signing in and out."""

from contextlib import suppress
from datetime import timedelta
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from whipstitch.core.errors import StorageUnavailable
from whipstitch.core.projects import Scope
from whipstitch.registry.sessions import LONGEST
from whipstitch.registry.store import Registry
from whipstitch.web.auth.browser_policy import is_https
from whipstitch.web.auth.sessions import COOKIE, signed_in
from whipstitch.web.dashboard.attempts import TooManyAttempts
from whipstitch.web.dashboard.forms import read_form
from whipstitch.web.dashboard.installation import ServerStatus
from whipstitch.web.dashboard.pages import BOARD, FIRST
from whipstitch.web.dashboard.passwords import Passwords
from whipstitch.web.dashboard.rendering import Renderer
from whipstitch.web.dashboard.visits import PageContext, projects_of, sign_in_first

_WRONG: Final = "E-mail address or password are not right."


class SigningIn:
    """The endpoints."""

    def __init__(
        self,
        registry: Registry,
        renderer: Renderer,
        passwords: Passwords,
        installation: ServerStatus,
    ) -> None:
        self._registry = registry
        self._renderer = renderer
        self._passwords = passwords
        self._installation = installation

    async def home(self, request: Request) -> Response:
        """``/``: the first project's first board, or Live as long as there is nothing to show."""
        session = await signed_in(request, self._registry)
        if session is None:
            return sign_in_first(request)
        projects = await projects_of(session.user, self._registry)
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
            refused = self._page(back, email, str(error), 429)
            refused.headers["retry-after"] = str(error.seconds)
            return refused
        if user is None:
            return self._page(back, email, _WRONG, 403)
        if before := request.cookies.get(COOKIE):
            await run_in_threadpool(self._registry.end_session, before)
        secret = await run_in_threadpool(self._registry.start_session, user.email)
        response = with_session(request, RedirectResponse(_local(back), 303), secret)
        await self._passwords.remember(request, response, user.email)
        return response

    async def sign_out(self, visit: PageContext) -> Response:
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
