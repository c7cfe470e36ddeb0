"""Who may ask: a request's bearer token and the project that it sees, or the session of somebody
who is signed in to the dashboard and the project that they look at."""

from dataclasses import dataclass
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request

from whipstitch.core.errors import RegistryError, RegistryUnavailable
from whipstitch.registry.store import Registry
from whipstitch.registry.values import Role, TokenHolder
from whipstitch.web.auth.sessions import (
    CSRF_HEADER,
    PROJECT_HEADER,
    SAFE_METHODS,
    SignedIn,
    signed_in,
)

_TOO_LOW: Final = {
    "editor": "This takes the role editor or admin",
    "admin": "This takes the role admin",
}
_RANKS: Final[dict[Role, int]] = {"viewer": 0, "editor": 1, "admin": 2}


@dataclass(frozen=True, slots=True)
class Reader:
    """Who asks: the project that is seen, and what may be done there."""

    project_id: str
    role: Role
    timezone: str
    """Where the project's days begin."""
    called: str
    """What lists call them."""
    id: str
    """By what they are told apart: the token's id, the user's address."""


async def known(request: Request, registry: Registry) -> TokenHolder | SignedIn:
    """Whose token a request has, or whose session; looked up once a request.

    Raises:
        HTTPException: nobody's (401), or that cannot be told now (503).
    """
    found: TokenHolder | SignedIn | None = getattr(request.state, "known", None)
    if found is None:
        try:
            found = request.state.known = await _look_up(request, registry)
        except RegistryUnavailable as error:
            raise HTTPException(503, str(error), {"retry-after": "5"}) from None
    return found


async def reader_of(request: Request, registry: Registry) -> Reader:
    """Who asks, and for which project.

    Raises:
        HTTPException: see ``known``; a session without the proof of a page of ours (403), or
            without a project (400, 404).
        RegistryUnavailable
    """
    found = await known(request, registry)
    return Reader(*found) if isinstance(found, TokenHolder) else await _of(found, request, registry)


def must_have(reader: Reader, least: Role) -> None:
    """Raises HTTPException (403) where the reader's role is lower."""
    if _RANKS[reader.role] < _RANKS[least]:
        raise HTTPException(403, _TOO_LOW[least])


async def _look_up(request: Request, registry: Registry) -> TokenHolder | SignedIn:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    found: TokenHolder | SignedIn | None
    if scheme.lower() != "bearer" or not token:
        found = await signed_in(request, registry)
        why = "Missing token: send `Authorization: Bearer TOKEN` (`whipstitch token create`)"
    else:
        found = await run_in_threadpool(registry.token_holder, token)
        why = "Invalid token"
    if found is None:
        raise HTTPException(401, why, {"www-authenticate": "Bearer"})
    return found


async def _of(session: SignedIn, request: Request, registry: Registry) -> Reader:
    sent = request.headers.get(CSRF_HEADER, "")
    if request.method not in SAFE_METHODS and not session.vouches_for(sent):
        raise HTTPException(403, f"Missing or wrong {CSRF_HEADER}: reload the page and try again")
    # Streams and downloads cannot send headers of their own.
    project = request.headers.get(PROJECT_HEADER) or request.query_params.get("project")
    if not project:
        raise HTTPException(400, f"{PROJECT_HEADER}: name the project")
    user = session.user
    try:
        found = await run_in_threadpool(registry.find_project, project)
    except RegistryUnavailable:
        raise
    except RegistryError:
        found = None
    if found is None or not user.sees(found):
        raise HTTPException(404, f"{PROJECT_HEADER}: there is no such project")
    return Reader(found.id, user.role, found.timezone, user.email, user.email)
