"""``/api/v1/projects``: what an admin sets up, their own project and new ones."""

from datetime import datetime
from typing import Annotated, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType
from starlette.concurrency import run_in_threadpool

from whipstitch.core.projects import Environment, Malformed, Project, Repeats
from whipstitch.registry.store import Registry
from whipstitch.registry.values import Key
from whipstitch.web.api.asking import Asking, not_found
from whipstitch.web.api.bodies import StrictBody
from whipstitch.web.api.endpoints import Refusals, Routes
from whipstitch.web.auth.access import Reader

routes = Routes("/api/v1/projects", "management", who="admin")

_REFUSALS: Final[Refusals] = {400: "It cannot be done so; `error` says why."}
_ELSEWHERE: Final[Refusals] = {
    **_REFUSALS,
    404: "The token sees no such project, or no such key in it.",
}

Domains = Annotated[
    list[str],
    Meta(
        description="Web domains that may send; none: all may.",
        examples=[["example.com", "*.example.com", "localhost:3000"]],
        max_length=1000,
    ),
]
Addresses = Annotated[
    list[str],
    Meta(
        description="Addresses and CIDR ranges that may send without a web page; none: all may.",
        examples=[["203.0.113.7", "10.0.0.0/8"]],
        max_length=1000,
    ),
]
RateLimit = Annotated[
    int | None,
    Meta(description="Requests a minute and key; 0: no limit, null: the server's setting."),
]
AddressRateLimit = Annotated[
    int | None,
    Meta(
        description="Requests a minute of one key from one address, besides `rate_limit`; 0: no "
        "limit, null: the server's setting."
    ),
]
WhenMalformed = Annotated[
    Malformed,
    Meta(
        description="What becomes of a batch with an operation of the wrong shape: all of it is "
        "refused, or that operation is dropped."
    ),
]
WhenRepeated = Annotated[
    Repeats,
    Meta(
        description="What becomes of an operation without an id that repeats, byte for byte, one "
        "of another request within `deduplication_days`: it is stored again, or dropped."
    ),
]
TimeZone = Annotated[
    str, Meta(description="IANA name; where the project's days begin.", examples=["Europe/Paris"])
]


class KeyShown(msgspec.Struct, kw_only=True):
    """An ingestion key. It only writes and ships inside apps and pages, so it is shown."""

    key_id: str
    key: Annotated[str, Meta(examples=["sk_live_8f14e45fceea167a5a36dedd4bea2543"])]
    environment: Environment
    created_at: datetime
    revoked_at: datetime | None


class ProjectShown(msgspec.Struct, kw_only=True):
    """A project and its keys, revoked ones among them."""

    project_id: str
    name: str
    domains: Domains
    ips: Addresses
    rate_limit: RateLimit
    timezone: TimeZone
    malformed: WhenMalformed
    address_rate_limit: AddressRateLimit
    repeats: WhenRepeated
    keys: list[KeyShown]
    warnings: list[str] = msgspec.field(default_factory=list)
    """What the settings let through that one may not expect."""


class ProjectsAnswer(msgspec.Struct, kw_only=True):
    ok: bool = True
    projects: list[ProjectShown]


class ProjectAnswer(msgspec.Struct, kw_only=True):
    ok: bool = True
    project: ProjectShown


class NewProjectAnswer(ProjectAnswer, kw_only=True):
    """``token`` has the role admin in the new project. It is kept as a hash only: it cannot be
    shown again."""

    live_key: str
    test_key: str
    token: str


class KeyAnswer(msgspec.Struct, kw_only=True):
    ok: bool = True
    key: KeyShown


class NewProjectBody(StrictBody, kw_only=True):
    """A project to be made."""

    name: Annotated[str, Meta(examples=["Shop"])]
    timezone: TimeZone = "UTC"


