"""Who may read: the bearer token of a request, and the project that it sees."""

from typing import Annotated, Protocol

from fastapi import Depends, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from whipstitch.registry.store import Registry
from whipstitch.registry.values import Role


class Reader(Protocol):
    """Who asks: the project that the token sees, and what it may do there."""

    project_id: str
    role: Role


class _Holder:
    def __init__(self, project_id: str, role: Role) -> None:
        self.project_id = project_id
        self.role = role


_bearer = HTTPBearer(auto_error=False, description="A token made by `whipstitch token create`.")


async def _reader(
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Reader:
    if credentials is None:
        raise HTTPException(
            401,
            "Missing token: send `Authorization: Bearer TOKEN` (`whipstitch token create`)",
            {"www-authenticate": "Bearer"},
        )
    registry: Registry = request.app.state.registry
    holder = await run_in_threadpool(registry.token_holder, credentials.credentials)
    if holder is None:
        raise HTTPException(401, "Invalid token", {"www-authenticate": "Bearer"})
    return _Holder(*holder)


CurrentReader = Annotated[Reader, Depends(_reader)]


async def _editor(reader: CurrentReader) -> Reader:
    if reader.role == "viewer":
        raise HTTPException(403, "This takes a token with the role editor or admin")
    return reader


CurrentEditor = Annotated[Reader, Depends(_editor)]
