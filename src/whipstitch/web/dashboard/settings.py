"""The settings: one page for each section, whose forms are posted back to it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, get_args

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from whipstitch.core.errors import (
    RegistryError,
    RegistryUnavailable,
    StorageError,
    StorageUnavailable,
)
from whipstitch.core.projects import Scope
from whipstitch.registry.values import Role
from whipstitch.web.dashboard.attempts import TooManyAttempts
from whipstitch.web.dashboard.installation import ServerStatus
from whipstitch.web.dashboard.pages import SETTINGS
from whipstitch.web.dashboard.passwords import Passwords
from whipstitch.web.dashboard.sending import sending
from whipstitch.web.dashboard.settings_forms import SettingsForms, Values
from whipstitch.web.dashboard.signing_in import with_session
from whipstitch.web.dashboard.visits import PageContext, PageGuard


@dataclass(frozen=True, slots=True)
class Section:
    """``slug`` names its template in ``settings/``; operators are admins of all projects."""

    slug: str
    title: str
    for_admins: bool = False
    for_operators: bool = False


SECTIONS: Final = (
    Section("snippets", "Send events"),
    Section("project", "Project", for_admins=True),
    Section("keys", "Keys", for_admins=True),
    Section("tokens", "Tokens", for_admins=True),
    Section("users", "Users", for_operators=True),
    Section("storage", "Storage"),
    Section("account", "Your account"),
)
_BY_SLUG: Final = {section.slug: section for section in SECTIONS}
_DONE: Final = {
    "saved": "Saved. It takes effect within two seconds.",
    "key": "The key is made. It works within two seconds.",
    "key-revoked": "The key is revoked. It stops working within two seconds.",
    "token-revoked": "The token is revoked.",
    "role": "The role is changed.",
    "user-deleted": "The user is deleted and signed out everywhere.",
    "password": "The password is changed. Your other sessions are signed out.",
}
_MOST_SET_ASIDE: Final = 100


class SettingsPages:
    """``GET`` and ``POST …/settings/SECTION``. A form's field ``do`` says what is to be done."""

    def __init__(self, guard: PageGuard, installation: ServerStatus, passwords: Passwords) -> None:
        self._guard = guard
        self._registry = guard.registry
        self._installation = installation
        self._passwords = passwords
        self._acts = SettingsForms(guard.registry, installation).acts
        self._contents: Mapping[str, Callable[[PageContext], Awaitable[Values]]] = {
            "snippets": self._keys,
            "keys": self._keys,
            "tokens": self._tokens,
            "users": self._users,
            "storage": self._storage,
        }

    async def first(self, visit: PageContext) -> Response:
        """``…/settings``"""
        return RedirectResponse(visit.address(f"settings/{SECTIONS[0].slug}"), 303)

    async def show(self, visit: PageContext) -> Response:
        section = self._section(visit)
        return await self._page(visit, section, done=visit.request.query_params.get("done", ""))

    async def change(self, visit: PageContext) -> Response:
        section = self._section(visit)
        if section.slug == "account":
            return await self._change_password(visit, section)
        visit.must_be_admin()
        act = self._acts.get((section.slug, visit.form["do"]))
        if act is None:
            raise HTTPException(400, "This form is out of date: reload the page and try again.")
        try:
            done = await act(visit)
        except (RegistryUnavailable, StorageUnavailable):
            raise
        except (RegistryError, StorageError) as error:
            return await self._page(visit, section, status=400, error=str(error), form=visit.form)
        if isinstance(done, Response):
            return done
        if isinstance(done, str):
            return RedirectResponse(visit.address(f"settings/{section.slug}?done={done}"), 303)
        # What can be shown only once is shown in the answer itself.
        return await self._page(visit, section, **done)

    def _section(self, visit: PageContext) -> Section:
        section = _BY_SLUG.get(visit.request.path_params["section"])
        if section is None:
            raise HTTPException(404, "There is no such page.")
        if section.for_admins:
            visit.must_be_admin()
        if section.for_operators:
            visit.must_be_operator()
        return section

    async def _page(
        self, visit: PageContext, section: Section, status: int = 200, **values: Any
    ) -> Response:
        contents = self._contents.get(section.slug)
        known: dict[str, Any] = {"error": "", "done": "", "form": visit.form, "made": None}
        known |= values
        known["done"] = _DONE.get(known["done"], known["done"] if "made" in values else "")
        known |= await contents(visit) if contents else {}
        sections = [
            one
            for one in SECTIONS
            if (visit.is_admin or not one.for_admins)
            and (visit.is_operator or not one.for_operators)
        ]
        return self._guard.show(
            visit,
            f"settings/{section.slug}.html",
            SETTINGS,
            status,
            section=section,
            sections=sections,
            roles=get_args(Role),
            **known,
        )

    # What the sections show

    async def _keys(self, visit: PageContext) -> Values:
        return {"sending": await sending(self._registry, visit)}

    async def _tokens(self, visit: PageContext) -> Values:
        return {"tokens": await run_in_threadpool(self._registry.list_tokens, visit.project.id)}

    async def _users(self, _visit: PageContext) -> Values:
        return {"users": await run_in_threadpool(self._registry.list_users)}

    async def _storage(self, visit: PageContext) -> Values:
        installation = self._installation
        backlog, oldest = installation.backlog()
        values: dict[str, Any] = {
            "places": installation.places(),
            "backlog": backlog,
            "oldest": oldest,
            "problems": installation.problems(),
            "tables": [],
            "events": None,
            "set_aside": [],
            "all_set_aside": 0,
        }
        try:
            values["tables"] = await installation.tables()
            scope = Scope(visit.project.id, visit.environment)
            values["events"] = await installation.events(scope)
            values["set_aside"] = await installation.set_aside(visit.project.id, _MOST_SET_ASIDE)
            values["all_set_aside"] = await installation.count_set_aside()
        except StorageError as error:
            values["problems"] = [*values["problems"], str(error)]
        return values

    async def _change_password(self, visit: PageContext, section: Section) -> Response:
        email, form = visit.session.user.email, visit.form
        try:
            if not await self._passwords.check_own(visit.session, form["current"]):
                raise RegistryError("The current password is not right.")
            if form["new"] != form["again"]:
                raise RegistryError("The new password and its repetition differ.")
            await run_in_threadpool(self._registry.set_password, email, form["new"])
        except RegistryUnavailable:
            raise
        except (RegistryError, TooManyAttempts) as error:
            return await self._page(visit, section, status=400, error=str(error))
        secret = await run_in_threadpool(self._registry.start_session, email)
        response = RedirectResponse(visit.address("settings/account?done=password"), 303)
        await self._passwords.remember(visit.request, response, email)
        return with_session(visit.request, response, secret)