class ProjectBody(StrictBody, kw_only=True):
    """What is to change. What is left out stays."""

    name: str | UnsetType = UNSET
    domains: Domains | UnsetType = UNSET
    ips: Addresses | UnsetType = UNSET
    rate_limit: RateLimit | UnsetType = UNSET
    timezone: TimeZone | UnsetType = UNSET
    malformed: WhenMalformed | UnsetType = UNSET
    address_rate_limit: AddressRateLimit | UnsetType = UNSET
    repeats: WhenRepeated | UnsetType = UNSET


class KeyBody(StrictBody, kw_only=True):
    """A key to be made."""

    environment: Environment


class OneProject(msgspec.Struct, kw_only=True):
    """A project."""

    project_id: str


class OneKey(OneProject, kw_only=True):
    """A key of a project."""

    key_id: str


@routes.add("GET", "", "The token's project")
async def list_projects(asking: Asking) -> ProjectsAnswer:
    """A list of one: a token sees one project."""
    project = await run_in_threadpool(asking.registry.find_project, asking.reader.project_id)
    return ProjectsAnswer(projects=[await _shown(asking.registry, project)])


@routes.add("POST", "", "Make a project", status=201, refusals=_REFUSALS)
async def create_project(asking: Asking, body: NewProjectBody) -> NewProjectAnswer:
    """The token that asks does not see the new project: the answer has one that does, with the role
    admin, and the project's first keys."""
    registry = asking.registry
    made = await run_in_threadpool(registry.create_project, body.name, body.timezone)
    token = await run_in_threadpool(registry.create_token, made.project.id, "admin")
    return NewProjectAnswer(
        project=await _shown(registry, made.project),
        live_key=made.live_key.key,
        test_key=made.test_key.key,
        token=token.secret,
    )


@routes.add("PATCH", "/{project_id}", "Set up a project", refusals=_ELSEWHERE)
async def change_project(asking: Asking, sent: OneProject, body: ProjectBody) -> ProjectAnswer:
    """Its name, who may send to it and how much, and where its days begin. Ingestion knows within
    2 seconds."""
    _check(asking.reader, sent.project_id)
    registry = asking.registry
    project = await run_in_threadpool(
        lambda: registry.set_project(
            sent.project_id,
            name=body.name,
            domains=body.domains,
            ips=body.ips,
            rate_limit=body.rate_limit,
            timezone=body.timezone,
            malformed=body.malformed,
            address_rate_limit=body.address_rate_limit,
            repeats=body.repeats,
        )
    )
    return ProjectAnswer(project=await _shown(registry, project))


@routes.add("POST", "/{project_id}/keys", "Make an ingestion key", status=201, refusals=_ELSEWHERE)
async def create_key(asking: Asking, sent: OneProject, body: KeyBody) -> KeyAnswer:
    """Those before it stay valid."""
    _check(asking.reader, sent.project_id)
    create = asking.registry.create_key
    return KeyAnswer(key=_key(await run_in_threadpool(create, sent.project_id, body.environment)))


@routes.add("DELETE", "/{project_id}/keys/{key_id}", "Revoke an ingestion key", refusals=_ELSEWHERE)
async def revoke_key(asking: Asking, sent: OneKey) -> KeyAnswer:
    """Within 2 seconds nobody can send with it any more."""
    _check(asking.reader, sent.project_id)
    registry = asking.registry
    keys = await run_in_threadpool(registry.list_keys, sent.project_id)
    if sent.key_id not in {one.id for one in keys}:
        raise not_found("The project has no such key")
    return KeyAnswer(key=_key(await run_in_threadpool(registry.revoke_key, sent.key_id)))


def _check(admin: Reader, project_id: str) -> None:
    if project_id != admin.project_id:
        raise not_found("The token sees no such project")


async def _shown(registry: Registry, project: Project) -> ProjectShown:
    keys = await run_in_threadpool(registry.list_keys, project.id)
    return ProjectShown(
        project_id=project.id,
        name=project.name,
        domains=list(project.domains),
        ips=list(project.ips),
        rate_limit=project.rate_limit,
        timezone=project.timezone,
        malformed=project.malformed,
        address_rate_limit=project.address_rate_limit,
        repeats=project.repeats,
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
