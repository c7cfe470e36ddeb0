"""``/api/v1/projects``: what an admin sets up, their own project and new ones."""

from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field

from whipstitch.core.projects import Environment, Project
from whipstitch.registry.store import Registry
from whipstitch.registry.values import KEEP, Key
from whipstitch.web.api import bodies
from whipstitch.web.api.errors import Refused
from whipstitch.web.auth.access import CurrentAdmin, Reader

router = APIRouter(prefix="/api/v1/projects", tags=["management"])

_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    400: {"model": Refused, "description": "It cannot be done so; `error` says why."},
    401: {"model": Refused, "description": "No token, or one that is not valid."},
    403: {"model": Refused, "description": "The token's role is not admin."},
    503: {"model": Refused, "description": "The registry does not answer."},
}
_ELSEWHERE: Final[dict[int | str, dict[str, Any]]] = {
    **_RESPONSES,
    404: {"model": Refused, "description": "The token sees no such project, or no such key in it."},
}

Domains = Annotated[
    list[str],
    Field(
        description="Web domains that may send; none: all may.",
        examples=[["example.com", "*.example.com", "localhost:3000"]],
        max_length=1000,
    ),
]
Addresses = Annotated[
    list[str],
    Field(
        description="Addresses and CIDR ranges that may send without a web page; none: all may.",
        examples=[["203.0.113.7", "10.0.0.0/8"]],
        max_length=1000,
    ),
]
RateLimit = Annotated[
    int | None,
    Field(description="Requests a minute and key; 0: no limit, null: the server's setting."),
]
TimeZone = Annotated[
    str, Field(description="IANA name; where the project's days begin.", examples=["Europe/Paris"])
]


class KeyShown(BaseModel):
    """An ingestion key. It only writes and ships inside apps and pages, so it is shown."""

    key_id: str
    key: Annotated[str, Field(examples=["sk_live_8f14e45fceea167a5a36dedd4bea2543"])]
    environment: Environment
    created_at: datetime
    revoked_at: datetime | None


class ProjectShown(BaseModel):
    """A project and its keys, revoked ones among them."""

    project_id: str
    name: str
    domains: Domains
    ips: Addresses
    rate_limit: RateLimit
    timezone: TimeZone
    keys: list[KeyShown]
    warnings: list[str] = []
    """What the settings let through that one may not expect."""


class ProjectsAnswer(BaseModel):
    ok: bool = True
    projects: list[ProjectShown]


class ProjectAnswer(BaseModel):
    ok: bool = True
    project: ProjectShown


class NewProjectAnswer(ProjectAnswer):
    """``token`` has the role admin in the new project. It is kept as a hash only: it cannot be
    shown again."""

    live_key: str
    test_key: str
    token: str


class KeyAnswer(BaseModel):
    ok: bool = True
    key: KeyShown


class NewProjectBody(bodies.StrictBody):
    """A project to be made."""

    name: Annotated[str, Field(examples=["Shop"])]
    timezone: TimeZone = "UTC"


class ProjectBody(bodies.StrictBody):
    """What is to change. What is left out stays."""

    name: str | None = None
    domains: Domains | None = None
    ips: Addresses | None = None
    rate_limit: RateLimit = None
    timezone: TimeZone | None = None


class KeyBody(bodies.StrictBody):
    """A key to be made."""

    environment: Environment


@router.get("", summary="The token's project", responses=_RESPONSES)
async def list_projects(request: Request, admin: CurrentAdmin) -> ProjectsAnswer:
    """A list of one: a token sees one project."""
    registry = _registry(request)
    project = await run_in_threadpool(registry.find_project, admin.project_id)
    return ProjectsAnswer(projects=[await _shown(registry, project)])


@router.post("", status_code=201, summary="Make a project", responses=_RESPONSES)
async def create_project(
    request: Request, _: CurrentAdmin, body: NewProjectBody
) -> NewProjectAnswer:
    """The token that asks does not see the new project: the answer has one that does, with the role
    admin, and the project's first keys."""
    registry = _registry(request)
    made = await run_in_threadpool(registry.create_project, body.name, body.timezone)
    token = await run_in_threadpool(registry.create_token, made.project.id, "admin")
    return NewProjectAnswer(
        project=await _shown(registry, made.project),
        live_key=made.live_key.key,
        test_key=made.test_key.key,
        token=token.secret,
    )


@router.patch("/{project_id}", summary="Set up a project", responses=_ELSEWHERE)
async def change_project(
    request: Request, admin: CurrentAdmin, project_id: str, body: ProjectBody
) -> ProjectAnswer:
    """Its name, who may send to it and how much, and where its days begin. Ingestion knows within
    2 seconds."""
    _check(admin, project_id)
    registry = _registry(request)
    given = {name: getattr(body, name) for name in body.model_fields_set}
    nothing = [name for name, value in given.items() if value is None and name != "rate_limit"]
    if nothing:
        raise HTTPException(400, f"{nothing[0]}: must not be null; leave out what is to stay")
    project = await run_in_threadpool(
        lambda: registry.set_project(
            project_id,
            **{
                name: given.get(name, KEEP)
                for name in ("name", "domains", "ips", "rate_limit", "timezone")
            },
        )
    )
    return ProjectAnswer(project=await _shown(registry, project))


@router.post(
    "/{project_id}/keys", status_code=201, summary="Make an ingestion key", responses=_ELSEWHERE
)
async def create_key(
    request: Request, admin: CurrentAdmin, project_id: str, body: KeyBody
) -> KeyAnswer:
    """Those before it stay valid."""
    _check(admin, project_id)
    key = await run_in_threadpool(_registry(request).create_key, project_id, body.environment)
    return KeyAnswer(key=_key(key))


@router.delete(
    "/{project_id}/keys/{key_id}", summary="Revoke an ingestion key", responses=_ELSEWHERE
)
async def revoke_key(
    request: Request, admin: CurrentAdmin, project_id: str, key_id: str
) -> KeyAnswer:
    """Within 2 seconds nobody can send with it any more."""
    _check(admin, project_id)
    registry = _registry(request)
    keys = await run_in_threadpool(registry.list_keys, project_id)
    if key_id not in {one.id for one in keys}:
        raise HTTPException(404, "The project has no such key")
    return KeyAnswer(key=_key(await run_in_threadpool(registry.revoke_key, key_id)))


def _registry(request: Request) -> Registry:
    registry: Registry = request.app.state.registry
    return registry


def _check(admin: Reader, project_id: str) -> None:
    if project_id != admin.project_id:
        raise HTTPException(404, "The token sees no such project")


async def _shown(registry: Registry, project: Project) -> ProjectShown:
    keys = await run_in_threadpool(registry.list_keys, project.id)
    return ProjectShown(
        project_id=project.id,
        name=project.name,
        domains=list(project.domains),
        ips=list(project.ips),
        rate_limit=project.rate_limit,
        timezone=project.timezone,
        keys=[_key(one) for one in keys],
        warnings=list(project.warnings),
    )


def _key(key: Key) -> KeyShown:
    return KeyShown(
        key_id=key.id,
        key=key.key,
        environment=key.environment,
        created_at=key.created_at,
        revoked_at=key.revoked_at,
    )
