"""``/api/v1/projects``: what an admin sets up, their own project and new ones."""

from typing import Final

from starlette.concurrency import run_in_threadpool

from whipstitch.core.projects import Project
from whipstitch.registry.store import Registry
from whipstitch.registry.values import Key
from whipstitch.web.api.asking import Asking, not_found
from whipstitch.web.api.endpoints import Refusals, Routes
from whipstitch.web.api.project_bodies import (
    KeyAnswer,
    KeyBody,
    KeyShown,
    NewProjectAnswer,
    NewProjectBody,
    OneKey,
    OneProject,
    ProjectAnswer,
    ProjectBody,
    ProjectsAnswer,
    ProjectShown,
)
from whipstitch.web.auth.access import Reader

routes = Routes("/api/v1/projects", "management", who="admin")

_REFUSALS: Final[Refusals] = {400: "It cannot be done so; `error` says why."}
_ELSEWHERE: Final[Refusals] = {
    **_REFUSALS,
    404: "The token sees no such project, or no such key in it.",
}


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
