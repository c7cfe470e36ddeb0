"""A real browser, signed in to a running server's dashboard."""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import files
from typing import Any, Final, Literal, cast
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    expect,
    sync_playwright,
)
from tests.support.server import Server

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 800}
HOSTILE = "\"'><img src=x onerror=\"document.title='run'\"><script>document.title='run'</script>"
"""A name or a value that is up to no good wherever it is not taken as text."""
_SCHEMES: Final[Mapping[Literal["light", "dark"], str]] = {
    "light": "{resultTypes: ['violations']}",
    "dark": "{resultTypes: ['violations'], runOnly: ['color-contrast']}",
}
"""With what axe-core is to look for."""
_SERIOUS = ("serious", "critical")
# A machine that is busy with something else is no fault of a page.
_PATIENCE_MS: Final = 30_000
expect.set_options(timeout=_PATIENCE_MS)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's, without a window: the one that cannot have one, if there, takes a third less."""
    executable = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    assert executable, "these tests need chromium (Debian: apt-get install chromium-headless-shell)"
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=arguments)
        try:
            yield browser
        finally:
            browser.close()


class Dashboard:
    """Somebody in front of a dashboard. ``complaints`` are errors that the browser's console shows
    and requests that leave the server's host; a test that knows of some takes them out."""

    def __init__(self, browser: Browser, server: Server) -> None:
        self.server = server
        self.complaints: list[str] = []
        self.context: BrowserContext = browser.new_context(
            base_url=server.url,
            viewport=cast(Any, DESK),
            locale="en-GB",
            timezone_id="UTC",
            reduced_motion="reduce",  # what moves while a test waits keeps a core busy
        )
        self.context.grant_permissions(["clipboard-read", "clipboard-write"])
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(_PATIENCE_MS)
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))
        self.page.on("request", self._requested)

    def sign_in(self, email: str = "", password: str = "") -> None:
        """As somebody, by default the account of the first run; to whatever page comes first."""
        made = self.server.printed["first_run"]
        self.page.goto("/")
        self.page.get_by_label("E-mail").fill(email or made["email"])
        self.page.get_by_label("Password").fill(password or made["password"])
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url("**/p/**")

    def go(self, path: str, environment: str = "live") -> Page:
        """To a page of the project, shown when nothing is loading any more."""
        self.page.goto(f"/p/{self.server.project_id}/{environment}/{path}")
        self.settle()
        return self.page

    def settle(self) -> None:
        expect(self.page.locator("[aria-busy], main .skeleton")).to_have_count(0)

    def violations(self) -> list[str]:
        """What axe-core finds serious on the page as it is: all of its rules in light, those of
        colours in dark, where nothing else differs."""
        axe = (files("axe_playwright_python") / "axe.min.js").read_text()
        self.page.evaluate(f"(() => {{ {axe}\n; window.axe = axe; }})()")
        found = []
        for scheme, rules in _SCHEMES.items():
            self.page.emulate_media(color_scheme=scheme)
            for one in self.page.evaluate(f"axe.run({rules})")["violations"]:
                if one["impact"] in _SERIOUS:
                    told = f"{scheme}: {one['id']}: {one['help']}"
                    found += [f"{told}: {node['html'][:200]}" for node in one["nodes"]]
        self.page.emulate_media(color_scheme="light")
        return found

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(f"console: {message.text}")

    def _requested(self, request: Request) -> None:
        parts = urlsplit(request.url)
        here = urlsplit(self.server.url).netloc
        if parts.scheme not in ("data", "blob") and parts.netloc != here:
            self.complaints.append(f"left the host: {request.url}")


def suggestions(page: Page) -> Locator:
    """What the field that has the focus suggests."""
    return page.locator("li[role=option]:visible")


def choose(page: Page, field: str, text: str, option: str) -> None:
    """Types ``text`` into a field that suggests, and takes an option by its name."""
    page.get_by_role("combobox", name=field, exact=True).first.click()
    page.keyboard.type(text)
    suggestions(page).filter(has=page.get_by_text(option, exact=True)).first.click()


def sideways(page: Page) -> int:
    """How far the page, wider than the screen, can be pushed to the side."""
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))
