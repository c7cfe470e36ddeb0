"""What the forms of the settings do."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, get_args

from msgspec import UNSET
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from whipstitch.core.errors import RegistryError
from whipstitch.core.projects import Environment
from whipstitch.registry.store import Registry
from whipstitch.registry.values import Role
from whipstitch.web.dashboard.installation import ServerStatus
from whipstitch.web.dashboard.visits import PageContext

Values = Mapping[str, Any]
"""What a page is made of."""
Act = Callable[[PageContext], Awaitable[str | Values | Response]]
"""Does what a form says. Returns what is told of it on the page that the browser is sent to, or
what the answer itself shows, since it can be shown only once.

Raises: RegistryError, StorageError: it cannot be done; the text says why."""


class SettingsForms:
    """``acts``: by section, and by the form's field ``do``."""

    def __init__(self, registry: Registry, installation: ServerStatus) -> None:
        self._registry = registry
        self._installation = installation
        self.acts: Mapping[tuple[str, str], Act] = {
            ("project", "save"): self._save_project,
            ("project", "create"): self._create_project,
            ("keys", "create"): self._create_key,
            ("keys", "revoke"): self._revoke_key,
            ("tokens", "create"): self._create_token,
            ("tokens", "revoke"): self._revoke_token,
            ("users", "create"): self._invite_user,
            ("users", "role"): self._set_role,
            ("users", "delete"): self._delete_user,
            ("storage", "replay"): self._replay,
        }

    async def _save_project(self, visit: PageContext) -> str:
        form = visit.form
        await run_in_threadpool(
            self._registry.set_project,
            visit.project.id,
            name=form["name"],
            domains=form["domains"].replace(",", "\n").splitlines(),
            ips=form["ips"].replace(",", "\n").splitlines(),
            rate_limit=_limit(form["rate_limit"]),
            timezone=form["timezone"].strip(),
            malformed=form["malformed"] or UNSET,
            address_rate_limit=_limit(form["address_rate_limit"]),
            repeats=form["repeats"] or UNSET,
        )
        return "saved"

    async def _create_project(self, visit: PageContext) -> Response:
        visit.must_be_operator()
        made = await run_in_threadpool(self._registry.create_project, visit.form["new_name"])
        return RedirectResponse(f"/p/{made.project.id}/live/settings/snippets", 303)

    async def _create_key(self, visit: PageContext) -> str:
        environment: Environment = "test" if visit.form["environment"] == "test" else "live"
        await run_in_threadpool(self._registry.create_key, visit.project.id, environment)
        return "key"

    async def _revoke_key(self, visit: PageContext) -> str:
        keys = await run_in_threadpool(self._registry.list_keys, visit.project.id)
        if visit.form["id"] not in {key.id for key in keys}:
            raise RegistryError("This project has no such key: reload the page.")
        await run_in_threadpool(self._registry.revoke_key, visit.form["id"])
        return "key-revoked"

    async def _create_token(self, visit: PageContext) -> Values:
        name = visit.form["name"].strip() or None
        made = await run_in_threadpool(
            self._registry.create_token, visit.project.id, _role(visit), name
        )
        return {"made": made}

    async def _revoke_token(self, visit: PageContext) -> str:
        tokens = await run_in_threadpool(self._registry.list_tokens, visit.project.id)
        if visit.form["id"] not in {token.id for token in tokens}:
            raise RegistryError("This project has no such token: reload the page.")
        await run_in_threadpool(self._registry.revoke_token, visit.form["id"])
        return "token-revoked"

    async def _invite_user(self, visit: PageContext) -> Values:
        made = await run_in_threadpool(
            self._registry.invite_user,
            visit.form["email"],
            _role(visit),
            visit.form["project"] or None,
        )
        return {"made": made}

    async def _set_role(self, visit: PageContext) -> str:
        await run_in_threadpool(self._registry.set_role, visit.form["email"], _role(visit))
        return "role"

    async def _delete_user(self, visit: PageContext) -> str:
        if visit.form["email"] == visit.session.user.email:
            raise RegistryError("You cannot delete yourself: ask another admin.")
        await run_in_threadpool(self._registry.delete_user, visit.form["email"])
        return "user-deleted"

    async def _replay(self, visit: PageContext) -> Values:
        visit.must_be_operator()
        rows = await self._installation.replay()
        return {"made": rows, "done": f"{rows} rows are on their way; what is refused comes back."}


def _limit(text: str) -> int | None:
    text = text.strip()
    if text and not text.isdecimal():
        raise RegistryError("A rate limit is a whole number of requests a minute, or empty.")
    return int(text[:20]) if text else None


def _role(visit: PageContext) -> Role:
    roles: tuple[Role, ...] = get_args(Role)
    for role in roles:
        if role == visit.form["role"]:
            return role
    raise RegistryError("Choose a role: viewer, editor or admin.")
