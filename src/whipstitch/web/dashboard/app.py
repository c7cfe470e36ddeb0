"""The dashboard's addresses."""

from collections.abc import Awaitable, Callable

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from whipstitch.core.addresses import TrustedProxies
from whipstitch.registry.store import Registry
from whipstitch.web.auth.browser_policy import secure
from whipstitch.web.dashboard.installation import ServerStatus
from whipstitch.web.dashboard.live import Trouble
from whipstitch.web.dashboard.pages import PAGES, Page
from whipstitch.web.dashboard.passwords import Passwords
from whipstitch.web.dashboard.rendering import Renderer
from whipstitch.web.dashboard.sending import sending
from whipstitch.web.dashboard.settings import SettingsPages
from whipstitch.web.dashboard.signing_in import SigningIn
from whipstitch.web.dashboard.visits import PageContext, PageGuard

_PLACE = "/p/{project}/{environment}"


def routes(
    registry: Registry, installation: ServerStatus, trusted_proxies: TrustedProxies
) -> list[BaseRoute]:
    """Everything but the query API, which the pages ask for what they show."""
    renderer = Renderer(installation.places)
    guard = PageGuard(registry, renderer)
    passwords = Passwords(registry, trusted_proxies)
    signing_in = SigningIn(registry, renderer, passwords, installation)
    settings = SettingsPages(guard, installation, passwords)

    async def static(request: Request) -> Response:
        return secure(await renderer.static(request))

    def showing(page: Page) -> Callable[[PageContext], Awaitable[Response]]:
        async def show(visit: PageContext) -> Response:
            known = await sending(registry, visit)
            return guard.show(visit, f"{page.slug}.html", page, sending=known)

        return show

    async def nothing(_request: Request) -> Response:
        raise HTTPException(404, "There is no such page.")

    return [
        Route("/", guard.open(signing_in.home)),
        Route("/sign-in", guard.open(signing_in.form), methods=["GET"]),
        Route("/sign-in", guard.open(signing_in.sign_in), methods=["POST"]),
        Route("/static/{hash}/{name}", static),
        Route(f"{_PLACE}/sign-out", guard.visit(signing_in.sign_out), methods=["POST"]),
        Route(f"{_PLACE}/trouble", guard.visit(Trouble(installation).answer)),
        Route(f"{_PLACE}/settings", guard.visit(settings.first)),
        Route(f"{_PLACE}/settings/{{section}}", guard.visit(settings.show), methods=["GET"]),
        Route(f"{_PLACE}/settings/{{section}}", guard.visit(settings.change), methods=["POST"]),
        *(Route(f"{_PLACE}/{page.slug}", guard.visit(showing(page))) for page in PAGES),
        Route("/p/{path:path}", guard.open(nothing)),
    ]
