"""Fixtures for tests in a browser: each module has a ``server`` to look at, of its own or a project
of its own on that of all."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser
from tests.support.browser import DESK, Dashboard, chromium
from tests.support.server import Server


@pytest.fixture(scope="session")
def everybodys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for modules that need no settings: ``everybodys.in_new_project("Boards")``. Who
    changes what projects share (users, settings) has a server of their own."""
    environment = {"RATE_LIMIT": "0"}
    with Server(tmp_path_factory.mktemp("shared") / "data", environment=environment) as running:
        yield running


class _Kept:
    """The browser of a process, from the first test that looks at it until the tests here are over:
    as long as it runs, no test can have an event loop of its own."""

    def __init__(self) -> None:
        self._running: Browser | None = None
        self._stack = ExitStack()

    def running(self) -> Browser:
        if self._running is None:
            self._running = self._stack.enter_context(chromium())
        return self._running

    def close(self) -> None:
        self._running = None
        self._stack.close()


_kept = _Kept()


@pytest.fixture(scope="module")
def browser() -> Browser:
    return _kept.running()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    if nextitem is None or nextitem.path.parent != item.path.parent:
        _kept.close()


@pytest.fixture(scope="module")
def signed_in(browser: Browser, server: Server) -> Iterator[Dashboard]:
    dashboard = Dashboard(browser, server)
    dashboard.sign_in()
    yield dashboard
    dashboard.context.close()


@pytest.fixture
def dashboard(signed_in: Dashboard) -> Iterator[Dashboard]:
    """On a wide screen; whatever a test does, nothing may fail in the console or leave the host."""
    yield signed_in
    signed_in.page.set_viewport_size(DESK)  # type: ignore[arg-type]
    complaints, signed_in.complaints = signed_in.complaints, []
    assert complaints == []
