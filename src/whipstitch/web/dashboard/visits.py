"""Who looks at what: the session and the project of a request, and the ways it can end."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, get_args
from urllib.parse import quote

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from whipstitch.core.errors import RegistryUnavailable, StorageUnavailable
from whipstitch.core.projects import Environment, Project
from whipstitch.registry.store import Registry
from whipstitch.registry.values import User
from whipstitch.web.auth.browser_policy import is_from_here, secure
from whipstitch.web.auth.sessions import SAFE_METHODS, SignedIn, signed_in
from whipstitch.web.dashboard.forms import Form, InvalidForm, read_form
from whipstitch.web.dashboard.pages import NAVIGATION, Page
from whipstitch.web.dashboard.rendering import Renderer

log = structlog.get_logger(__name__)

Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class PageContext:
    """A request of somebody who is signed in, for one environment of a project. ``form`` is what
    they posted, proven to come from a page of theirs; ``projects`` are all that they see."""

    request: Request
    session: SignedIn
    project: Project
    environment: Environment
    projects: list[Project]
    form: Form

    def address(self, path: str) -> str:
        """Of a page of the same project and environment."""
        return f"/p/{self.project.id}/{self.environment}/{path}"

    @property
    def is_admin(self) -> bool:
        return self.session.user.role == "admin"

    @property
    def is_operator(self) -> bool:
        return self.session.user.is_operator

    def must_be_operator(self) -> None:
        if not self.is_operator:
            raise HTTPException(403, "This takes an admin of all projects: ask one of yours.")

    def must_be_admin(self) -> None:
        if not self.is_admin:
            raise HTTPException(403, "This takes the role admin: ask an admin of yours.")


class PageGuard:
    """Lets requests in to pages."""

    def __init__(self, registry: Registry, renderer: Renderer) -> None:
        self.registry = registry
        self._renderer = renderer

    def open(self, answer: Endpoint) -> Endpoint:
        """A page for everybody: its answers secured, its errors told as a page."""

        async def handle(request: Request) -> Response:
            return secure(await self._answer(request, answer))

        return handle

    def visit(self, answer: Callable[[PageContext], Awaitable[Response]]) -> Endpoint:
        """A page for those who are signed in; the others sign in first."""

        async def handle(request: Request) -> Response:
            session = await signed_in(request, self.registry)
            if session is None:
                return sign_in_first(request)
            return await answer(await self._visit(request, session))

        return self.open(handle)

    def show(
        self, visit: PageContext, template: str, page: Page, status: int = 200, **values: Any
    ) -> Response:
        """A page of a project."""
        known = {
            "visit": visit,
            "page": page,
            "navigation": NAVIGATION,
            "environments": get_args(Environment),
            "csrf_token": visit.session.csrf_token,
        }
        return self._renderer.page(template, known | values, status)

    async def _visit(self, request: Request, session: SignedIn) -> PageContext:
        form = Form()
        if request.method not in SAFE_METHODS:
            form = await read_form(request)
            if not session.vouches_for(form["csrf_token"]):
                raise HTTPException(403, "This form is out of date: reload the page and try again.")
        projects = await projects_of(session.user, self.registry)
        wanted = request.path_params["project"]
        project = next((one for one in projects if one.id == wanted), None)
        environment = request.path_params["environment"]
        if project is None or environment not in get_args(Environment):
            raise HTTPException(404, "There is no such project.")
        return PageContext(request, session, project, environment, projects, form)

    async def _answer(self, request: Request, answer: Endpoint) -> Response:
        try:
            if request.method not in SAFE_METHODS and not is_from_here(request):
                raise HTTPException(403, "This form was sent by another site, so it is not done.")
            return await answer(request)
        except HTTPException as error:
            return self._failed(error.status_code, error.detail)
        except InvalidForm as error:
            return self._failed(400, str(error))
        except (RegistryUnavailable, StorageUnavailable) as error:
            return self._failed(503, str(error))
        except Exception:
            log.exception("page_failed", path=request.url.path)
            return self._failed(500, "Something failed here: the server's log says more.")

    def _failed(self, status: int, message: str) -> Response:
        return self._renderer.page("error.html", {"status": status, "message": message}, status)


async def projects_of(user: User, registry: Registry) -> list[Project]:
    """All that somebody sees."""
    return [one for one in await run_in_threadpool(registry.list_projects) if user.sees(one)]


def sign_in_first(request: Request) -> Response:
    if request.method not in SAFE_METHODS:
        return RedirectResponse("/sign-in", 303)
    back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/sign-in?next={quote(back)}" if back != "/" else "/sign-in", 303)
